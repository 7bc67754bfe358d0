//! policy.yml's `sources:` part: where images may come from, and how registries are spoken to.

use serde::{Deserialize, Serialize};

use crate::image_glob::ImageGlob;
use crate::runtime::Demand;

/// Where images may come from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Sources {
    /// Repositories that images may come from. An empty list trusts none; without the key every
    /// repository is trusted, and only signatures tell.
    pub trusted: Vec<ImageGlob>,
    /// Registries (`host` or `host:port`) that are spoken to without TLS. Loopback always may be.
    pub insecure_registries: Vec<String>,
    /// Whether a registry may lie at a private or link-local address.
    pub private_addresses: Permission,
    /// Whether the images that a build uses must be named by digest.
    pub pinned: Demand,
}

/// Whether something that is dangerous in general is let be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Permission {
    /// It may.
    Allowed,
    /// It may not.
    Refused,
}

impl Sources {
    /// Whether images of this repository may be taken.
    pub fn trusts(&self, repository: &str) -> bool {
        self.trusted.iter().any(|glob| glob.is_match(repository))
    }

    /// Whether the registry (`host` or `host:port`) may be spoken to without TLS.
    pub fn is_insecure(&self, registry: &str) -> bool {
        self.insecure_registries.iter().any(|known| known == registry)
    }
}

impl Default for Sources {
    fn default() -> Self {
        Self {
            trusted: ImageGlob::any().into_iter().collect(),
            insecure_registries: Vec::new(),
            private_addresses: Permission::Refused,
            pinned: Demand::Advised,
        }
    }
}
