//! A Sigstore bundle: a signature or an attestation, with what vouches for its signer and its
//! time (protobuf-specs `sigstore_bundle.proto`, versions 0.1 to 0.3).
//!
//! Reading one says nothing: [`Bundle::verify_keyed`] and [`Bundle::verify_keyless`] do.

use serde::Deserialize;
use serde::de::IgnoredAny;
use sigstore_types::SignatureContent;
use sigstore_types::bundle::VerificationMaterialContent;

use crate::fault::Cause;
use crate::provider;
use crate::statement::{Statement, StatementError};

/// A bundle larger than this is not read. Callers have limits of their own below it.
pub const BUNDLE_BYTES_MAX: usize = 64 << 20;
/// As many log entries, timestamps and certificates are looked at: each costs public-key work.
const LOG_ENTRIES_MAX: usize = 32;
const TIMESTAMPS_MAX: usize = 32;
const CERTIFICATES_MAX: usize = 10;
/// A Merkle tree of 2^64 leaves has no longer proof.
const PROOF_HASHES_MAX: usize = 64;

/// A bundle, read and not believed.
#[derive(Debug, Clone)]
pub struct Bundle {
    pub(crate) inner: sigstore_types::Bundle,
}

/// Why bytes are no bundle.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// Longer than any.
    #[error("bundle has {0} bytes, and {BUNDLE_BYTES_MAX} are read")]
    TooLarge(usize),
    /// No text.
    #[error("bundle is not UTF-8")]
    Text(#[source] std::str::Utf8Error),
    /// Not JSON of that shape, or of a version or entry kind that nobody here knows.
    #[error("bundle is not a Sigstore bundle of the versions 0.1 to 0.3")]
    Shape(#[source] Cause),
    /// It says two things where one is to be said.
    #[error("bundle holds not one {0}")]
    NotOne(&'static str),
    /// More of something than is looked at.
    #[error("bundle holds more than {most} {what}")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// How many are looked at.
        most: usize,
    },
}

/// The fields of which a bundle has one (`oneof` in protobuf-specs). The first that is met would be
/// taken otherwise, and another reader may take the second.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Choices {
    message_signature: Option<IgnoredAny>,
    dsse_envelope: Option<IgnoredAny>,
    verification_material: MaterialChoices,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct MaterialChoices {
    certificate: Option<IgnoredAny>,
    x509_certificate_chain: Option<IgnoredAny>,
    public_key: Option<IgnoredAny>,
}

/// Who a bundle says it was signed by. Nothing of it is verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claimed {
    /// A key, and a hint which.
    Key(String),
    /// A certificate in it.
    Certificate,
}

impl Choices {
    fn read(text: &str) -> Result<(), BundleError> {
        let choices: Self = serde_json::from_str(text)
            .map_err(|source| BundleError::Shape(source.to_string().into()))?;
        let material = choices.verification_material;
        let chosen = |one: &[Option<IgnoredAny>]| one.iter().flatten().count() == 1;
        if !chosen(&[choices.message_signature, choices.dsse_envelope]) {
            return Err(BundleError::NotOne("signature or envelope"));
        }
        let who = [material.certificate, material.x509_certificate_chain, material.public_key];
        if chosen(&who) { Ok(()) } else { Err(BundleError::NotOne("certificate, chain or key")) }
    }
}

impl Bundle {
    /// Reads a bundle.
    ///
    /// # Errors
    /// When it is none, or holds more than is looked at.
    pub fn parse(json: &[u8]) -> Result<Self, BundleError> {
        if json.len() > BUNDLE_BYTES_MAX {
            return Err(BundleError::TooLarge(json.len()));
        }
        let text = std::str::from_utf8(json).map_err(BundleError::Text)?;
        Choices::read(text)?;
        let inner = sigstore_types::Bundle::from_json(text)
            .map_err(|source| BundleError::Shape(source.to_string().into()))?;
        Self::bounded(inner)
    }

    /// The same within the limits on counts.
    pub(crate) fn bounded(inner: sigstore_types::Bundle) -> Result<Self, BundleError> {
        provider::install();
        let material = &inner.verification_material;
        let certificates = match &material.content {
            VerificationMaterialContent::X509CertificateChain { certificates } => {
                certificates.len()
            }
            _ => 0,
        };
        let hashes = |entry: &sigstore_types::TransparencyLogEntry| {
            entry.inclusion_proof.as_ref().map_or(0, |proof| proof.hashes.len())
        };
        let timestamps = material.timestamp_verification_data.rfc3161_timestamps.len();
        let hashes = material.tlog_entries.iter().map(hashes).max().unwrap_or_default();
        for (what, count, most) in [
            ("log entries", material.tlog_entries.len(), LOG_ENTRIES_MAX),
            ("timestamps", timestamps, TIMESTAMPS_MAX),
            ("certificates", certificates, CERTIFICATES_MAX),
            ("hashes in a proof", hashes, PROOF_HASHES_MAX),
        ] {
            if count > most {
                return Err(BundleError::TooMany { what, most });
            }
        }
        Ok(Self { inner })
    }

    /// Who it says it was signed by, to know how to ask. Nothing of it is verified.
    pub fn claimed(&self) -> Claimed {
        match &self.inner.verification_material.content {
            VerificationMaterialContent::PublicKey(key) => Claimed::Key(key.hint.clone()),
            _ => Claimed::Certificate,
        }
    }

    /// The attestation in it, if it is one. Verify the bundle before you believe it.
    ///
    /// # Errors
    /// When it holds an envelope with something else.
    pub fn statement(&self) -> Option<Result<Statement, StatementError>> {
        match &self.inner.content {
            SignatureContent::DsseEnvelope(envelope) => {
                Some(Statement::parse(&envelope.payload_type, envelope.payload.as_bytes()))
            }
            _ => None,
        }
    }

    /// Whether it carries a timestamp (RFC 3161).
    pub(crate) fn has_timestamp(&self) -> bool {
        let times = &self.inner.verification_material.timestamp_verification_data;
        !times.rfc3161_timestamps.is_empty()
    }
}
