//! policy.yml's `checks:` part: who must have answered before a verdict can accept.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use verdict::{CheckName, Phase};

/// The checks there are.
pub(crate) const KNOWN: [&str; 4] =
    ["scan-layers", "verify-signature", "check-policy", "check-runtime"];

/// The checks that are required in each phase. One that is required and does not answer leaves
/// the verdict `undecided`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Checks {
    /// Before an image is deployed.
    pub build: BTreeSet<CheckName>,
    /// While its containers run.
    pub runtime: BTreeSet<CheckName>,
}

impl Checks {
    /// The checks that are required in this phase.
    pub fn required(&self, phase: Phase) -> &BTreeSet<CheckName> {
        match phase {
            Phase::Build => &self.build,
            Phase::Runtime => &self.runtime,
        }
    }
}

impl Default for Checks {
    fn default() -> Self {
        Self {
            build: KNOWN[..3].iter().copied().map(CheckName::new).collect(),
            runtime: KNOWN.map(CheckName::new).into(),
        }
    }
}
