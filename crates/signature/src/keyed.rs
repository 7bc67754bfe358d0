//! Verification with a key that the user named: the signature, and where it is asked for, an
//! entry of a transparency log that is about this very signature, key and artifact.

use std::ptr;

use jiff::Timestamp;
use sigstore_types::bundle::VerificationMaterialContent;
use sigstore_types::{DerPublicKey, SignatureContent};
use sigstore_verify::{PublicKeyVerificationPolicy, VerificationPolicy};

use crate::algorithm::Algorithm;
use crate::artifact::Artifact;
use crate::bundle::Bundle;
use crate::fault::BundleFault;
use crate::key::{PublicKey, SignatureFault};
use crate::keyless::{Demand, passed, times};
use crate::trust::TrustedRoot;

/// Whether a keyed signature must have been logged.
#[derive(Debug, Clone, Copy)]
pub enum KeyedLog<'a> {
    /// In a transparency log of this root.
    Required(&'a TrustedRoot),
    /// It need not; each timestamp that is there must verify by this root.
    TimestampOnly(&'a TrustedRoot),
    /// It need not: the user said so, in a word that says `insecure` or `unsafe`. Entries and
    /// timestamps that are there are not looked at.
    WaivedUnsafe,
}

impl KeyedLog<'_> {
    /// Whether the same is asked, of the same root.
    pub(crate) fn is_same(&self, other: KeyedLog<'_>) -> bool {
        match (*self, other) {
            (Self::Required(one), KeyedLog::Required(two))
            | (Self::TimestampOnly(one), KeyedLog::TimestampOnly(two)) => ptr::eq(one, two),
            (Self::WaivedUnsafe, KeyedLog::WaivedUnsafe) => true,
            _ => false,
        }
    }
}

/// A signature by the trusted key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyedSignature {
    /// How the key made it.
    pub algorithm: Algorithm,
    /// Every trusted time at which it existed; none where the log was not asked for.
    pub times: Vec<Timestamp>,
}

impl Bundle {
    /// Verifies that this key signed this artifact (or attested to it). A hint in the bundle
    /// selects nothing: the key is the one that is given.
    ///
    /// # Errors
    /// When the signature is not this key's, over something else, or not logged as asked.
    pub fn verify_keyed(
        &self,
        artifact: Artifact<'_>,
        key: &PublicKey,
        log: KeyedLog<'_>,
    ) -> Result<KeyedSignature, BundleFault> {
        // A certificate beside a configured key decides nothing. Its key is the configured one, or
        // the bundle is somebody else's.
        if self.is_certified() && self.certificate().and_then(|it| it.key()).as_ref() != Some(key) {
            return Err(BundleFault::OtherKey);
        }
        self.about(&artifact)?;
        let algorithm = self.signed_by(&artifact, key)?;
        let times = match log {
            KeyedLog::WaivedUnsafe => Vec::new(),
            KeyedLog::Required(root) => {
                self.logged()?;
                self.times_for(artifact, key, algorithm, root, Demand::Required)?
            }
            // Whether there must be one is the caller's to ask.
            KeyedLog::TimestampOnly(_) if !self.has_timestamp() => Vec::new(),
            KeyedLog::TimestampOnly(root) => {
                self.times_for(artifact, key, algorithm, root, Demand::WaivedUnsafe)?
            }
        };
        Ok(KeyedSignature { algorithm, times })
    }

    fn is_certified(&self) -> bool {
        let material = &self.inner.verification_material.content;
        !matches!(material, VerificationMaterialContent::PublicKey(_))
    }

    /// By which algorithm the key made the signature over the artifact or the envelope.
    fn signed_by(
        &self,
        artifact: &Artifact<'_>,
        key: &PublicKey,
    ) -> Result<Algorithm, BundleFault> {
        match &self.inner.content {
            SignatureContent::DsseEnvelope(envelope) => {
                let signature = envelope.signature.sig.as_bytes();
                key.verify(&envelope.pae(), signature).map_err(BundleFault::Signature)
            }
            SignatureContent::MessageSignature(message) => {
                let signature = message.signature.as_bytes();
                match artifact {
                    Artifact::Bytes(bytes) => {
                        key.verify(bytes, signature).map_err(BundleFault::Signature)
                    }
                    Artifact::Sha256(digest) => match key.verify_digest(digest, signature) {
                        None => Err(BundleFault::BytesWanted),
                        Some(verified) => verified.map_err(BundleFault::Signature),
                    },
                }
            }
            _ => Err(BundleFault::Signature(SignatureFault::Malformed)),
        }
    }

    /// The times at which a log took it in, or a timestamp authority saw it; every timestamp in it
    /// must verify, and where the log is asked for every entry.
    fn times_for(
        &self,
        artifact: Artifact<'_>,
        key: &PublicKey,
        algorithm: Algorithm,
        root: &TrustedRoot,
        log: Demand,
    ) -> Result<Vec<Timestamp>, BundleFault> {
        let certified = self.is_certified();
        // What `sigstore-verify` derives from a key of the type, it verifies.
        let known = matches!(
            algorithm,
            Algorithm::EcdsaP256Sha256 | Algorithm::RsaPkcs1Sha256 | Algorithm::Ed25519
        );
        if !certified && !known {
            let mut times = self.stamps(root)?;
            if log == Demand::Required {
                let entries = self.entries(&artifact, key, root);
                times
                    .extend(entries.map_err(|cause| {
                        self.other_log(root).unwrap_or(BundleFault::Log(cause))
                    })?);
            }
            return passed(times.into_iter());
        }
        let verify =
            |policy: &dyn sigstore_verify::Policy| root.verify(artifact, &self.inner, policy);
        let verified = if certified {
            // The key is the trusted one already: who certified it does not matter.
            let policy = VerificationPolicy::any_identity().skip_certificate_chain();
            match log {
                Demand::Required => verify(&policy),
                Demand::WaivedUnsafe => verify(&policy.skip_tlog_unsafe()),
            }
        } else {
            let key = DerPublicKey::new(key.as_der().to_vec());
            let policy = PublicKeyVerificationPolicy::new(key);
            match log {
                Demand::Required => verify(&policy),
                Demand::WaivedUnsafe => verify(&policy.skip_tlog_unsafe()),
            }
        };
        times(&verified.map_err(|error| self.fault(error, root))?)
    }
}
