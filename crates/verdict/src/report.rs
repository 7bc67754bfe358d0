//! What a check answers.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::finding::{Effect, Finding};
use crate::request::ValidationId;

/// A check's name, which is its function's name: `scan-layers`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct CheckName(Cow<'static, str>);

impl CheckName {
    /// The name of a check known when this was compiled.
    pub const fn new(name: &'static str) -> Self {
        Self(Cow::Borrowed(name))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<String> for CheckName {
    fn from(name: String) -> Self {
        Self(Cow::Owned(name))
    }
}

impl fmt::Display for CheckName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// What a check found out. Greatest is worst.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum CheckOutcome {
    /// Everything was looked at and nothing rejects.
    Pass,
    /// Something could not be looked at. Never taken for a pass.
    Undecided,
    /// Something rejects.
    Fail,
}

impl fmt::Display for CheckOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Pass => "pass",
            Self::Undecided => "undecided",
            Self::Fail => "fail",
        })
    }
}

/// The answer of one check to one [`Request`](crate::Request).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Report {
    /// Which validation this belongs to.
    pub validation: ValidationId,
    /// Who answers.
    pub check: CheckName,
    /// The worst that the findings come to; use [`Report::outcome`], which does not believe a
    /// stranger's field that is milder than its findings.
    outcome: CheckOutcome,
    /// What was found, worst first.
    pub findings: Vec<Finding>,
    /// What was looked at: digests, counts, signers, the advisory revision.
    #[serde(default)]
    pub evidence: BTreeMap<String, serde_json::Value>,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
}

impl Report {
    /// The report that these findings come to.
    pub fn new(validation: ValidationId, check: CheckName, mut findings: Vec<Finding>) -> Self {
        findings.sort_by(|a, b| {
            (b.effect, b.severity)
                .cmp(&(a.effect, a.severity))
                .then_with(|| (&a.rule, &a.title).cmp(&(&b.rule, &b.title)))
        });
        let outcome = outcome_of(&findings);
        Self { validation, check, outcome, findings, evidence: BTreeMap::new(), took_ms: 0 }
    }

    /// The worse of what the report says of itself and what its findings come to.
    pub fn outcome(&self) -> CheckOutcome {
        self.outcome.max(outcome_of(&self.findings))
    }

    /// The same with one more piece of evidence.
    #[must_use]
    pub fn evidence(mut self, name: &str, value: impl Into<serde_json::Value>) -> Self {
        self.evidence.insert(name.to_owned(), value.into());
        self
    }

    /// A digest over what the report says, however long it took: equal for equal answers.
    pub fn digest(&self) -> Digest {
        let said = (&self.validation, &self.check, self.outcome(), &self.findings, &self.evidence);
        // Serialising plain data with string keys to memory has no way to fail.
        Digest::of(&serde_json::to_vec(&said).unwrap_or_default())
    }
}

fn outcome_of(findings: &[Finding]) -> CheckOutcome {
    match findings.iter().map(|finding| finding.effect).max() {
        Some(Effect::Reject) => CheckOutcome::Fail,
        Some(Effect::Undecided) => CheckOutcome::Undecided,
        Some(Effect::Warn | Effect::Note) | None => CheckOutcome::Pass,
    }
}
