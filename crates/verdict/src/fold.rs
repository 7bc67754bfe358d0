//! From reports to a verdict: a join over a semilattice.
//!
//! Reports may come twice, late and in any order, on any replica. So the fold is commutative,
//! associative and idempotent, and more reports of a check never make its answer milder.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::report::{CheckName, CheckOutcome, Report};
use crate::request::ValidationId;
use crate::subject::{Phase, Subject};

/// What it all comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// Every required check passed.
    Accepted,
    /// Nothing rejects, and something could not be judged.
    Undecided,
    /// Something rejects.
    Rejected,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Accepted => "accepted",
            Self::Undecided => "undecided",
            Self::Rejected => "rejected",
        })
    }
}

/// The reports of one validation, gathered. Of two reports of one check the worse is kept; of two
/// equally bad ones always the same one.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Fold {
    reports: BTreeMap<CheckName, Report>,
}

impl Fold {
    /// Takes one report in.
    pub fn add(&mut self, report: Report) {
        match self.reports.get(&report.check) {
            Some(known) if !is_worse(&report, known) => {}
            _ => {
                self.reports.insert(report.check.clone(), report);
            }
        }
    }

    /// Takes in all that another replica has gathered.
    #[must_use]
    pub fn join(mut self, other: Self) -> Self {
        other.reports.into_values().for_each(|report| self.add(report));
        self
    }

    /// What the reports come to if these checks are required. A missing one is `undecided`.
    pub fn outcome(&self, required: &BTreeSet<CheckName>) -> Outcome {
        let missing = !self.missing(required).is_empty();
        match self.reports.values().map(Report::outcome).max() {
            Some(CheckOutcome::Fail) => Outcome::Rejected,
            Some(CheckOutcome::Undecided) | None => Outcome::Undecided,
            Some(CheckOutcome::Pass) if missing => Outcome::Undecided,
            Some(CheckOutcome::Pass) => Outcome::Accepted,
        }
    }

    /// The required checks that have not answered.
    pub fn missing(&self, required: &BTreeSet<CheckName>) -> Vec<CheckName> {
        required.iter().filter(|check| !self.reports.contains_key(check)).cloned().collect()
    }

    /// The reports, by check.
    pub fn into_reports(self) -> Vec<Report> {
        self.reports.into_values().collect()
    }
}

fn is_worse(new: &Report, known: &Report) -> bool {
    (new.outcome(), new.digest(), new.took_ms) > (known.outcome(), known.digest(), known.took_ms)
}

/// The answer to a validation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Verdict {
    /// Which validation this is.
    pub validation: ValidationId,
    /// When the subject was judged.
    pub phase: Phase,
    /// What it comes to.
    pub outcome: Outcome,
    /// Whether the subject may be deployed or go on running. An `undecided` one may only where
    /// the policy says `on-undecided: warn`; a rejected one never.
    pub admitted: bool,
    /// Who was judged.
    pub subject: Subject,
    /// The revision of the policy.
    pub policy: Digest,
    /// The revision of the advisory index, if one was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub advisories: Option<String>,
    /// What each check answered.
    pub reports: Vec<Report>,
    /// Required checks that gave no report.
    #[serde(default)]
    pub missing: Vec<CheckName>,
    /// When it was judged (UTC).
    #[cfg_attr(feature = "schema", schemars(with = "String", extend("format" = "date-time")))]
    pub judged_at: Timestamp,
    /// Until when it holds (UTC): then the subject is to be judged again.
    #[cfg_attr(feature = "schema", schemars(with = "String", extend("format" = "date-time")))]
    pub valid_until: Timestamp,
}
