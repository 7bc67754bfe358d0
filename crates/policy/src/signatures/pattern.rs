//! Texts that an authority accepts: one exactly, those of a glob, or those of a regular expression.

use std::fmt;

use regex::RegexBuilder;
use serde::de::{self, Deserializer, MapAccess, Visitor, value::MapAccessDeserializer};
use serde::ser::{SerializeMap, Serializer};
use serde::{Deserialize, Serialize};

/// The longest glob or regular expression that is taken.
pub(super) const PATTERN_BYTES_MAX: usize = 1024;
/// How much memory a compiled expression may take: `\w{1000}` is refused, real ones are not.
const COMPILED_BYTES_MAX: usize = 1 << 20;
/// How an expression ends that accepts whatever follows.
const OPEN_ENDS: [&str; 9] = [".*", ".+", ".*?", ".+?", "\\S*", "\\S+", "[^/]*", "[^/]+", "\\w+"];
/// Texts that have nothing in common: a pattern that accepts them all accepts anybody.
const STRANGERS: [&str; 4] =
    ["stranger@mail.example", "https://forge.example/a/b/.ci/build.yml@refs/x", "7", "sys:o_o"];

/// A text as it must be: a plain string is compared exactly, `{glob: …}` and `{regex: …}` are
/// patterns over the *whole* text. In a glob `*` and `?` stay between two `/`, `**` does not.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(with = "Shape"))]
pub enum TextPattern {
    /// This text.
    Exact(String),
    /// A text that the glob covers.
    Glob(String),
    /// A text that the regular expression covers from its beginning to its end.
    Regex(String),
}

/// Why a pattern does not mean what its author thinks.
#[derive(Debug, thiserror::Error)]
pub enum TextPatternError {
    /// It can only match nothing.
    #[error("it is empty")]
    Empty,
    /// Longer than any that a person reads.
    #[error("it has {0} bytes, and may have {PATTERN_BYTES_MAX}")]
    TooLong(usize),
    /// Not a regular expression, or one that takes too much to match.
    #[error("it is no regular expression that can be used")]
    Regex(#[source] Box<regex::Error>),
    /// It ends within the name of a host, and others can register the hosts that it covers.
    #[error("it ends within a host's name: {0:?} followed by anything is also a stranger's")]
    OpenHost(String),
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Named {
    Exact(String),
    Glob(String),
    Regex(String),
}

#[cfg(feature = "schema")]
#[derive(schemars::JsonSchema)]
#[serde(untagged, deny_unknown_fields)]
#[allow(dead_code, reason = "the schema alone is made of it")]
enum Shape {
    /// This text exactly.
    Exact(String),
    /// Texts that a glob covers.
    Glob { glob: String },
    /// Texts that a regular expression covers whole.
    Regex { regex: String },
}

impl TextPattern {
    /// What is wrong with it, if anything.
    ///
    /// # Errors
    /// When it is empty, too long, no regular expression, or ends within the name of a host.
    pub(crate) fn judge(&self) -> Result<(), TextPatternError> {
        let text = self.text();
        match text.len() {
            0 => return Err(TextPatternError::Empty),
            1..=PATTERN_BYTES_MAX => {}
            bytes => return Err(TextPatternError::TooLong(bytes)),
        }
        if let Self::Regex(text) = self {
            compiled(text).map_err(|source| TextPatternError::Regex(Box::new(source)))?;
        }
        match self.open_host() {
            Some(head) => Err(TextPatternError::OpenHost(head.to_owned())),
            None => Ok(()),
        }
    }

    /// Whether it accepts whatever it is given, as far as can be seen from a few texts.
    pub(crate) fn accepts_anybody(&self) -> bool {
        match self {
            Self::Exact(_) => false,
            Self::Glob(text) => !text.is_empty() && text.chars().all(|it| it == '*'),
            Self::Regex(text) => compiled(text)
                .is_ok_and(|regex| STRANGERS.iter().all(|stranger| regex.is_match(stranger))),
        }
    }

    fn text(&self) -> &str {
        match self {
            Self::Exact(text) | Self::Glob(text) | Self::Regex(text) => text,
        }
    }

    /// What stands before an open end that lies within the name of a host: `me@gmail.` of the
    /// regular expression `me@gmail.*`, which covers me@gmail.attacker.example too.
    fn open_host(&self) -> Option<&str> {
        match self {
            Self::Exact(_) => None,
            Self::Glob(text) => open_host(text, &["**", "*", "?"]),
            Self::Regex(text) => text.split('|').find_map(|one| open_host(one, &OPEN_ENDS)),
        }
    }
}

fn open_host<'a>(text: &'a str, ends: &[&str]) -> Option<&'a str> {
    let text = text.trim_end_matches(['$', ')']);
    let head = ends.iter().find_map(|end| text.strip_suffix(end))?;
    // What an unfinished name follows: the // of a URL, or the @ of an e-mail address.
    let named = match (head.rfind("://"), head.rfind('@')) {
        (Some(at), _) => head.get(at + 3..),
        (None, Some(at)) => head.get(at + 1..),
        (None, None) => None,
    }?;
    (!named.contains('/')).then_some(head)
}

fn compiled(text: &str) -> Result<regex::Regex, regex::Error> {
    let build = |text: &str| {
        RegexBuilder::new(text)
            .size_limit(COMPILED_BYTES_MAX)
            .dfa_size_limit(COMPILED_BYTES_MAX)
            .nest_limit(32)
            .build()
    };
    // By itself first: `a)|(?:b` would come out of the anchors that are put around it.
    build(text)?;
    build(&format!("^(?:{text})$"))
}

impl fmt::Display for TextPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact(text) => f.write_str(text),
            Self::Glob(text) => write!(f, "{text} (glob)"),
            Self::Regex(text) => write!(f, "/{text}/"),
        }
    }
}

impl Serialize for TextPattern {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (kind, text) = match self {
            Self::Exact(text) => return serializer.serialize_str(text),
            Self::Glob(text) => ("glob", text),
            Self::Regex(text) => ("regex", text),
        };
        let mut map = serializer.serialize_map(Some(1))?;
        map.serialize_entry(kind, text)?;
        map.end()
    }
}

impl<'de> Deserialize<'de> for TextPattern {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = TextPattern;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text, {glob: …} or {regex: …}")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<TextPattern, E> {
                Ok(TextPattern::Exact(text.to_owned()))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<TextPattern, A::Error> {
                Named::deserialize(MapAccessDeserializer::new(map)).map(|named| match named {
                    Named::Exact(text) => TextPattern::Exact(text),
                    Named::Glob(text) => TextPattern::Glob(text),
                    Named::Regex(text) => TextPattern::Regex(text),
                })
            }
        }
        deserializer.deserialize_any(Either)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn regex(text: &str) -> TextPattern {
        TextPattern::Regex(text.to_owned())
    }

    #[test]
    fn p11_an_open_end_within_a_host_is_refused() {
        for text in [
            "your.name@gmail.*",
            "^your.name@gmail.*$",
            "(?:me|you)@acme.+",
            "https://github.com.*",
            "https://.*",
            r"https://github\.com\S+",
            ".*@.*",
        ] {
            assert!(matches!(regex(text).judge(), Err(TextPatternError::OpenHost(_))), "{text}");
        }
        for text in ["me@gmail.*", "https://github.com**", "https://*"] {
            let glob = TextPattern::Glob(text.to_owned());
            assert!(matches!(glob.judge(), Err(TextPatternError::OpenHost(_))), "{text}");
        }
        for text in [
            r"your\.name@gmail\.com",
            r".*@acme\.example",
            "https://github.com/acme/.*",
            r"https://github\.com/acme/fn/\.github/workflows/.*@refs/tags/v.*",
            "repo:acme/fn:ref:.*",
        ] {
            assert!(regex(text).judge().is_ok(), "{text}");
        }
        assert!(TextPattern::Exact("your.name@gmail.*".to_owned()).judge().is_ok());
    }

    #[test]
    fn p11_expressions_are_bounded() {
        let refused = |text: &str| regex(text).judge().unwrap_err();
        assert!(matches!(refused(&"a".repeat(1025)), TextPatternError::TooLong(1025)));
        assert!(matches!(refused(r"(\w{1000}){1000}"), TextPatternError::Regex(_)));
        assert!(matches!(refused("("), TextPatternError::Regex(_)));
        assert!(matches!(refused(&"(".repeat(200)), TextPatternError::Regex(_)));
        assert!(matches!(refused("a)|(?:b"), TextPatternError::Regex(_)));
        assert!(matches!(refused(""), TextPatternError::Empty));
    }

    #[test]
    fn p12_who_accepts_anybody_is_seen() {
        for text in [".*", ".+", "(?s).*", ".*|me", "[^x]*x?.*", r"(?:.|\n)*"] {
            assert!(regex(text).accepts_anybody(), "{text}");
        }
        assert!(TextPattern::Glob("**".to_owned()).accepts_anybody());
        assert!(!regex(r".*@acme\.example").accepts_anybody());
        assert!(!TextPattern::Exact("*".to_owned()).accepts_anybody());
    }
}
