//! Why a function cannot answer at all.

use event_bus::{Refusal, SurroundingsError};
use oci_image::{CredentialsError, ImageError, ProxiesError};
use policy::PolicyError;
use verdict::causes;

/// Why a function cannot answer at all.
#[derive(Debug, thiserror::Error)]
pub enum Unready {
    /// A variable or secret is not what it ought to be.
    #[error("function is not set up")]
    Surroundings(#[source] SurroundingsError),
    /// The file that `policy_file` names cannot be used.
    #[error("policy of the function cannot be used")]
    Policy(#[source] PolicyError),
    /// The secret `registry-auth` cannot be read.
    #[error("secret registry-auth cannot be read")]
    RegistryAuth(#[source] std::io::Error),
    /// The secret `registry-auth` is none.
    #[error("secret registry-auth is no docker config.json")]
    Credentials(#[source] CredentialsError),
    /// A variable names no proxy.
    #[error("proxies cannot be used")]
    Proxies(#[source] ProxiesError),
    /// There is no way to images.
    #[error("images cannot be reached")]
    Images(#[source] ImageError),
    /// What the check itself needs is not there.
    #[error("{what} cannot be used")]
    Check {
        /// What it needs.
        what: String,
        /// Why it cannot be used.
        source: Box<dyn std::error::Error + Send + Sync>,
        /// What to do about it.
        remedy: &'static str,
    },
}

impl Unready {
    /// What to do about it.
    pub fn remedy(&self) -> String {
        match self {
            Self::Surroundings(error) => error.remedy().to_owned(),
            Self::Policy(error) => error.remedy(),
            Self::RegistryAuth(_) | Self::Credentials(_) => {
                "make the secret anew: faas-cli secret create registry-auth --from-file ~/.docker/config.json".to_owned()
            }
            Self::Proxies(error) => error.remedy().to_owned(),
            Self::Images(error) => error.remedy(),
            Self::Check { remedy, .. } => (*remedy).to_owned(),
        }
    }

    /// What every question is told until it is mended.
    pub fn refusal(&self) -> Refusal {
        let causes = causes(self);
        tracing::error!(error = %self, causes, "the function is not set up");
        Refusal::configuration(format!("{self}: {causes}"), self.remedy())
    }
}
