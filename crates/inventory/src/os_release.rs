//! Which distribution an image is of.

use serde::{Deserialize, Serialize};

/// What os-release(5) says of the distribution. Absent fields are empty.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct OsRelease {
    /// `ID`: `alpine`, `debian`, …; `linux` where the file names none.
    pub id: String,
    /// `ID_LIKE`: what it descends from, nearest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub id_like: Vec<String>,
    /// `VERSION_ID`: `3.20.3`, `12`; empty on rolling distributions.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub version_id: String,
    /// `VERSION_CODENAME`: `bookworm`, …
    #[serde(skip_serializing_if = "String::is_empty")]
    pub version_codename: String,
    /// `PRETTY_NAME`: for people.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub pretty_name: String,
}
