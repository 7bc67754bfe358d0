//! Why a bundle counts for nothing, in the kinds that different people mend.

use std::error::Error;

use crate::key::SignatureFault;
use crate::statement::StatementError;

/// What `sigstore-verify` says, behind our own types.
pub(crate) type Cause = Box<dyn Error + Send + Sync>;

/// Why a bundle does not verify.
#[derive(Debug, thiserror::Error)]
pub enum BundleFault {
    /// A key is asked for, and a certificate signed, with another key.
    #[error("it is signed with a certificate for another key than the trusted one")]
    OtherKey,
    /// An identity is asked for, and a bare key signed.
    #[error("it is signed with a bare key, without a certificate that says whose it is")]
    NoCertificate,
    /// The signature does not verify with the key.
    #[error("its signature does not verify with the key")]
    Signature(#[source] SignatureFault),
    /// The signature does not verify with the key of its certificate.
    #[error("its signature does not verify with the key of its certificate")]
    CertifiedSignature(#[source] Cause),
    /// It is over another artifact.
    #[error("it is about another artifact")]
    OtherArtifact,
    /// The envelope holds no statement.
    #[error("its envelope holds no attestation")]
    Statement(#[source] StatementError),
    /// By this algorithm only the bytes can be verified, and a digest was given.
    #[error("it can be verified only with the artifact's bytes, not with its digest")]
    BytesWanted,
    /// The certificate leads to no trusted authority, or is none for signing.
    #[error("its certificate is not by a trusted authority")]
    Certificate(#[source] Cause),
    /// The certificate was not valid when the signature was made.
    #[error("its certificate was not valid when it was signed")]
    Expired(#[source] Cause),
    /// The certificate says not whose it is.
    #[error("its certificate names no {0}")]
    NoIdentity(&'static str),
    /// No log entry, and one is asked for.
    #[error("it carries no entry of a transparency log")]
    NotLogged,
    /// A log entry that does not verify.
    #[error("its entry of the transparency log does not verify")]
    Log(#[source] Cause),
    /// No trusted time says when it was signed.
    #[error("no trusted time says when it was signed")]
    NoTime(#[source] Cause),
    /// A timestamp that does not verify.
    #[error("its timestamp does not verify")]
    Time(#[source] Cause),
    /// Malformed, or of a kind that is not verified.
    #[error("it cannot be verified")]
    Unsupported(#[source] Cause),
}

impl BundleFault {
    /// What to do next.
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::OtherKey | Self::Signature(_) => {
                "check that the key is the signer's and the bundle belongs to this artifact"
            }
            Self::NoCertificate => "name the signer's key instead of an identity",
            Self::CertifiedSignature(_) | Self::OtherArtifact | Self::Statement(_) => {
                "check that the bundle belongs to this artifact, and get both again from their source"
            }
            Self::BytesWanted => "give the artifact itself instead of its digest",
            Self::Certificate(_) | Self::Expired(_) => {
                "name the trusted root of the instance that issued the certificate, and ask the signer to sign again if it expired"
            }
            Self::NoIdentity(_) => "ask the signer to sign with a certificate of a Fulcio instance",
            Self::NotLogged | Self::Log(_) => {
                "name the trusted root of the instance whose log holds the entry; a signature that was never logged passes only where the log is not asked for"
            }
            Self::NoTime(_) | Self::Time(_) => {
                "name the trusted root whose log or timestamp authority vouches for the time, or ask the signer to sign again with one"
            }
            Self::Unsupported(_) => {
                "ask the signer for a bundle of version 0.3 by a current client"
            }
        }
    }

    /// Sorts what `sigstore-verify` says. Its errors repeat their sources, so its words are kept
    /// and its chain is not.
    pub(crate) fn of(error: sigstore_verify::Error) -> Self {
        use sigstore_verify::{CertificateError, Error, TimestampError};
        let said = Cause::from(error.to_string());
        match error {
            Error::SignatureInvalid(_) => Self::CertifiedSignature(said),
            Error::ArtifactMismatch(_) => Self::OtherArtifact,
            Error::UnsupportedArtifact(_) => Self::BytesWanted,
            Error::Certificate(
                CertificateError::Expired { .. } | CertificateError::NotYetValid { .. },
            ) => Self::Expired(said),
            // The path's own times are told apart only in words.
            Error::Certificate(CertificateError::ChainInvalid(why))
                if why.contains("CertExpired") || why.contains("CertNotValidYet") =>
            {
                Self::Expired(said)
            }
            Error::Certificate(_) => Self::Certificate(said),
            Error::TransparencyLog(_) => Self::Log(said),
            Error::Timestamp(TimestampError::NoVerifiedTimestamp(_)) => Self::NoTime(said),
            Error::Timestamp(_) => Self::Time(said),
            _ => Self::Unsupported(said),
        }
    }
}
