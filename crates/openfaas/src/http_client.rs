//! The HTTP client of this crate: rustls with ring, roots compiled in, no proxy and no other
//! setting from the environment, no redirect followed, every body bounded.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use reqwest::{Client, Response};
use rustls::{ClientConfig, RootCertStore};

/// How long a connection is kept for the next call. Gateways close one that was idle for their
/// `read_timeout`, 60 s unless set: who writes to it in that moment gets no answer.
const IDLE_TIME_MAX: Duration = Duration::from_secs(15);

/// A client for one gateway or one stack.yml.
pub(crate) fn build(connect_time_max: Duration) -> Result<Client, BuildError> {
    let roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let tls =
        ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(BuildError::Tls)?
            .with_root_certificates(roots)
            .with_no_client_auth();
    Client::builder()
        .tls_backend_preconfigured(tls)
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(connect_time_max)
        .pool_idle_timeout(IDLE_TIME_MAX)
        .user_agent(concat!("faas-validator/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(BuildError::Client)
}

/// Why there is no client.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// TLS could not be set up.
    #[error("set up TLS")]
    Tls(#[source] rustls::Error),
    /// The client could not be built.
    #[error("build the HTTP client")]
    Client(#[source] reqwest::Error),
}

/// Why a body was not read to its end.
#[derive(Debug)]
pub(crate) enum BodyError {
    TooLarge,
    Broken(reqwest::Error),
}

/// Reads a body of at most `bytes_max` bytes.
pub(crate) async fn body(mut response: Response, bytes_max: usize) -> Result<Bytes, BodyError> {
    let mut body = BytesMut::new();
    while let Some(chunk) =
        response.chunk().await.map_err(|error| BodyError::Broken(error.without_url()))?
    {
        if body.len() + chunk.len() > bytes_max {
            return Err(BodyError::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}
