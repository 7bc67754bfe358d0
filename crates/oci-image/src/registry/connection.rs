//! How connections to registries are made: which roots are trusted, which addresses and redirects
//! are followed.

use std::sync::Arc;

use reqwest::redirect::{Attempt, Policy};
use reqwest::{Client, ClientBuilder};

use crate::registry::access::Access;
use crate::registry::addresses::Guard;

const REDIRECTS_MAX: usize = 5;

/// A client that keeps what `access` says of every connection and redirect.
pub(crate) fn http_client(
    access: &Access,
) -> Result<Client, Box<dyn std::error::Error + Send + Sync>> {
    let guard = Guard::of(access);
    let client = builder(access)?
        // reqwest takes Authorization off when a redirect leaves the host or the port.
        .redirect(Policy::custom(move |attempt| {
            let sound = redirect_is_sound(&attempt)
                .and_then(|()| guard.allow(attempt.url()).map_err(|it| it.to_string()));
            match sound {
                Ok(()) => attempt.follow(),
                Err(why) => attempt.error(why),
            }
        }))
        .build()?;
    Ok(client)
}

/// What all connections have in common: roots, proxies, addresses and times.
pub(crate) fn builder(
    access: &Access,
) -> Result<ClientBuilder, Box<dyn std::error::Error + Send + Sync>> {
    let builder = Client::builder().tls_backend_preconfigured(tls(access)?).no_proxy();
    let builder = access.proxies.rules()?.into_iter().fold(builder, ClientBuilder::proxy);
    Ok(builder
        .dns_resolver(Arc::new(Guard::of(access)))
        .connect_timeout(access.connect_time_max)
        .read_timeout(access.silence_time_max)
        .user_agent(concat!("faas-validator/", env!("CARGO_PKG_VERSION"))))
}

fn tls(access: &Access) -> Result<rustls::ClientConfig, rustls::Error> {
    let mut roots = rustls::RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    roots.add_parsable_certificates(access.roots.iter().cloned());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    Ok(rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth())
}

fn redirect_is_sound(attempt: &Attempt<'_>) -> Result<(), String> {
    let previous = attempt.previous();
    if previous.len() > REDIRECTS_MAX {
        return Err(format!("more than {REDIRECTS_MAX} redirects"));
    }
    let from_tls = previous.last().is_some_and(|it| it.scheme() == "https");
    if from_tls && attempt.url().scheme() != "https" {
        return Err("a redirect leaves https".to_owned());
    }
    Ok(())
}
