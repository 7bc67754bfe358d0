//! The image configuration (OCI image-spec, config.md), as far as anybody here looks at it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use verdict::Digest;

/// The image configuration.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Config {
    /// `amd64`, …
    #[serde(default)]
    pub architecture: String,
    /// `linux`, …
    #[serde(default)]
    pub os: String,
    /// `v8`, …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
    /// What a container of it runs.
    #[serde(default)]
    pub config: RuntimeConfig,
    /// The digests of the inflated layers.
    #[serde(default)]
    pub rootfs: RootFs,
    /// How it was built.
    #[serde(default, deserialize_with = "null_is_empty")]
    pub history: Vec<History>,
}

/// What a container of the image runs, and as whom.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct RuntimeConfig {
    /// The user: a name or number, optionally `:` and a group.
    #[serde(deserialize_with = "null_is_empty")]
    pub user: String,
    /// Environment, each `NAME=value`.
    #[serde(deserialize_with = "null_is_empty")]
    pub env: Vec<String>,
    /// The entry point.
    #[serde(deserialize_with = "null_is_empty")]
    pub entrypoint: Vec<String>,
    /// Its arguments.
    #[serde(deserialize_with = "null_is_empty")]
    pub cmd: Vec<String>,
    /// The working folder.
    #[serde(deserialize_with = "null_is_empty")]
    pub working_dir: String,
    /// Labels.
    #[serde(deserialize_with = "null_is_empty")]
    pub labels: BTreeMap<String, String>,
    /// Ports, each `8080/tcp`.
    #[serde(deserialize_with = "null_is_empty")]
    pub exposed_ports: BTreeMap<String, serde_json::Value>,
    /// Volumes.
    #[serde(deserialize_with = "null_is_empty")]
    pub volumes: BTreeMap<String, serde_json::Value>,
}

/// The digests of the inflated layers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RootFs {
    /// One a layer, lowest first.
    #[serde(default)]
    pub diff_ids: Vec<Digest>,
}

/// One step of the build.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct History {
    /// The command.
    #[serde(deserialize_with = "null_is_empty")]
    pub created_by: String,
    /// Whether it made no layer.
    #[serde(deserialize_with = "null_is_empty")]
    pub empty_layer: bool,
}

// Docker writes `null` where OCI leaves a field out.
fn null_is_empty<'de, T, D>(deserializer: D) -> Result<T, D::Error>
where
    T: Default + Deserialize<'de>,
    D: serde::Deserializer<'de>,
{
    Ok(Option::<T>::deserialize(deserializer)?.unwrap_or_default())
}
