//! Whom keyless signatures and log entries are traced to: a Sigstore trusted root (Fulcio's
//! certificate authorities, transparency logs, certificate logs, timestamp authorities).
//!
//! It is read from a file that the user names, or it is the public-good one that is built in.
//! Nothing here asks a network.

use sigstore_trust_root::{SIGSTORE_PRODUCTION_TRUSTED_ROOT, TransparencyLog, TsaAuthority};
use sigstore_types::Sha256Hash;
use sigstore_verify::{VerificationResult, Verifier};

use crate::artifact::Artifact;
use crate::fault::Cause;
use crate::key::{KeyError, PublicKey};
use crate::provider;

/// A trusted root larger than this is not read: the public ones measure less than 20 KiB.
pub const TRUSTED_ROOT_BYTES_MAX: usize = 1 << 20;
/// The authorities and logs of each kind that are looked at.
const AUTHORITIES_MAX: usize = 64;

/// What signatures are traced to.
pub struct TrustedRoot {
    verifier: Verifier,
    pub(crate) logs: Vec<LogKey>,
    pub(crate) stampers: Vec<TsaAuthority>,
    /// How often something was traced to it.
    #[cfg(test)]
    pub(crate) asked: std::sync::atomic::AtomicUsize,
}

/// A transparency log.
pub(crate) struct LogKey {
    pub(crate) id: Vec<u8>,
    pub(crate) key: PublicKey,
    /// From and until when what it signs is trusted, in seconds.
    times: (i64, Option<i64>),
}

/// Why a trusted root cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TrustError {
    /// Longer than any.
    #[error("trusted root has {0} bytes, and {TRUSTED_ROOT_BYTES_MAX} are read")]
    TooLarge(usize),
    /// No text.
    #[error("trusted root is not UTF-8")]
    Text(#[source] std::str::Utf8Error),
    /// Not JSON of that shape.
    #[error("trusted root is not a Sigstore trusted_root.json")]
    Shape(#[source] Cause),
    /// Of another kind or version.
    #[error("trusted root is of the media type {0:?}, and read is version 0.1")]
    MediaType(String),
    /// More authorities than anybody runs.
    #[error("trusted root names more than {AUTHORITIES_MAX} {0}")]
    TooMany(&'static str),
    /// A key or certificate in it is broken or of a kind that is not verified.
    #[error("trusted root holds a key or certificate that cannot be used")]
    Material(#[source] Cause),
}

impl TrustedRoot {
    /// Reads a `trusted_root.json`.
    ///
    /// # Errors
    /// When it is none, or one key, certificate or time in it cannot be used: a root of which a
    /// part is silently left out is not the one that the user named.
    pub fn from_json(json: &[u8]) -> Result<Self, TrustError> {
        if json.len() > TRUSTED_ROOT_BYTES_MAX {
            return Err(TrustError::TooLarge(json.len()));
        }
        provider::install();
        let text = std::str::from_utf8(json).map_err(TrustError::Text)?;
        let root = sigstore_trust_root::TrustedRoot::from_json(text)
            .map_err(|source| TrustError::Shape(source.to_string().into()))?;
        if !is_trusted_root(&root.media_type) {
            return Err(TrustError::MediaType(root.media_type));
        }
        for (count, kind) in [
            (root.tlogs.len(), "transparency logs"),
            (root.ctlogs.len(), "certificate logs"),
            (root.certificate_authorities.len(), "certificate authorities"),
            (root.timestamp_authorities.len(), "timestamp authorities"),
        ] {
            if count > AUTHORITIES_MAX {
                return Err(TrustError::TooMany(kind));
            }
        }
        let verifier = Verifier::new(&root)
            .map_err(|source| TrustError::Material(source.to_string().into()))?;
        let logs = root.tlogs.iter().map(LogKey::read).collect::<Result<_, _>>();
        let logs = logs.map_err(|source| TrustError::Material(Box::new(source)))?;
        Ok(Self {
            verifier,
            logs,
            stampers: root.tsa_authorities(),
            #[cfg(test)]
            asked: Default::default(),
        })
    }

    /// Traces a bundle over this artifact to it: milliseconds of public-key work.
    pub(crate) fn verify(
        &self,
        artifact: Artifact<'_>,
        bundle: &sigstore_types::Bundle,
        policy: &dyn sigstore_verify::Policy,
    ) -> Result<VerificationResult, sigstore_verify::Error> {
        #[cfg(test)]
        self.asked.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        match artifact {
            Artifact::Bytes(bytes) => self.verifier.verify(bytes, bundle, policy),
            Artifact::Sha256(digest) => {
                let digest = Sha256Hash::from_hex(&digest.hex())?;
                self.verifier.verify(digest, bundle, policy)
            }
        }
    }

    /// Sigstore's public-good instance, as it was when this program was built.
    ///
    /// # Errors
    /// Never, unless the build is broken.
    pub fn public_good() -> Result<Self, TrustError> {
        Self::from_json(SIGSTORE_PRODUCTION_TRUSTED_ROOT.as_bytes())
    }

    /// Whether it names a transparency log at all; GitHub's own instance has none.
    pub fn has_logs(&self) -> bool {
        !self.logs.is_empty()
    }
}

impl LogKey {
    fn read(log: &TransparencyLog) -> Result<Self, KeyError> {
        let key = PublicKey::from_der(log.public_key.raw_bytes.as_bytes())?;
        let times = match &log.public_key.valid_for {
            Some(range) => (range.start.as_second(), range.end.map(|end| end.as_second())),
            None => (i64::MIN, None),
        };
        Ok(Self { id: log.log_id.key_id.as_bytes().to_vec(), key, times })
    }

    /// Whether what it signed at that time is trusted; both ends are inclusive.
    pub(crate) fn is_valid(&self, second: i64) -> bool {
        self.times.0 <= second && self.times.1.is_none_or(|end| second <= end)
    }
}

impl std::fmt::Debug for TrustedRoot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TrustedRoot").field("logs", &self.logs.len()).finish_non_exhaustive()
    }
}

fn is_trusted_root(media_type: &str) -> bool {
    matches!(
        media_type,
        "application/vnd.dev.sigstore.trustedroot+json;version=0.1"
            | "application/vnd.dev.sigstore.trustedroot.v0.1+json"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_public_good_root_is_built_in() {
        assert!(TrustedRoot::public_good().unwrap().has_logs());
    }

    #[test]
    fn a_root_with_a_broken_part_is_no_root() {
        let good: serde_json::Value =
            serde_json::from_str(SIGSTORE_PRODUCTION_TRUSTED_ROOT).unwrap();
        let root = |change: &dyn Fn(&mut serde_json::Value)| {
            let mut root = good.clone();
            change(&mut root);
            TrustedRoot::from_json(root.to_string().as_bytes()).map(drop)
        };
        root(&|_| ()).unwrap();
        let broken = root(&|root| root["tlogs"][0]["publicKey"]["rawBytes"] = "AAAA".into());
        assert!(matches!(broken, Err(TrustError::Material(_))));
        let other = root(&|root| root["mediaType"] = "application/json".into());
        assert!(matches!(other, Err(TrustError::MediaType(_))));
        let log = good["tlogs"][0].clone();
        let many = root(&|root| root["tlogs"] = vec![log.clone(); 65].into());
        assert!(matches!(many, Err(TrustError::TooMany(_))));
        assert!(matches!(TrustedRoot::from_json(b"{}"), Err(TrustError::Shape(_))));
        let long = vec![b' '; TRUSTED_ROOT_BYTES_MAX + 1];
        assert!(matches!(TrustedRoot::from_json(&long), Err(TrustError::TooLarge(_))));
    }
}
