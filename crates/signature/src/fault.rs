//! Why a bundle counts for nothing, in the kinds that different people mend.

use std::error::Error;

use jiff::Timestamp;
use sigstore_types::{KindVersion, TransparencyLogEntry};
use sigstore_verify::{CertificateError, TimestampError, TransparencyLogError};

use crate::bundle::Bundle;
use crate::certificate::Certificate;
use crate::key::SignatureFault;
use crate::revocation::RevocationFault;
use crate::statement::StatementError;
use crate::trust::TrustedRoot;

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
    /// The certificate, or one that it leads to, is revoked, or nobody knows whether it is.
    #[error("its certificate may not count any more")]
    Revocation(#[source] RevocationFault),
    /// The certificate carries no proof of a certificate log of the root, and one is asked for.
    #[error("no trusted certificate log vouches for its certificate")]
    CertificateNotLogged(#[source] Cause),
    /// The certificate says not whose it is.
    #[error("its certificate names no {0}")]
    NoIdentity(&'static str),
    /// No log entry, and one is asked for.
    #[error("it carries no entry of a transparency log")]
    NotLogged,
    /// A log entry that does not verify.
    #[error("its entry of the transparency log does not verify")]
    Log(#[source] Cause),
    /// A log entry of a log that the trusted root does not name, or not for that time.
    #[error("its entry is of a transparency log that is not trusted")]
    OtherLog(#[source] Cause),
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
            Self::Revocation(_) => {
                "ask the signer to sign again with a certificate that is not revoked, and name the newest list of each authority"
            }
            Self::NoIdentity(_) => "ask the signer to sign with a certificate of a Fulcio instance",
            Self::CertificateNotLogged(_) => {
                "ask the signer to sign with a certificate of an instance that logs what it issues; another passes only where the certificate log is not asked for"
            }
            Self::NotLogged | Self::Log(_) | Self::OtherLog(_) => {
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
    fn of(error: sigstore_verify::Error) -> Self {
        use sigstore_verify::Error;
        let said = Cause::from(error.to_string());
        match error {
            Error::SignatureInvalid(_) => Self::CertifiedSignature(said),
            Error::ArtifactMismatch(_) => Self::OtherArtifact,
            Error::UnsupportedArtifact(_) => Self::BytesWanted,
            Error::Certificate(
                CertificateError::Expired { .. }
                | CertificateError::NotYetValid { .. }
                | CertificateError::NoValidAuthority { .. },
            ) => Self::Expired(said),
            // The path's own times are told apart only in words.
            Error::Certificate(CertificateError::ChainInvalid(why))
                if why.contains("CertExpired") || why.contains("CertNotValidYet") =>
            {
                Self::Expired(said)
            }
            Error::Certificate(CertificateError::Sct(_)) => Self::CertificateNotLogged(said),
            Error::Certificate(_) => Self::Certificate(said),
            Error::TransparencyLog(_) => Self::Log(said),
            Error::Timestamp(
                TimestampError::NoVerifiedTimestamp(_)
                | TimestampError::OutsideAuthorityValidity { .. },
            ) => Self::NoTime(said),
            Error::Timestamp(_) => Self::Time(said),
            _ => Self::Unsupported(said),
        }
    }
}

/// A moment at which a certificate was not valid, and when it is.
#[derive(Debug, thiserror::Error)]
#[error("{what} at {at}, and the certificate is valid from {from} until {until}")]
pub(crate) struct OutsideCertificate {
    what: &'static str,
    at: Timestamp,
    from: Timestamp,
    until: Timestamp,
}

impl OutsideCertificate {
    /// A signature that was made at this second, if the certificate was not valid then.
    pub(crate) fn signed(at: i64, certificate: &Certificate) -> Option<Self> {
        Self::of("it was signed", at, certificate)
    }

    /// A signature that is judged at this second, as nobody says when it was made.
    pub(crate) fn judged(at: i64, certificate: &Certificate) -> Option<Self> {
        Self::of("no trusted time says when it was signed; it is judged", at, certificate)
    }

    fn of(what: &'static str, at: i64, certificate: &Certificate) -> Option<Self> {
        let time = |second: i64| Timestamp::from_second(second).ok();
        let (from, until) = certificate.times();
        let (from, until) = (i64::try_from(from).ok()?, i64::try_from(until).ok()?);
        let is_outside = !(from..=until).contains(&at);
        is_outside.then_some(Self { what, at: time(at)?, from: time(from)?, until: time(until)? })
    }
}

impl Bundle {
    /// What `sigstore-verify` says of this bundle. Where its words name a broken proof and the proof
    /// is sound, the bundle is looked at again.
    pub(crate) fn fault(&self, error: sigstore_verify::Error, root: &TrustedRoot) -> BundleFault {
        use sigstore_verify::Error;
        // A log's time outside of the certificate's is found by two steps of theirs, in two kinds.
        let by_time =
            matches!(error, Error::TransparencyLog(TransparencyLogError::IntegratedTime(_)));
        let by_log = matches!(
            error,
            Error::TransparencyLog(
                TransparencyLogError::UnknownLog { .. }
                    | TransparencyLogError::InclusionPromise(_)
                    | TransparencyLogError::Checkpoint(_)
            )
        );
        let fault = BundleFault::of(error);
        if (by_time || matches!(fault, BundleFault::Expired(_)))
            && let Some(outside) = self.outside(root)
        {
            return BundleFault::Expired(outside.into());
        }
        by_log.then(|| self.other_log(root)).flatten().unwrap_or(fault)
    }

    /// The first of the signature's times at which its certificate was not valid. One that lies in
    /// the future says nothing of the certificate.
    fn outside(&self, root: &TrustedRoot) -> Option<OutsideCertificate> {
        let certificate = self.certificate()?;
        let promised = |entry: &TransparencyLogEntry| {
            let time = entry.inclusion_promise.as_ref().and(entry.integrated_time)?;
            (entry.kind_version != KindVersion::HashedRekordV002).then(|| time.as_second())
        };
        let stamped = self.stamps(root).unwrap_or_default();
        let entries = &self.inner.verification_material.tlog_entries;
        let times = stamped.into_iter().chain(entries.iter().filter_map(promised));
        let now = Timestamp::now().as_second();
        let mut times = times.take_while(|second| *second <= now);
        times.find_map(|second| OutsideCertificate::signed(second, &certificate))
    }

    /// That one of its entries is of a log that the root does not trust, or not at that time.
    pub(crate) fn other_log(&self, root: &TrustedRoot) -> Option<BundleFault> {
        let entries = &self.inner.verification_material.tlog_entries;
        let cause = entries.iter().find_map(|entry| {
            let id = entry.log_id.key_id.as_bytes();
            let mut logs = root.logs.iter().filter(|log| log.id == id).peekable();
            if logs.peek().is_none() {
                return Some(format!("the trusted root names no log {}", hex::encode(id)));
            }
            let time = entry.integrated_time?;
            let is_trusted = logs.any(|log| log.is_valid(time.as_second()));
            (!is_trusted).then(|| format!("the trusted root trusts not that log at {time}"))
        });
        cause.map(|cause| BundleFault::OtherLog(cause.into()))
    }
}
