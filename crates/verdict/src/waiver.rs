//! A waiver: somebody takes a finding upon themselves, for a reason and until a day.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// What policy.yml says of a finding that is to be let through. Each condition that is given
/// must hold; at least a rule or an advisory is given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Waiver {
    /// The rule whose findings are waived.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// The advisory, by its id or any of its aliases.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub advisory: Option<String>,
    /// The package's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub package: Option<String>,
    /// A glob over the image's repository (`ghcr.io/acme/*`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// Why the finding is acceptable.
    pub reason: String,
    /// Who answers for it.
    pub owner: String,
    /// The last day (UTC) on which it waives.
    #[cfg_attr(feature = "schema", schemars(with = "String", extend("format" = "date")))]
    pub expires: Date,
}

/// The mark that a waiver leaves on the finding that it covered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AppliedWaiver {
    /// Why the finding is acceptable.
    pub reason: String,
    /// Who answers for it.
    pub owner: String,
    /// The last day (UTC) on which it waives.
    #[cfg_attr(feature = "schema", schemars(with = "String", extend("format" = "date")))]
    pub expires: Date,
}

impl From<&Waiver> for AppliedWaiver {
    fn from(waiver: &Waiver) -> Self {
        Self { reason: waiver.reason.clone(), owner: waiver.owner.clone(), expires: waiver.expires }
    }
}
