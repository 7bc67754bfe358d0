//! Which proxies connections to registries go through. They are what the caller found in its
//! environment; nothing is read from it here.

use std::fmt;

use reqwest::{NoProxy, Proxy};
use url::Url;

/// What is never asked of a proxy: this machine.
const LOOPBACK: &str = "localhost,127.0.0.0/8,::1";

/// Proxies, by the variables that name them everywhere else.
#[derive(Clone, Default)]
pub struct Proxies {
    https: Option<Url>,
    http: Option<Url>,
    direct: String,
}

/// A variable that names no proxy.
#[derive(Debug, thiserror::Error)]
#[error("variable {name} names no proxy: {why}")]
pub struct ProxiesError {
    name: &'static str,
    why: String,
}

impl ProxiesError {
    /// What to do about it.
    pub fn remedy(&self) -> &'static str {
        "name it as http://host:port, or unset the variable"
    }
}

impl Proxies {
    /// Reads `https_proxy`, `http_proxy` and `no_proxy`, or the same in capitals; `variable` looks
    /// a variable up.
    ///
    /// # Errors
    /// When one of them names something else than a proxy that is spoken to in HTTP.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Self, ProxiesError> {
        let said = |names: [&'static str; 2]| {
            let value = |name| Some((name, variable(name).filter(|it| !it.is_empty())?));
            names.into_iter().find_map(value)
        };
        let proxy = |names| said(names).map(|(name, value)| parse(name, &value)).transpose();
        let direct = said(["no_proxy", "NO_PROXY"]).map(|(_, value)| value).unwrap_or_default();
        Ok(Self {
            https: proxy(["https_proxy", "HTTPS_PROXY"])?,
            http: proxy(["http_proxy", "HTTP_PROXY"])?,
            direct,
        })
    }

    /// What the HTTP client is told.
    pub(crate) fn rules(&self) -> reqwest::Result<Vec<Proxy>> {
        let direct = NoProxy::from_string(&format!("{LOOPBACK},{}", self.direct));
        let https = self.https.iter().map(|it| Proxy::https(it.clone()));
        let http = self.http.iter().map(|it| Proxy::http(it.clone()));
        https.chain(http).map(|it| Ok(it?.no_proxy(direct.clone()))).collect()
    }

    /// Their own host names: whoever set them may have them at any address.
    pub(crate) fn hosts(&self) -> Vec<String> {
        let hosts = self.https.iter().chain(&self.http).filter_map(Url::host_str);
        hosts.map(str::to_owned).collect()
    }
}

/// Without what a proxy asks for as a password.
impl fmt::Debug for Proxies {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Proxies").field("hosts", &self.hosts()).finish_non_exhaustive()
    }
}

fn parse(name: &'static str, value: &str) -> Result<Url, ProxiesError> {
    let wrong = |why: String| ProxiesError { name, why };
    // As curl reads it: a host alone is spoken to in HTTP.
    let whole = if value.contains("://") { value.to_owned() } else { format!("http://{value}") };
    let url: Url = whole.parse().map_err(|error: url::ParseError| wrong(error.to_string()))?;
    match url.scheme() {
        "http" | "https" if url.has_host() => Ok(url),
        scheme => Err(wrong(format!("{scheme} is not spoken"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(set: &[(&str, &str)]) -> Result<Proxies, ProxiesError> {
        let value = |name: &str| Some(set.iter().find(|(it, _)| *it == name)?.1.to_owned());
        Proxies::read(value)
    }

    #[test]
    fn variables_are_read_as_elsewhere() {
        let proxies = read(&[
            ("https_proxy", "proxy.acme.test:3128"),
            ("HTTPS_PROXY", "http://other.acme.test"),
            ("HTTP_PROXY", "http://ada:secret@plain.acme.test:8080/"),
            ("http_proxy", ""),
            ("NO_PROXY", "registry.acme.test"),
        ])
        .unwrap();
        assert_eq!(proxies.hosts(), ["proxy.acme.test", "plain.acme.test"]);
        assert_eq!(proxies.rules().unwrap().len(), 2);
        assert!(!format!("{proxies:?}").contains("secret"));
        assert!(read(&[]).unwrap().hosts().is_empty());
    }

    #[test]
    fn what_is_no_proxy_is_said_by_its_variable() {
        for value in ["socks5://proxy.acme.test:1080", "http://", "file:///etc/passwd"] {
            let error = read(&[("HTTPS_PROXY", value)]).unwrap_err();
            assert!(
                error.to_string().starts_with("variable HTTPS_PROXY names no proxy"),
                "{error}"
            );
        }
    }
}
