//! Public keys and certificates that OpenFaaS secrets hold: which key it is, the policy does not say, so it can be
//! changed without it.

use std::fs::File;
use std::io::{self, Read};
use std::path::PathBuf;

/// A public key in PEM is not longer, nor a trust store of a few dozen certificates.
const SECRET_BYTES_MAX: u64 = 256 << 10;

/// Where secrets are: a folder with a file for each, or nowhere.
#[derive(Debug, Clone, Default)]
pub(crate) struct Secrets(pub(crate) Option<PathBuf>);

/// Why a secret cannot be had.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SecretError {
    /// Nobody said where secrets are.
    #[error("it is the secret {0:?}, and no folder of secrets is named")]
    Nowhere(String),
    /// It is not there, or may not be read.
    #[error("read the secret {name:?}")]
    Read { name: String, source: io::Error },
    /// Larger than what is kept so.
    #[error("the secret {0:?} has more than {SECRET_BYTES_MAX} bytes")]
    TooLarge(String),
}

impl Secrets {
    /// The text of a secret. The policy let only names through that lead nowhere else.
    pub(crate) fn read(&self, name: &str) -> Result<String, SecretError> {
        let folder = self.0.as_ref().ok_or_else(|| SecretError::Nowhere(name.to_owned()))?;
        let failed = |source| SecretError::Read { name: name.to_owned(), source };
        let mut text = String::new();
        let file = File::open(folder.join(name)).map_err(failed)?;
        file.take(SECRET_BYTES_MAX + 1).read_to_string(&mut text).map_err(failed)?;
        if text.len() as u64 > SECRET_BYTES_MAX {
            return Err(SecretError::TooLarge(name.to_owned()));
        }
        Ok(text)
    }
}
