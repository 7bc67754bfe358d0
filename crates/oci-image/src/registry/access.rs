//! How registries may be reached.

use std::path::Path;
use std::time::Duration;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::{self, PemObject as _};

use crate::daemon::Daemon;
use crate::error::ImageError;
use crate::registry::credentials::Credentials;
use crate::registry::proxies::Proxies;

/// A certificate authority (DER).
pub type Certificate = CertificateDer<'static>;

/// Reads the certificates of a PEM file.
///
/// # Errors
/// When it cannot be read, or holds something that is no certificate.
pub fn certificates(path: &Path) -> Result<Vec<Certificate>, ImageError> {
    let wrong = |error: pem::Error| ImageError::Source {
        what: path.display().to_string(),
        source: error.into(),
    };
    CertificateDer::pem_file_iter(path).map_err(wrong)?.map(|it| it.map_err(wrong)).collect()
}

/// Which addresses may be connected to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Addresses {
    /// Any: the name was typed by the person who runs this.
    Any,
    /// Only public ones: the name came over the network, and whoever sent it must not make this
    /// process speak to what only it can reach.
    Public,
}

/// How images may be reached, by what the caller knows and the policy says. Nothing of it is read
/// from the environment here.
#[derive(Debug, Clone)]
pub struct Access {
    /// Who we are, to which registry.
    pub credentials: Credentials,
    /// Registries (`host[:port]`) that are spoken to without TLS; loopback always may be.
    pub insecure_registries: Vec<String>,
    /// Which addresses may be connected to.
    pub addresses: Addresses,
    /// What connections go through. It is the proxy that resolves a registry's name then, and that
    /// decides which addresses are reached.
    pub proxies: Proxies,
    /// Certificate authorities that are trusted beside the compiled-in ones.
    pub roots: Vec<Certificate>,
    /// The container daemon, if its images may be looked at.
    pub daemon: Option<Daemon>,
    /// How long a connection may take to come about.
    pub connect_time_max: Duration,
    /// How long a registry may say nothing in the middle of an answer.
    pub silence_time_max: Duration,
    /// How long one question may take with all its retries.
    pub answer_time_max: Duration,
}

impl Default for Access {
    /// Anonymous, public addresses only, no daemon.
    fn default() -> Self {
        Self {
            credentials: Credentials::default(),
            insecure_registries: Vec::new(),
            addresses: Addresses::Public,
            proxies: Proxies::default(),
            roots: Vec::new(),
            daemon: None,
            connect_time_max: Duration::from_secs(10),
            silence_time_max: Duration::from_secs(30),
            answer_time_max: Duration::from_secs(60),
        }
    }
}
