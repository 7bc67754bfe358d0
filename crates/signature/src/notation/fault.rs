//! Why a Notation signature counts for nothing, in the kinds that different people mend.

use jiff::Timestamp;

use super::chain::ChainError;
use super::envelope::EnvelopeError;
use super::timestamp::TimestampError;
use crate::judge::Outcome;
use crate::revocation::RevocationFault;

/// Why a Notation signature counts for nothing.
#[derive(Debug, thiserror::Error)]
pub enum NotationFault {
    /// The authority names no trust policy.
    #[error("it is a Notation signature, and the authority names no trust policy for these")]
    NotAsked,
    /// The trust policy says nothing of this repository.
    #[error("no statement of the trust policy covers the repository {0}")]
    NoStatement(String),
    /// The trust policy asks for nothing. What nobody verified vouches for nothing.
    #[error("the statement {0:?} of the trust policy skips verification, so nobody vouches")]
    Skipped(String),
    /// What it lies in is no envelope of Notation's.
    #[error("it cannot be read")]
    Envelope(#[source] EnvelopeError),
    /// Its certificates make no chain.
    #[error("its certificates cannot be trusted")]
    Chain(#[source] ChainError),
    /// It says that it was made in another way than the key of its certificate makes signatures.
    #[error("its algorithm is not that of its certificate's key")]
    Algorithm,
    /// It was not made with the key of its certificate, or over something else.
    #[error("its signature does not verify with the key of its certificate")]
    Signature,
    /// The manifest that it would be about was not read.
    #[error("nobody said which size and media type the image's manifest has")]
    Undescribed,
    /// It is about these very bytes, and says of them what is not so.
    #[error("it is for the same digest as {said}, and the image is {is}")]
    OtherDescriptor {
        /// What the signer says.
        said: String,
        /// What is so.
        is: String,
    },
    /// Its chain holds no certificate of the trust stores.
    #[error(
        "its certificate of {subject} leads to {root}, which is in none of the stores {stores}"
    )]
    NoAnchor {
        /// Whose certificate it is.
        subject: String,
        /// Where its chain ends.
        root: String,
        /// The stores that were looked in.
        stores: String,
    },
    /// It is somebody's whom the trust policy does not name.
    #[error("it is signed by {subject}, and trusted are {trusted}")]
    OtherIdentity {
        /// Who signed.
        subject: String,
        /// Who may.
        trusted: String,
    },
    /// Its signer asks for a program of the verifier's. None is run.
    #[error("its signer asks for the verification plug-in {0:?}, and no plug-in is run here")]
    Plugin(String),
    /// The signer said until when it counts.
    #[error("its signer let it expire at {0}")]
    Expired(Timestamp),
    /// A certificate was not valid when it counts.
    #[error(
        "its certificate of {subject} is valid from {from} until {until}, and it counts at {at}"
    )]
    CertificateTime {
        /// Whose certificate it is.
        subject: String,
        /// From when it is valid.
        from: Timestamp,
        /// Until when.
        until: Timestamp,
        /// When it had to be.
        at: Timestamp,
    },
    /// It says that it was signed later than now.
    #[error("it says that it is signed at {0}, which is yet to come")]
    Future(Timestamp),
    /// A trusted time is asked for, and nobody vouches for one.
    #[error("the trust policy asks for a timestamp, and there is none")]
    NoTimestamp,
    /// The timestamp vouches for nothing.
    #[error("the trust policy asks for a timestamp, and what there is vouches for no time")]
    Timestamp(#[source] TimestampError),
    /// A certificate is revoked, or nobody knows whether it is.
    #[error("its certificates may not count any more")]
    Revocation(#[source] RevocationFault),
    /// The trust policy only logs that it is nobody's whom it trusts.
    #[error("its signer is not trusted, which the trust policy only logs")]
    OnlyLogged(#[source] Box<NotationFault>),
}

impl NotationFault {
    /// What this alone would come to.
    pub fn outcome(&self) -> Outcome {
        match self {
            Self::NotAsked
            | Self::NoStatement(_)
            | Self::Skipped(_)
            | Self::NoAnchor { .. }
            | Self::OtherIdentity { .. } => Outcome::OtherSigner,
            Self::Revocation(fault) => fault.outcome(),
            Self::Plugin(_) => Outcome::Unchecked,
            Self::Envelope(_)
            | Self::Chain(_)
            | Self::Algorithm
            | Self::Signature
            | Self::Undescribed
            | Self::OtherDescriptor { .. }
            | Self::Future(_) => Outcome::BadSignature,
            Self::Expired(_) | Self::CertificateTime { .. } => Outcome::Expired,
            Self::NoTimestamp | Self::Timestamp(_) => Outcome::NotLogged,
            Self::OnlyLogged(_) => Outcome::OnlyLogged,
        }
    }
}
