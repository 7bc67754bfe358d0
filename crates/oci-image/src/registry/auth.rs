//! What a registry asks for before it answers: `WWW-Authenticate` challenges (RFC 9110 §11.6.1)
//! and tokens (distribution, "Token Authentication Specification").

use std::time::{Duration, Instant};

use serde::Deserialize;

/// A challenge's text is no longer.
const CHALLENGE_CHARS_MAX: usize = 4096;
/// A token without a lifetime lives so long (the specification's default).
const TOKEN_TIME_DEFAULT: Duration = Duration::from_secs(60);
const TOKEN_TIME_MAX: Duration = Duration::from_secs(3600);

/// What a registry asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Challenge {
    /// User and password with every request.
    Basic,
    /// A token from somewhere.
    Bearer {
        /// Where tokens are given.
        realm: String,
        /// Whom the token is for.
        service: Option<String>,
    },
}

impl Challenge {
    /// Reads a `WWW-Authenticate` header; `None` if it is neither of the two.
    pub(crate) fn parse(header: &str) -> Option<Self> {
        if header.len() > CHALLENGE_CHARS_MAX {
            return None;
        }
        let (scheme, rest) = header.trim().split_once(' ').unwrap_or((header.trim(), ""));
        if scheme.eq_ignore_ascii_case("basic") {
            return Some(Self::Basic);
        }
        if !scheme.eq_ignore_ascii_case("bearer") {
            return None;
        }
        let parameters = parameters(rest);
        let find = |name: &str| {
            parameters.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|it| it.1.clone())
        };
        Some(Self::Bearer { realm: find("realm")?, service: find("service") })
    }
}

/// `key=value` and `key="quoted \"value\""`, separated by commas.
fn parameters(text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some((key, after)) = rest.split_once('=') {
        let key = key.trim_matches([' ', ',', '\t']).to_owned();
        let after = after.trim_start();
        let (value, left) = match after.strip_prefix('"') {
            Some(quoted) => unquoted(quoted),
            None => {
                let (value, left) = after.split_once(',').unwrap_or((after, ""));
                (value.trim().to_owned(), left)
            }
        };
        found.push((key, value));
        rest = left;
    }
    found
}

fn unquoted(text: &str) -> (String, &str) {
    let mut value = String::new();
    let mut chars = text.char_indices();
    while let Some((at, it)) = chars.next() {
        match it {
            '"' => return (value, &text[at + 1..]),
            '\\' => value.extend(chars.next().map(|(_, it)| it)),
            it => value.push(it),
        }
    }
    (value, "")
}

/// A token for one repository of one registry.
#[derive(Clone)]
pub(crate) struct Token {
    pub(crate) value: String,
    ends: Instant,
}

#[derive(Deserialize)]
struct TokenAnswer {
    #[serde(default)]
    token: String,
    #[serde(default)]
    access_token: String,
    expires_in: Option<u64>,
}

impl Token {
    /// Reads a token server's answer.
    pub(crate) fn parse(json: &[u8], now: Instant) -> Option<Self> {
        let answer: TokenAnswer = serde_json::from_slice(json).ok()?;
        let value = [answer.token, answer.access_token].into_iter().find(|it| !it.is_empty())?;
        let lifetime = answer.expires_in.map_or(TOKEN_TIME_DEFAULT, Duration::from_secs);
        // A tenth is kept back: a token must not end between being looked at and being used.
        let lifetime = lifetime.min(TOKEN_TIME_MAX) * 9 / 10;
        Some(Self { value, ends: now + lifetime })
    }

    /// Whether it can still be used.
    pub(crate) fn is_alive(&self, now: Instant) -> bool {
        now < self.ends
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bearer(realm: &str, service: Option<&str>) -> Option<Challenge> {
        Some(Challenge::Bearer { realm: realm.into(), service: service.map(str::to_owned) })
    }

    #[test]
    fn challenges_as_registries_write_them() {
        let hub = r#"Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="a:b,c:d""#;
        assert_eq!(
            Challenge::parse(hub),
            bearer("https://auth.docker.io/token", Some("registry.docker.io"))
        );
        assert_eq!(
            Challenge::parse("bearer realm=https://a/t , service=s"),
            bearer("https://a/t", Some("s"))
        );
        assert_eq!(Challenge::parse(r#"Bearer realm="a\"b""#), bearer("a\"b", None));
        assert_eq!(Challenge::parse(r#"Basic realm="x""#), Some(Challenge::Basic));
        assert_eq!(Challenge::parse("BASIC"), Some(Challenge::Basic));
        assert_eq!(Challenge::parse("Bearer service=s"), None);
        assert_eq!(Challenge::parse("Negotiate"), None);
        assert_eq!(Challenge::parse(""), None);
    }

    #[test]
    fn a_token_dies_before_its_time() {
        let now = Instant::now();
        let token = Token::parse(br#"{"access_token":"t","expires_in":100}"#, now).unwrap();
        assert!(token.is_alive(now + Duration::from_secs(80)));
        assert!(!token.is_alive(now + Duration::from_secs(95)));
        assert!(Token::parse(br#"{"token":""}"#, now).is_none());
        assert!(Token::parse(b"<html>", now).is_none());
    }
}
