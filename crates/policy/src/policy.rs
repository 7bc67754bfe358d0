//! policy.yml as a whole.

use jiff::{Timestamp, ToSpan, tz::TimeZone};
use serde::{Deserialize, Serialize};
use verdict::{Limits, PolicyDocument, Waiver};

use crate::checks::Checks;
use crate::error::PolicyError;
use crate::image::ImageRules;
use crate::read;
use crate::rego::Rego;
use crate::runtime::RuntimePolicy;
use crate::signatures::Signatures;
use crate::sources::Sources;
use crate::validity::Validity;
use crate::vulnerabilities::Vulnerabilities;

/// What is asked of images and functions. What policy.yml leaves out has its default, which is
/// the careful one.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Policy {
    /// What a subject that could not be judged may do.
    pub on_undecided: OnUndecided,
    /// How long a verdict holds.
    pub valid_for: Validity,
    /// Who must have answered.
    pub checks: Checks,
    /// Which known flaws reject.
    pub vulnerabilities: Vulnerabilities,
    /// Where images may come from.
    pub sources: Sources,
    /// Whose signature is asked of which images.
    pub signatures: Signatures,
    /// What the rules over an image's configuration and files do.
    pub image: ImageRules,
    /// The user's own rules.
    pub rego: Rego,
    /// What a running function may do.
    pub runtime: RuntimePolicy,
    /// How much of an image is taken in.
    pub limits: Limits,
    /// Who has taken which finding upon themselves, and until when.
    pub waivers: Vec<Waiver>,
}

/// What a subject that could not be judged may do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum OnUndecided {
    /// It is not deployed.
    #[default]
    Reject,
    /// It is deployed, with a warning.
    Warn,
}

impl Policy {
    /// Reads a policy that has its files with it.
    ///
    /// # Errors
    /// The first fault in it; [`Policy::faults`] gives all that can be seen at once.
    pub fn parse(document: &PolicyDocument) -> Result<Self, PolicyError> {
        let (policy, faults) = read::policy(document)?;
        faults.into_iter().next().map_or(Ok(policy), Err)
    }

    /// Every fault of a policy: the first of its syntax, or else all of its meaning.
    pub fn faults(document: &PolicyDocument) -> Vec<PolicyError> {
        read::policy(document).map_or_else(|error| vec![error], |(_, faults)| faults)
    }

    /// Until when a verdict of now holds: as long as the policy says, and no longer than any
    /// waiver that is in force, for with the waiver the verdict may change.
    pub fn valid_until(&self, now: Timestamp) -> Timestamp {
        let first_end = |waiver: &Waiver| {
            let day_after = waiver.expires.checked_add(1.day()).ok()?;
            TimeZone::UTC.to_timestamp(day_after.at(0, 0, 0, 0)).ok()
        };
        let full = now.checked_add(self.valid_for.duration()).unwrap_or(Timestamp::MAX);
        self.waivers
            .iter()
            .filter_map(first_end)
            .filter(|end| *end > now)
            .fold(full, Timestamp::min)
    }
}
