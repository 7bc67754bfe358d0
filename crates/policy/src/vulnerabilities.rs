//! policy.yml's `vulnerabilities:` part: which known flaws reject an image.

use serde::{Deserialize, Serialize};
use verdict::{Effect, Severity};

/// Which known flaws reject an image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Vulnerabilities {
    /// Flaws that reject: a severity and those above it, or a list of severities.
    pub reject: Severities,
    /// Flaws that warn, if they do not reject.
    pub warn: Severities,
    /// What a flaw does that nobody has rated.
    pub unknown: Effect,
    /// Whether a flaw for which there is no fixed version warns at most.
    pub only_fixable: bool,
    /// What a package does that could not be judged: its version cannot be read, or its
    /// distribution is not in the advisory index.
    pub not_judged: Effect,
}

/// A severity and those above it, or a list of severities.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(untagged)]
pub enum Severities {
    /// This one and those above it; never `unknown`, which has a key of its own.
    From(Severity),
    /// These; an empty list is none.
    Only(Vec<Severity>),
}

impl Severities {
    /// Whether this one is among them.
    pub fn contains(&self, severity: Severity) -> bool {
        match self {
            Self::From(least) => severity != Severity::Unknown && severity >= *least,
            Self::Only(list) => list.contains(&severity),
        }
    }

    pub(crate) fn names_unknown(&self) -> bool {
        match self {
            Self::From(severity) => *severity == Severity::Unknown,
            Self::Only(list) => list.contains(&Severity::Unknown),
        }
    }
}

impl Vulnerabilities {
    /// What a flaw of this severity does; `fixable` says whether a fixed version is known.
    pub fn effect(&self, severity: Severity, fixable: bool) -> Effect {
        let effect = match severity {
            Severity::Unknown => self.unknown,
            rated if self.reject.contains(rated) => Effect::Reject,
            rated if self.warn.contains(rated) => Effect::Warn,
            _ => Effect::Note,
        };
        if self.only_fixable && !fixable { effect.min(Effect::Warn) } else { effect }
    }
}

impl Default for Vulnerabilities {
    fn default() -> Self {
        Self {
            reject: Severities::From(Severity::High),
            warn: Severities::From(Severity::Medium),
            unknown: Effect::Undecided,
            only_fixable: false,
            not_judged: Effect::Undecided,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(yaml: &str, severity: Severity, fixable: bool, expect: Effect) {
        let vulnerabilities: Vulnerabilities = serde_saphyr::from_str(yaml).unwrap();
        assert_eq!(vulnerabilities.effect(severity, fixable), expect, "{yaml} {severity}");
    }

    #[test]
    fn a_severity_rejects_from_the_threshold_up_or_by_list() {
        check("{}", Severity::Critical, false, Effect::Reject);
        check("{}", Severity::High, false, Effect::Reject);
        check("{}", Severity::Medium, true, Effect::Warn);
        check("{}", Severity::Low, true, Effect::Note);
        check("reject: low", Severity::Low, true, Effect::Reject);
        check("reject: [critical]", Severity::High, true, Effect::Warn);
        check("{reject: [], warn: []}", Severity::Critical, true, Effect::Note);
    }

    #[test]
    fn an_unrated_flaw_is_not_taken_for_harmless() {
        check("{}", Severity::Unknown, true, Effect::Undecided);
        check("reject: negligible", Severity::Unknown, true, Effect::Undecided);
        check("unknown: reject", Severity::Unknown, true, Effect::Reject);
    }

    #[test]
    fn without_a_fix_it_warns_at_most_where_the_policy_says_so() {
        check("only-fixable: true", Severity::Critical, false, Effect::Warn);
        check("only-fixable: true", Severity::Critical, true, Effect::Reject);
        check("only-fixable: true", Severity::Low, false, Effect::Note);
    }
}
