//! OSV records, as far as they are used (ossf/osv-schema, docs/schema.md).

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One OSV record.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Record {
    pub(crate) id: String,
    #[serde(default)]
    pub(crate) modified: Option<Timestamp>,
    #[serde(default)]
    pub(crate) withdrawn: Option<String>,
    #[serde(default)]
    pub(crate) aliases: Option<Vec<String>>,
    #[serde(default)]
    pub(crate) upstream: Option<Vec<String>>,
    #[serde(default)]
    pub(crate) summary: Option<String>,
    #[serde(default)]
    pub(crate) details: Option<String>,
    #[serde(default)]
    pub(crate) severity: Option<Vec<Score>>,
    #[serde(default)]
    pub(crate) affected: Option<Vec<Affected>>,
    #[serde(default)]
    pub(crate) database_specific: Option<Value>,
}

/// A score in one of the systems that the schema lists.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Score {
    #[serde(rename = "type", default)]
    pub(crate) system: String,
    #[serde(default)]
    pub(crate) score: String,
}

/// What a record says of one package.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Affected {
    #[serde(default)]
    pub(crate) package: Option<PackageName>,
    #[serde(default)]
    pub(crate) severity: Option<Vec<Score>>,
    #[serde(default)]
    pub(crate) ranges: Option<Vec<Range>>,
    #[serde(default)]
    pub(crate) versions: Option<Vec<String>>,
    #[serde(default)]
    pub(crate) ecosystem_specific: Option<Value>,
    #[serde(default)]
    pub(crate) database_specific: Option<Value>,
}

/// A package's name in its ecosystem.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct PackageName {
    #[serde(default)]
    pub(crate) ecosystem: String,
    #[serde(default)]
    pub(crate) name: String,
}

/// A range of versions.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Range {
    #[serde(rename = "type", default)]
    pub(crate) kind: String,
    #[serde(default)]
    pub(crate) events: Vec<Event>,
}

/// What happens at a version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Event {
    /// The flaw comes in; `0` is before every version.
    Introduced(String),
    /// The flaw is gone.
    Fixed(String),
    /// The last version that has the flaw.
    LastAffected(String),
    /// Versions from here on are not spoken of; `*` is after every version.
    Limit(String),
}
