//! Why a repository vouches for no trusted root, and what to do about it.

use oci_image::DownloadError;
use sigstore_tuf::Error;

use crate::trust::TrustError;

/// Why a repository vouches for no trusted root.
#[derive(Debug, thiserror::Error)]
pub enum TufError {
    /// The root that trust begins with is none, or not signed as it says itself.
    #[error("the pinned root.json cannot be used")]
    Pinned(#[source] Box<Error>),
    /// A file could not be fetched, or is larger than such files are.
    #[error("the repository cannot be asked")]
    Fetch(#[source] Box<DownloadError>),
    /// A file is not there, or more of them than are followed.
    #[error("the repository's metadata is not whole: {0}")]
    Missing(String),
    /// What it says held until then.
    #[error("the repository's {role} metadata expired at {expires}")]
    Expired {
        /// The role.
        role: String,
        /// Until when it held.
        expires: String,
    },
    /// Older metadata than was seen before.
    #[error("the repository offers {role} metadata of version {offered}, and {known} is known")]
    Rollback {
        /// The role.
        role: String,
        /// The newest known version.
        known: u64,
        /// The version that is offered.
        offered: u64,
    },
    /// Too few of the keys that must sign have signed.
    #[error("the repository's {role} metadata has {found} of {threshold} signatures")]
    NotSigned {
        /// The role.
        role: String,
        /// How many verify.
        found: usize,
        /// How many must.
        threshold: usize,
    },
    /// A file has not the length or hash that is signed.
    #[error("a file of the repository is not the one that is signed: {0}")]
    Altered(String),
    /// It publishes none.
    #[error("the repository publishes no trusted_root.json")]
    NoTarget,
    /// What it publishes is none.
    #[error("what the repository publishes as trusted_root.json is none")]
    NotATrustedRoot(#[source] TrustError),
    /// Metadata that breaks a rule of TUF.
    #[error("the repository's metadata cannot be used")]
    Malformed(#[source] Box<Error>),
    /// No answer, where one must have been.
    #[error("the repository gave no answer")]
    Silent,
}

impl TufError {
    pub(super) fn pinned(error: Error) -> Self {
        Self::Pinned(Box::new(error))
    }

    pub(super) fn of(error: Error) -> Self {
        match error {
            Error::Transport { message, source } => {
                match source.map(|it| it.downcast::<DownloadError>()) {
                    Some(Ok(error)) => Self::Fetch(error),
                    _ => Self::Missing(message),
                }
            }
            Error::Expired { role, expires } => {
                Self::Expired { role, expires: expires.to_string() }
            }
            Error::Rollback { role, trusted, new } => {
                Self::Rollback { role, known: trusted, offered: new }
            }
            Error::BadRootVersion { trusted, new } => {
                Self::Rollback { role: "root".to_owned(), known: trusted, offered: new }
            }
            Error::ThresholdNotMet { role, found, threshold } => {
                Self::NotSigned { role, found, threshold }
            }
            Error::IntegrityMismatch(what) => Self::Altered(what),
            Error::TargetNotFound(_) => Self::NoTarget,
            other => Self::Malformed(Box::new(other)),
        }
    }

    /// Whether nothing is known, and not: that the repository is not what it should be.
    pub fn is_silence(&self) -> bool {
        matches!(self, Self::Silent | Self::Missing(_))
            || matches!(self, Self::Fetch(error) if !matches!(**error, DownloadError::TooLarge { .. }))
    }

    /// What to do about it.
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::Pinned(_) => {
                "name a root.json of the repository that you got from who runs it, and not from \
                 the repository"
            }
            Self::Fetch(_) | Self::Silent => {
                "see that the address is the repository's and that it answers; `--offline` takes \
                 what was fetched before"
            }
            Self::Missing(_) => {
                "see that the address is the repository's; with `--offline`, fetch once without it"
            }
            Self::Expired { .. } => {
                "ask the repository again, without `--offline`; if it is the repository that gives \
                 expired metadata, tell who runs it, and check this machine's clock"
            }
            Self::Rollback { .. } | Self::NotSigned { .. } | Self::Altered(_) => {
                "do not use what it gives: somebody may be between you and the repository; ask \
                 again from elsewhere, and tell who runs it"
            }
            Self::NoTarget | Self::NotATrustedRoot(_) | Self::Malformed(_) => {
                "see that the address is that of a Sigstore instance's TUF repository, and tell \
                 who runs it"
            }
        }
    }
}
