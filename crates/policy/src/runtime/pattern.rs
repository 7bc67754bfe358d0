//! What the lists of `runtime:` are made of: paths by glob, ranges of ids, names of capabilities.

use std::fmt;
use std::str::FromStr;

use globset::{GlobBuilder, GlobMatcher};
use serde::{Deserialize, Serialize};

/// The longest pattern that is taken.
const PATTERN_BYTES_MAX: usize = 1024;

/// Why a pattern cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum PatternError {
    /// Longer than any sensible path.
    #[error("pattern has {0} bytes, and may have {PATTERN_BYTES_MAX}")]
    TooLong(usize),
    /// Not a glob.
    #[error("pattern {text:?} is not a glob")]
    Glob {
        /// What was read.
        text: String,
        /// What is wrong with it.
        #[source]
        source: globset::Error,
    },
    /// Not an id or a range of ids.
    #[error("{0:?} is not a user id (`1000`) or a range of them (`10000-19999`)")]
    Ids(String),
    /// Not the name of a capability.
    #[error("{0:?} is not the name of a capability, such as CAP_NET_RAW")]
    Capability(String),
}

/// A glob over paths or names: `*` and `?` stay within one folder, `**` does not, `{a,b}` is
/// either. In an abstract name (`@…`), which has no folders, `*` covers everything.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(with = "String"))]
#[serde(try_from = "String", into = "String")]
pub struct PathPattern(GlobMatcher);

impl PathPattern {
    /// The pattern as it was written.
    pub fn as_str(&self) -> &str {
        self.0.glob().glob()
    }

    /// Whether it covers this path.
    pub fn is_match(&self, path: &str) -> bool {
        self.0.is_match(path)
    }
}

impl FromStr for PathPattern {
    type Err = PatternError;

    fn from_str(text: &str) -> Result<Self, PatternError> {
        if text.len() > PATTERN_BYTES_MAX {
            return Err(PatternError::TooLong(text.len()));
        }
        GlobBuilder::new(text)
            .literal_separator(!text.starts_with('@'))
            .build()
            .map(|glob| Self(glob.compile_matcher()))
            .map_err(|source| PatternError::Glob { text: text.to_owned(), source })
    }
}

/// A glob over the names of functions, kept as its text: it orders the entries of a policy.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(with = "String"))]
#[serde(try_from = "String", into = "String")]
pub struct FunctionPattern(String);

impl FunctionPattern {
    /// The pattern as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it covers this function.
    pub fn is_match(&self, function: &str) -> bool {
        self.0 == function
            || self.0.parse::<PathPattern>().is_ok_and(|glob| glob.is_match(function))
    }
}

impl TryFrom<String> for FunctionPattern {
    type Error = PatternError;
    fn try_from(text: String) -> Result<Self, PatternError> {
        text.parse::<PathPattern>().map(|_| Self(text))
    }
}

impl From<FunctionPattern> for String {
    fn from(pattern: FunctionPattern) -> Self {
        pattern.0
    }
}

/// User ids from `first` to `last`, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(with = "String"))]
#[serde(try_from = "IdText", into = "String")]
pub struct IdRange {
    /// The least id.
    pub first: u32,
    /// The greatest id.
    pub last: u32,
}

/// YAML reads `1000` as a number and `1000-1999` as a text.
#[derive(Deserialize)]
#[serde(untagged)]
enum IdText {
    Number(u32),
    Text(String),
}

impl IdRange {
    /// Every user but root.
    pub const NOT_ROOT: Self = Self { first: 1, last: u32::MAX };

    /// Whether this id is one of them.
    pub fn contains(&self, id: u32) -> bool {
        (self.first..=self.last).contains(&id)
    }
}

impl FromStr for IdRange {
    type Err = PatternError;

    fn from_str(text: &str) -> Result<Self, PatternError> {
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        match (first.trim().parse(), last.trim().parse()) {
            (Ok(first), Ok(last)) if first <= last => Ok(Self { first, last }),
            _ => Err(PatternError::Ids(text.to_owned())),
        }
    }
}

impl fmt::Display for IdRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.first == self.last {
            true => write!(f, "{}", self.first),
            false => write!(f, "{}-{}", self.first, self.last),
        }
    }
}

impl TryFrom<IdText> for IdRange {
    type Error = PatternError;

    fn try_from(text: IdText) -> Result<Self, PatternError> {
        match text {
            IdText::Number(id) => Ok(Self { first: id, last: id }),
            IdText::Text(text) => text.parse(),
        }
    }
}

/// A capability by its kernel name (capabilities(7)): `CAP_NET_RAW`. `NET_RAW` is taken too.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(with = "String"))]
#[serde(try_from = "String", into = "String")]
pub struct CapabilityName(String);

impl CapabilityName {
    /// The name, in capitals and with `CAP_`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for CapabilityName {
    type Err = PatternError;

    fn from_str(text: &str) -> Result<Self, PatternError> {
        let name = text.to_ascii_uppercase();
        let name = name.strip_prefix("CAP_").unwrap_or(&name);
        let is_word = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
        if name.is_empty() || name.len() > 32 || !name.bytes().all(is_word) {
            return Err(PatternError::Capability(text.to_owned()));
        }
        Ok(Self(format!("CAP_{name}")))
    }
}

impl TryFrom<String> for PathPattern {
    type Error = PatternError;
    fn try_from(text: String) -> Result<Self, PatternError> {
        text.parse()
    }
}

impl TryFrom<String> for CapabilityName {
    type Error = PatternError;
    fn try_from(text: String) -> Result<Self, PatternError> {
        text.parse()
    }
}

impl From<PathPattern> for String {
    fn from(pattern: PathPattern) -> Self {
        pattern.as_str().to_owned()
    }
}

impl From<IdRange> for String {
    fn from(range: IdRange) -> Self {
        range.to_string()
    }
}

impl From<CapabilityName> for String {
    fn from(name: CapabilityName) -> Self {
        name.0
    }
}

impl PartialEq for PathPattern {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for PathPattern {}
