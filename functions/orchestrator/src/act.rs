//! Step 5: what follows from a verdict. It is written down, said in the log, and answered.
//!
//! Only verdicts that decide something are written down: an undecided one is to be tried again,
//! and must not stand in the way of that. A runtime verdict is about the snapshot that was
//! brought, which its id does not name, so each snapshot is judged afresh.

use event_bus::{Bus, Recorded};
use jiff::Timestamp;
use verdict::{Finding, Outcome, Phase, Verdict, common};

use crate::fold;
use crate::pipeline::Asker;
use crate::plan::Plan;

/// The verdict that stands already, if there is one and it still holds.
pub(crate) async fn standing(bus: &dyn Bus, plan: &Plan, now: Timestamp) -> Option<Verdict> {
    if plan.request.phase != Phase::Build {
        return None;
    }
    match bus.recorded(&plan.request.validation).await {
        Ok(verdict) => verdict.filter(|verdict| verdict.valid_until > now),
        Err(error) => {
            // Judging anew is always right; it only costs.
            tracing::warn!(%error, "the verdict log does not answer");
            None
        }
    }
}

/// Writes the verdict down where it is to be, and says it. Returns the one that stands.
pub(crate) async fn conclude(
    bus: &dyn Bus,
    plan: &Plan,
    verdict: Verdict,
    asker: Asker,
) -> Verdict {
    let lasting = verdict.phase == Phase::Build && verdict.outcome != Outcome::Undecided;
    let verdict = match (asker, lasting) {
        (Asker::Own, true) => match bus.record(verdict.clone()).await.map(Recorded::verdict) {
            Ok(standing) => standing,
            Err(error) => {
                let finding = Finding::could_not(&common::CHECK_FAILED, &error);
                fold::spoiled(plan, verdict, finding)
            }
        },
        _ => verdict,
    };
    say(&verdict);
    verdict
}

fn say(verdict: &Verdict) {
    let missing: Vec<&str> = verdict.missing.iter().map(|check| check.as_str()).collect();
    tracing::info!(
        validation = %verdict.validation,
        phase = %verdict.phase,
        image = %verdict.subject.image,
        function = verdict.subject.function.as_deref().unwrap_or(""),
        outcome = %verdict.outcome,
        admitted = verdict.admitted,
        missing = missing.join(","),
        "verdict"
    );
}
