//! What the user's own rules say (Rego).

use std::time::Duration;

use inventory::Inventory;
use jiff::Timestamp;
use policy::rego::{self, RegoAnswers, RegoError, RegoKind, RegoResult};
use policy::{PolicyInput, Rego};
use verdict::{Effect, Finding, Location, Rule, Severity};

/// A `deny` or `violation` rule gave a result.
pub(crate) const DENIED: Rule = Rule {
    id: "policy-denied",
    title: "a deny or violation rule of the policy gave a result",
    severity: Severity::High,
    remedy: "do what the rule asks; its file and line are named",
};

/// A `warn` rule gave a result.
pub(crate) const WARNED: Rule = Rule {
    id: "policy-warned",
    title: "a warn rule of the policy gave a result",
    severity: Severity::Medium,
    remedy: "do what the rule asks; its file and line are named",
};

/// The rules could not be asked, or not all of them.
pub(crate) const FAILED: Rule = Rule {
    id: "rego-failed",
    title: "the policy's own rules could not be asked",
    severity: Severity::High,
    remedy: "mend the named rule, or raise the named limit in policy.yml under `rego.limits:`",
};

/// Asks the rules about the input; nothing if the policy has none.
pub(crate) fn ask(
    rego: &Rego,
    input: &PolicyInput,
    deadline: Timestamp,
) -> Option<Result<RegoAnswers, RegoError>> {
    if rego.paths.is_empty() {
        return None;
    }
    let left = deadline.duration_since(Timestamp::now());
    Some(rego::evaluate(rego, input, Duration::try_from(left).unwrap_or(Duration::ZERO)))
}

/// What the rules' answers come to. Rules that did not see all packages have not answered about
/// those that they did not see.
pub(crate) fn judge(
    answers: &Result<RegoAnswers, RegoError>,
    inventory: &Inventory,
) -> Vec<Finding> {
    let mut findings = match answers {
        Ok(answers) => answers.results.iter().map(finding).collect(),
        Err(error) => {
            let failed = Finding::could_not(&FAILED, error);
            vec![failed.remedy(error.remedy())]
        }
    };
    if let Some(note) = inventory.notes.first() {
        let title = "the policy's own rules did not see every package";
        let path = super::short(&note.path);
        let detail = format!("/{path} could not be read: {}", note.reason);
        findings.push(Finding::undecided(&FAILED, title).detail(detail).remedy(
            "mend the named file of the image, which its package manager could not read either",
        ));
    }
    findings
}

fn finding(result: &RegoResult) -> Finding {
    let (rule, effect) = match result.kind {
        RegoKind::Deny => (&DENIED, Effect::Reject),
        RegoKind::Warn => (&WARNED, Effect::Warn),
    };
    let mut detail = match &result.title {
        Some(title) => format!("{title} ({})", result.rule),
        None => result.rule.clone(),
    };
    if !result.metadata.is_empty() {
        let more: String = serde_json::Value::Object(result.metadata.clone())
            .to_string()
            .chars()
            .take(2_000)
            .collect();
        detail = format!("{detail}: {more}");
    }
    let location = Location { source: Some(result.source.clone()), ..Location::default() };
    let mut finding = Finding::new(rule, result.message.clone())
        .effect(effect)
        .severity(result.severity.unwrap_or(rule.severity))
        .detail(detail)
        .location(location);
    if let Some(remedy) = &result.remedy {
        finding.remedy.clone_from(remedy);
    }
    finding
}
