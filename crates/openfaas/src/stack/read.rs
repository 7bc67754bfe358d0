//! From text to a stack.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};
use serde_saphyr::options::{DuplicateKeyPolicy, MergeKeyPolicy};

use super::envsubst::EnvsubstError;
use super::{Stack, glob};

/// The longest stack.yml, and the longest environment file.
pub(super) const TEXT_BYTES_MAX: usize = 4 << 20;
/// The most functions of a stack.
const FUNCTIONS_MAX: usize = 1000;

/// Which functions of a stack are meant (`--filter`, `--regex`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selection {
    /// All.
    All,
    /// Those whose names match a glob: `*` is any text.
    Glob(String),
    /// Those in whose names a regular expression is found.
    Regex(String),
}

/// Why there is no stack.
#[derive(Debug, thiserror::Error)]
pub enum StackError {
    /// Neither stack.yaml nor stack.yml is there.
    #[error("find stack.yaml or stack.yml in {0}")]
    NotFound(std::path::PathBuf),
    /// The file could not be read.
    #[error("read {path}")]
    Read {
        /// The file.
        path: String,
        /// What the system says.
        source: std::io::Error,
    },
    /// The URL could not be fetched.
    #[error("fetch {url}")]
    Fetch {
        /// Where it was to come from.
        url: String,
        /// What went wrong.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The URL answered something else.
    #[error("fetch {url}: status {status}")]
    Status {
        /// Where it was to come from.
        url: String,
        /// The answer's status.
        status: u16,
    },
    /// It is larger than it may be.
    #[error("{0} is larger than 4 MiB")]
    TooLarge(String),
    /// It is not text.
    #[error("{0} is not UTF-8")]
    NotText(String),
    /// What is to be substituted in it cannot be.
    #[error("substitute variables in the stack file")]
    Envsubst(#[source] EnvsubstError),
    /// It is not the YAML that it ought to be.
    #[error("read the stack file as YAML")]
    Yaml(#[source] Box<serde_saphyr::Error>),
    /// Another provider.
    #[error("provider name {0:?} is not \"openfaas\"")]
    Provider(String),
    /// Another version.
    #[error("stack file version {0:?} is not \"1.0\"")]
    Version(String),
    /// More functions than are looked at.
    #[error("stack file has {0} functions, and at most {FUNCTIONS_MAX} are taken")]
    TooMany(usize),
    /// The expression is none.
    #[error("use the regular expression {0:?}")]
    Regex(String, #[source] Box<regex::Error>),
    /// Nothing is selected.
    #[error("no function of the stack file matches {0:?}")]
    NoMatch(String),
}

/// Reads a stack that has been substituted already.
///
/// # Errors
/// When it is no stack of OpenFaaS, or the selection selects nothing.
pub fn parse(text: &str, selection: &Selection) -> Result<Stack, StackError> {
    let mut stack: Stack = yaml(text)?;
    if stack.provider.name != "openfaas" {
        return Err(StackError::Provider(stack.provider.name));
    }
    if !matches!(stack.version.as_str(), "" | "1.0") {
        return Err(StackError::Version(stack.version));
    }
    if stack.functions.len() > FUNCTIONS_MAX {
        return Err(StackError::TooMany(stack.functions.len()));
    }
    let wanted = match selection {
        Selection::All => return Ok(stack),
        Selection::Glob(pattern) => {
            stack.functions.retain(|name, _| glob::is_filtered(pattern, name));
            pattern
        }
        Selection::Regex(expression) => {
            let regex = regex::RegexBuilder::new(expression)
                .size_limit(1 << 20)
                .build()
                .map_err(|source| StackError::Regex(expression.clone(), Box::new(source)))?;
            stack.functions.retain(|name, _| regex.is_match(name));
            expression
        }
    };
    if stack.functions.is_empty() { Err(StackError::NoMatch(wanted.clone())) } else { Ok(stack) }
}

/// A substituted stack file as it is, with all that faas-cli ignores in it.
///
/// # Errors
/// When it is no YAML, or larger than it may be.
pub fn document(text: &str) -> Result<serde_json::Value, StackError> {
    yaml(text)
}

pub(crate) fn yaml<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, StackError> {
    if text.len() > TEXT_BYTES_MAX {
        return Err(StackError::TooLarge("the substituted stack file".to_owned()));
    }
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_depth: 32,
            max_nodes: 200_000,
            max_events: 800_000,
            max_aliases: 1_000,
            max_anchors: 1_000,
            // Any number of lines may be commented out: it is 32 by itself.
            max_buffered_comment_events: 800_000,
        },
        alias_limits: serde_saphyr::alias_limits! {
            max_total_replayed_events: 100_000,
            max_replay_stack_depth: 8,
        },
        duplicate_keys: DuplicateKeyPolicy::Error,
        merge_keys: MergeKeyPolicy::Merge,
        with_snippet: false,
    };
    serde_saphyr::from_str_with_options(text, options)
        .map_err(|source| StackError::Yaml(Box::new(source)))
}

/// `null` is as good as nothing, as in Go.
pub(super) fn nullable<'de, T, D>(deserializer: D) -> Result<T, D::Error>
where
    T: Deserialize<'de> + Default,
    D: Deserializer<'de>,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// A map in which `null` is as good as nothing, also as a value.
pub(super) fn map<'de, T, D>(deserializer: D) -> Result<BTreeMap<String, T>, D::Error>
where
    T: Deserialize<'de> + Default,
    D: Deserializer<'de>,
{
    let map: Option<BTreeMap<String, Option<T>>> = Option::deserialize(deserializer)?;
    let known = map.unwrap_or_default().into_iter();
    Ok(known.map(|(key, value)| (key, value.unwrap_or_default())).collect())
}
