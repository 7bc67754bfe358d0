//! Whom an authority traces certificates, logs and timestamps to.

use serde::{Deserialize, Serialize};

const PUBLIC_GOOD: &str = "public-good";

/// A Sigstore trusted root: `public-good`, the text of a trusted_root.json, or in policy.yml the
/// path of one; a parsed policy holds the file's text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct TrustedRootSource(pub(crate) String);

impl TrustedRootSource {
    /// The JSON of it; nothing stands for Sigstore's public-good instance, which is built in.
    pub fn json(&self) -> Option<&str> {
        (!self.is_public_good()).then_some(&self.0)
    }

    pub(super) fn is_public_good(&self) -> bool {
        self.0 == PUBLIC_GOOD
    }

    /// The path that stands in policy.yml, if it is one.
    pub(crate) fn path(&self) -> Option<&str> {
        self.json().filter(|text| !text.trim_start().starts_with('{'))
    }
}

impl Default for TrustedRootSource {
    fn default() -> Self {
        Self(PUBLIC_GOOD.to_owned())
    }
}
