//! policy.yml's `rego:` part: the user's own rules.

#[cfg(feature = "rego")]
mod annotation;
#[cfg(feature = "rego")]
mod ask;
#[cfg(feature = "rego")]
mod error;
#[cfg(feature = "rego")]
mod evaluation;
#[cfg(feature = "rego")]
mod modules;
#[cfg(feature = "rego")]
mod question;
#[cfg(feature = "rego")]
mod worker;

#[cfg(feature = "rego")]
pub use ask::{check, evaluate};
#[cfg(feature = "rego")]
pub use error::RegoError;
#[cfg(feature = "rego")]
pub use question::{RegoAnswers, RegoKind, RegoResult};
use serde::{Deserialize, Serialize};
#[cfg(feature = "rego")]
pub use worker::answer_if_asked;

/// The user's own rules, in Rego, named as Conftest names them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Rego {
    /// Rego modules, or folders of them, beside policy.yml. `*_test.rego` is left out.
    pub paths: Vec<String>,
    /// JSON or YAML documents, or folders of them, that rules see as `data`.
    pub data: Vec<String>,
    /// The packages whose `deny`, `violation` and `warn` rules are asked; an empty list asks those
    /// of every package.
    pub namespaces: Vec<Namespace>,
    /// The dialect of the modules.
    pub version: RegoVersion,
    /// What an evaluation may cost.
    pub limits: RegoLimits,
    /// The modules that `paths` names; a parsed policy holds their text.
    #[serde(skip)]
    pub modules: Vec<RegoFile>,
    /// The documents that `data` names; a parsed policy holds their text.
    #[serde(skip)]
    pub documents: Vec<RegoFile>,
}

impl Rego {
    /// The same dialect, data and limits for a module that stands by itself: the rules of its own
    /// package are asked.
    #[must_use]
    pub fn of_module(&self, module: RegoFile) -> Self {
        Self { namespaces: Vec::new(), modules: vec![module], ..self.clone() }
    }
}

/// A file that came with the policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegoFile {
    /// Its path from policy.yml's folder.
    pub path: String,
    /// What stands in it.
    pub text: String,
}

/// The name of a package: `main`, `acme.images`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(with = "String"))]
#[serde(try_from = "String", into = "String")]
pub struct Namespace(String);

impl Namespace {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Namespace {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let is_word = |word: &str| {
            word.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
                && word.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
        };
        match text.len() <= 256 && text.split('.').all(is_word) {
            true => Ok(Self(text)),
            false => Err(format!("{text:?} is not the name of a Rego package, such as `main`")),
        }
    }
}

impl From<Namespace> for String {
    fn from(namespace: Namespace) -> Self {
        namespace.0
    }
}

/// The dialect of Rego.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum RegoVersion {
    /// OPA 1.0 and later: `deny contains msg if { … }`.
    #[default]
    V1,
    /// Before OPA 1.0: `deny[msg] { … }`.
    V0,
}

/// What an evaluation of the user's rules may cost. Past a limit the check is `undecided`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct RegoLimits {
    /// Reading the modules and asking every rule, in milliseconds.
    pub time_ms_max: u64,
    /// The evaluator's memory, in bytes.
    pub memory_bytes_max: u64,
    /// The input document, in bytes.
    pub input_bytes_max: u64,
    /// How many answers the rules may give.
    pub results_max: u32,
}

impl Default for Rego {
    fn default() -> Self {
        Self {
            paths: Vec::new(),
            data: Vec::new(),
            namespaces: vec![Namespace("main".to_owned())],
            version: RegoVersion::V1,
            limits: RegoLimits::default(),
            modules: Vec::new(),
            documents: Vec::new(),
        }
    }
}

impl Default for RegoLimits {
    fn default() -> Self {
        const MIB: u64 = 1 << 20;
        Self {
            time_ms_max: 5_000,
            memory_bytes_max: 256 * MIB,
            input_bytes_max: 32 * MIB,
            results_max: 1_000,
        }
    }
}
