//! What the evaluator's process is asked, and what it answers.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use verdict::Severity;

use super::{Namespace, RegoFile, RegoVersion};

/// Everything that an evaluation needs.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Question {
    pub(super) version: RegoVersion,
    pub(super) namespaces: Vec<Namespace>,
    pub(super) modules: Vec<RegoFile>,
    pub(super) documents: Vec<RegoFile>,
    pub(super) results_max: u32,
    /// Without an input the rules are read and not asked.
    pub(super) input: Option<Box<RawValue>>,
}

/// The evaluator's answer.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Answer {
    /// The rules were asked.
    Asked(RegoAnswers),
    /// The rules cannot be asked, and why.
    Refused(String),
}

/// What the user's rules said.
#[derive(Debug, Default, Clone, PartialEq, Serialize, Deserialize)]
pub struct RegoAnswers {
    /// What they found.
    pub results: Vec<RegoResult>,
    /// The rules that were asked, each `data.main.deny_root`.
    pub rules: Vec<String>,
    /// Rules whose results an `exception` rule set aside.
    pub excepted: Vec<String>,
}

/// Which way a rule's results weigh.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum RegoKind {
    /// `deny` and `violation`.
    Deny,
    /// `warn`.
    Warn,
}

/// One thing that a rule found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RegoResult {
    /// The rule: `data.main.deny_root`.
    pub rule: String,
    /// Which way it weighs.
    pub kind: RegoKind,
    /// What it says: the string, or the object's `msg`.
    pub message: String,
    /// How bad, if the rule says so.
    pub severity: Option<Severity>,
    /// What to do about it, if the rule says so.
    pub remedy: Option<String>,
    /// The rule's title, if it has one.
    pub title: Option<String>,
    /// The module and the line of the rule's first definition: `rules/a.rego:12`.
    pub source: String,
    /// The object's other fields.
    pub metadata: serde_json::Map<String, serde_json::Value>,
}
