//! Where the gateway is, chosen as faas-cli chooses it.

use std::fmt;

use url::Url;

/// What faas-cli takes when nobody says anything.
const DEFAULT: &str = "http://127.0.0.1:8080";

/// The gateway's base address: scheme, host, port, perhaps a path; no trailing slash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    text: String,
    url: Url,
}

/// Why a text is no gateway address.
#[derive(Debug, thiserror::Error)]
pub enum AddressError {
    /// Not a URL.
    #[error("gateway address {text:?} is not a URL")]
    Malformed {
        /// What was given.
        text: String,
        /// What the parser says.
        source: url::ParseError,
    },
    /// Neither http nor https, or without a host.
    #[error("gateway address {0:?} is not http://HOST or https://HOST")]
    Scheme(String),
    /// It carries a user or a password, which would end up in logs.
    #[error("gateway address of {0:?} carries credentials: use `faas-cli login`")]
    Credentials(String),
}

impl Address {
    /// Chooses among what the command line, stack.yml's `provider.gateway` and `$OPENFAAS_URL`
    /// say, in that order (faas-cli commands/priority.go). A value that equals the default counts
    /// as not given, as it does there.
    ///
    /// # Errors
    /// When what is chosen is no address.
    pub fn choose(
        flag: Option<&str>,
        stack: Option<&str>,
        environment: Option<&str>,
    ) -> Result<Self, AddressError> {
        let said = |text: &&str| !text.is_empty() && *text != DEFAULT;
        let chosen = flag.filter(said).or(stack.filter(said));
        let environment = environment.filter(|text| !text.is_empty());
        Self::parse(chosen.or(environment).unwrap_or(DEFAULT))
    }

    /// Reads an address: lower-cased, `http://` put before it if it has no scheme, trailing
    /// slash taken off.
    ///
    /// # Errors
    /// When it is no http(s) URL, or carries credentials.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        let mut text = text.trim_end_matches('/').to_lowercase();
        if !text.starts_with("http") {
            text.insert_str(0, "http://");
        }
        let url = Url::parse(&text)
            .map_err(|source| AddressError::Malformed { text: text.clone(), source })?;
        if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
            return Err(AddressError::Scheme(text));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(AddressError::Credentials(url.host_str().unwrap_or_default().to_owned()));
        }
        Ok(Self { text, url })
    }

    /// The URL of a path below the address. Each segment is escaped.
    pub(crate) fn join(&self, segments: &[&str]) -> Url {
        let mut url = self.url.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(segments);
        }
        url
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(flag: Option<&str>, stack: Option<&str>, environment: Option<&str>, expect: &str) {
        assert_eq!(Address::choose(flag, stack, environment).unwrap().to_string(), expect);
    }

    #[test]
    fn the_address_is_chosen_as_faas_cli_chooses_it() {
        check(None, None, None, "http://127.0.0.1:8080");
        check(Some("http://a:1"), Some("http://b:1"), Some("http://c:1"), "http://a:1");
        check(None, Some("http://b:1/"), Some("http://c:1"), "http://b:1");
        check(None, Some(DEFAULT), Some("http://c:1"), "http://c:1");
        check(Some(DEFAULT), Some("http://b:1"), None, "http://b:1");
        check(Some("GW.Example:8080"), None, None, "http://gw.example:8080");
        check(Some("https://gw.example/of/"), None, None, "https://gw.example/of");
    }

    #[test]
    fn credentials_other_schemes_and_noise_are_refused() {
        for text in ["http://user:secret@gw", "httpx://gw", "http://", "http://[::"] {
            let error = Address::parse(text).unwrap_err();
            assert!(!error.to_string().contains("secret"), "{error}");
        }
    }

    #[test]
    fn a_segment_stays_a_segment() {
        let address = Address::parse("http://gw/of").unwrap();
        let url = address.join(&["function", "a/../b?c#d"]);
        assert_eq!(url.as_str(), "http://gw/of/function/a%2F..%2Fb%3Fc%23d");
    }
}
