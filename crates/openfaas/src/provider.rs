//! The types that gateway and provider speak (faas-provider `types`), as far as they are used.
//! Fields that are absent or unknown are left alone: providers fill them differently.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What PUT and POST /system/functions take.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Deployment {
    /// The function's name.
    pub service: String,
    /// Its image.
    pub image: String,
    /// Its namespace; empty for the provider's default.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub namespace: String,
    /// The process that the watchdog starts; becomes `fprocess` in the container.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub env_process: String,
    /// Environment variables.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub env_vars: BTreeMap<String, String>,
    /// Placement constraints.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub constraints: Vec<String>,
    /// Names of secrets, mounted below /var/openfaas/secrets.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub secrets: Vec<String>,
    /// Labels. Sent also when there are none, as faas-cli does.
    pub labels: BTreeMap<String, String>,
    /// Annotations. Sent also when there are none, as faas-cli does.
    pub annotations: BTreeMap<String, String>,
    /// What it may use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limits: Option<Resources>,
    /// What is set aside for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requests: Option<Resources>,
    /// Whether its root file system is read-only (faasd ignores it).
    pub read_only_root_filesystem: bool,
}

/// Amounts of memory and processor, in the provider's notation (`64Mi`, `100m`).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Resources {
    /// Memory.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub memory: String,
    /// Processor.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub cpu: String,
}

/// What GET /system/functions and /system/function/NAME tell. There is no image digest in it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Status {
    /// The function's name.
    pub name: String,
    /// Its image, as it was deployed.
    pub image: String,
    /// Its namespace.
    pub namespace: String,
    /// The process that the watchdog starts.
    pub env_process: Option<String>,
    /// Environment variables, where the provider tells them.
    pub env_vars: Option<BTreeMap<String, String>>,
    /// Names of its secrets.
    pub secrets: Option<Vec<String>>,
    /// Labels.
    pub labels: Option<BTreeMap<String, String>>,
    /// Annotations.
    pub annotations: Option<BTreeMap<String, String>>,
    /// What it may use.
    pub limits: Option<Resources>,
    /// Whether its root file system is read-only, where the provider tells.
    pub read_only_root_filesystem: bool,
    /// Calls so far, as the gateway's metrics have it.
    pub invocation_count: f64,
    /// How many replicas are wanted.
    pub replicas: u64,
    /// How many are ready.
    pub available_replicas: u64,
    /// When it was created, in the provider's own words.
    pub created_at: Option<String>,
}

/// A secret, on its way to /system/secrets. Its value is never printed and never read back.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Secret {
    /// Its name, which is its file's name in the function.
    pub name: String,
    /// Its namespace; empty for the provider's default.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub namespace: String,
    /// What it is.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub value: String,
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Secret({:?}, ..)", self.name)
    }
}
