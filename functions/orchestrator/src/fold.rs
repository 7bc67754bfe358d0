//! Step 4: what the reports come to. The fold itself is [`verdict::Fold`]; here it meets the
//! policy.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use policy::OnUndecided;
use verdict::{Finding, Outcome, Report, Request, Verdict, common};

use crate::pipeline::{NAME, Reports};
use crate::plan::{Plan, Unplanned};

/// How long it is known that something could not be judged: then it is tried again.
const UNDECIDED_HOLDS: SignedDuration = SignedDuration::from_mins(5);

/// The verdict over these reports.
pub(crate) fn verdict(plan: &Plan, reports: Reports, now: Timestamp) -> Verdict {
    let outcome = reports.outcome(&plan.required);
    let missing = reports.missing(&plan.required);
    let valid_until = match outcome {
        Outcome::Undecided => soon(now),
        Outcome::Accepted | Outcome::Rejected => plan.policy.valid_until(now),
    };
    let reports = reports.into_reports();
    Verdict {
        validation: plan.request.validation.clone(),
        phase: plan.request.phase,
        outcome,
        admitted: is_admitted(outcome, plan.policy.on_undecided),
        subject: plan.request.subject.clone(),
        policy: plan.request.policy.digest(),
        advisories: reports.iter().find_map(advisories),
        reports,
        missing,
        judged_at: now,
        valid_until,
    }
}

/// The verdict when there is no plan: nobody was asked, so nothing is admitted.
pub(crate) fn unplanned(unplanned: Unplanned, now: Timestamp) -> Verdict {
    let Unplanned { request, error } = unplanned;
    let finding = Finding::could_not(&common::POLICY_INVALID, &error).remedy(error.remedy());
    let mut reports = Reports::default();
    reports.add(own_report(&request, finding));
    Verdict {
        validation: request.validation.clone(),
        phase: request.phase,
        outcome: reports.outcome(&BTreeSet::new()),
        admitted: false,
        policy: request.policy.digest(),
        subject: request.subject,
        advisories: None,
        reports: reports.into_reports(),
        missing: Vec::new(),
        judged_at: now,
        valid_until: soon(now),
    }
}

/// The verdict once something went wrong after it: no milder, and no longer accepted.
pub(crate) fn spoiled(plan: &Plan, verdict: Verdict, finding: Finding) -> Verdict {
    let mut reports = Reports::default();
    verdict.reports.into_iter().for_each(|report| reports.add(report));
    reports.add(own_report(&plan.request, finding));
    self::verdict(plan, reports, verdict.judged_at)
}

/// What the orchestrator itself has to report.
fn own_report(request: &Request, finding: Finding) -> Report {
    Report::new(request.validation.clone(), NAME, vec![finding])
}

fn is_admitted(outcome: Outcome, on_undecided: OnUndecided) -> bool {
    match (outcome, on_undecided) {
        (Outcome::Accepted, _) | (Outcome::Undecided, OnUndecided::Warn) => true,
        (Outcome::Undecided, OnUndecided::Reject) | (Outcome::Rejected, _) => false,
    }
}

fn soon(now: Timestamp) -> Timestamp {
    now.saturating_add(UNDECIDED_HOLDS).unwrap_or(Timestamp::MAX)
}

/// The revision of the advisory index, as the check that asked it names it in its evidence.
fn advisories(report: &Report) -> Option<String> {
    let evidence = report.evidence.get("advisories")?;
    let revision = evidence.get("revision").unwrap_or(evidence);
    revision.as_str().map(str::to_owned)
}
