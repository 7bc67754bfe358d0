//! A rule: the fault it finds, by a stable id, and what mends it.

use crate::severity::Severity;

/// A rule of a check. Its id is the fault's name; `docs/rules.md` has a section under the same id,
/// and a test fails when it has none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// Kebab case, named after the fault (`runs-as-root`).
    pub id: &'static str,
    /// The fault in a few words, for a list.
    pub title: &'static str,
    /// How bad it is when nothing more exact is known.
    pub severity: Severity,
    /// What to do about it: an imperative sentence.
    pub remedy: &'static str,
}

/// Rules that every check shares: the ways in which a question can stay unanswered, and waivers.
pub mod common {
    use super::{Rule, Severity};

    /// Past a limit of the policy.
    pub const LIMIT_EXCEEDED: Rule = Rule {
        id: "limit-exceeded",
        title: "the image is larger than the limits let it be",
        severity: Severity::High,
        remedy: "make the image smaller, or raise the named limit in policy.yml under `limits:`",
    };
    /// The registry, daemon or file did not answer.
    pub const IMAGE_UNREACHABLE: Rule = Rule {
        id: "image-unreachable",
        title: "the image could not be fetched",
        severity: Severity::High,
        remedy: "check the image's name, the network and the registry credentials, then validate again",
    };
    /// The bytes are not the image that the name promises.
    pub const IMAGE_MALFORMED: Rule = Rule {
        id: "image-malformed",
        title: "the image's bytes are damaged or not what they are declared to be",
        severity: Severity::High,
        remedy: "push the image again from a trusted builder; if it happens twice, distrust the registry",
    };
    /// A required check has not answered.
    pub const REPORT_MISSING: Rule = Rule {
        id: "report-missing",
        title: "a required check gave no report",
        severity: Severity::High,
        remedy: "see that the check's function is deployed and ready, then validate again",
    };
    /// An answer that does not carry the signature of this validation.
    pub const REPORT_UNTRUSTED: Rule = Rule {
        id: "report-untrusted",
        title: "a report was unsigned, stale or signed with another key",
        severity: Severity::High,
        remedy: "give every function the same secret `validation-key`, and look for who else answers",
    };
    /// The check itself failed.
    pub const CHECK_FAILED: Rule = Rule {
        id: "check-failed",
        title: "the check could not be carried out",
        severity: Severity::High,
        remedy: "read the detail and the check's log, then validate again",
    };
    /// The policy could not be read.
    pub const POLICY_INVALID: Rule = Rule {
        id: "policy-invalid",
        title: "the policy could not be read",
        severity: Severity::High,
        remedy: "run `faas-validator policy check FILE` and mend what it names",
    };
    /// A waiver has run out.
    pub const WAIVER_EXPIRED: Rule = Rule {
        id: "waiver-expired",
        title: "a waiver that would have covered a finding has expired",
        severity: Severity::Low,
        remedy: "mend the finding, or have the waiver's owner renew it in policy.yml",
    };

    /// All of the above.
    pub const RULES: &[Rule] = &[
        LIMIT_EXCEEDED,
        IMAGE_UNREACHABLE,
        IMAGE_MALFORMED,
        REPORT_MISSING,
        REPORT_UNTRUSTED,
        CHECK_FAILED,
        POLICY_INVALID,
        WAIVER_EXPIRED,
    ];
}
