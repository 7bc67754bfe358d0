//! One thing that a check found.

use std::error::Error;

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::rule::Rule;
use crate::severity::Severity;
use crate::subject::PinnedImage;
use crate::waiver::AppliedWaiver;

/// What a finding does to its report. Greatest wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Effect {
    /// Shown, and counts for nothing: below the policy's threshold, or waived.
    Note,
    /// Shown as a warning; does not fail the check.
    Warn,
    /// Something could not be judged: the report is `undecided`.
    Undecided,
    /// The report is `fail`.
    Reject,
}

/// The package that a finding is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Package {
    /// The package URL (purl-spec).
    pub purl: String,
    /// The name as its database writes it.
    pub name: String,
    /// The installed version.
    pub version: String,
    /// The first version without the fault, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fixed_version: Option<String>,
}

/// The advisory that a finding follows from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Advisory {
    /// Its id in the database that it came from.
    pub id: String,
    /// Other ids of the same flaw (CVE, GHSA, …), sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<String>,
}

/// Where it was found. What does not apply is left out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Location {
    /// The index of the layer, from 0 at the bottom.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub layer: Option<u32>,
    /// The digest of that layer's blob.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub layer_digest: Option<Digest>,
    /// The image that brought that layer, where it is not the judged image's own but its base's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<PinnedImage>,
    /// The path in the image, from its root, without a leading `/`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The process in a runtime snapshot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pid: Option<u32>,
    /// A file of the policy (a Rego module) and a line in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
}

/// One thing that a check found: what, how bad, where, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Finding {
    /// The rule's id; `docs/rules.md` explains it.
    pub rule: String,
    /// How bad it is.
    pub severity: Severity,
    /// What it does to the report under the policy in force.
    pub effect: Effect,
    /// One line: what was found.
    pub title: String,
    /// More, for who wants to know why.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub detail: String,
    /// What to do about it.
    pub remedy: String,
    /// Where.
    #[serde(default)]
    pub location: Location,
    /// The package that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub package: Option<Package>,
    /// The advisory that it follows from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub advisory: Option<Advisory>,
    /// The waiver that covers it; then its effect is `note`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waiver: Option<AppliedWaiver>,
}

impl Finding {
    /// A finding of this rule that rejects, with the rule's severity and remedy.
    pub fn new(rule: &Rule, title: impl Into<String>) -> Self {
        Self {
            rule: rule.id.to_owned(),
            severity: rule.severity,
            effect: Effect::Reject,
            title: title.into(),
            detail: String::new(),
            remedy: rule.remedy.to_owned(),
            location: Location::default(),
            package: None,
            advisory: None,
            waiver: None,
        }
    }

    /// A finding of this rule that says something could not be judged.
    pub fn undecided(rule: &Rule, title: impl Into<String>) -> Self {
        Self::new(rule, title).effect(Effect::Undecided)
    }

    /// A finding of this rule that says what could not be done: the error is its title, and the
    /// error's causes its detail.
    pub fn could_not(rule: &Rule, error: &dyn Error) -> Self {
        Self::undecided(rule, error.to_string()).detail(causes(error))
    }

    /// The same with another effect.
    #[must_use]
    pub fn effect(mut self, effect: Effect) -> Self {
        self.effect = effect;
        self
    }

    /// The same with another severity.
    #[must_use]
    pub fn severity(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }

    /// The same with a detail.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = detail.into();
        self
    }

    /// The same with a more exact remedy.
    #[must_use]
    pub fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = remedy.into();
        self
    }

    /// The same with a place.
    #[must_use]
    pub fn location(mut self, location: Location) -> Self {
        self.location = location;
        self
    }
}

/// The causes of an error, nearest first, joined by `: `; empty if it has none.
pub fn causes(error: &dyn Error) -> String {
    let mut text = String::new();
    let mut cause = error.source();
    while let Some(error) = cause {
        let separator = if text.is_empty() { "" } else { ": " };
        text = format!("{text}{separator}{error}");
        cause = error.source();
    }
    text
}
