//! Laws of the fold: whatever order, whatever repetition, the same verdict; never milder.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::collections::BTreeSet;

use proptest::prelude::*;
use verdict::{
    CheckName, CheckOutcome, Effect, Finding, Fold, Outcome, Report, Severity, ValidationId, common,
};

const CHECKS: [&str; 4] = ["check-policy", "check-runtime", "scan-layers", "verify-signature"];

fn effect() -> impl Strategy<Value = Effect> {
    prop_oneof![
        Just(Effect::Note),
        Just(Effect::Warn),
        Just(Effect::Undecided),
        Just(Effect::Reject)
    ]
}

fn report() -> impl Strategy<Value = Report> {
    let finding = (effect(), "[a-c]{1,2}").prop_map(|(effect, title)| {
        Finding::new(&common::CHECK_FAILED, title).effect(effect).severity(Severity::Low)
    });
    (0..CHECKS.len(), prop::collection::vec(finding, 0..3), 0..3_u64).prop_map(
        |(check, findings, took_ms)| {
            let mut report = Report::new(id(), CheckName::new(CHECKS[check]), findings);
            report.took_ms = took_ms;
            report
        },
    )
}

fn id() -> ValidationId {
    serde_json::from_str(r#""00000000000000000000000000000000""#).unwrap()
}

fn required() -> BTreeSet<CheckName> {
    CHECKS.map(CheckName::new).into()
}

fn fold(reports: &[Report]) -> Fold {
    let mut fold = Fold::default();
    reports.iter().cloned().for_each(|report| fold.add(report));
    fold
}

proptest! {
    #[test]
    fn order_does_not_matter(reports in prop::collection::vec(report(), 0..8), seed in any::<u64>()) {
        let mut shuffled = reports.clone();
        let rotation = usize::try_from(seed % 8).unwrap() % shuffled.len().max(1);
        shuffled.rotate_left(rotation);
        shuffled.reverse();
        prop_assert_eq!(fold(&reports), fold(&shuffled));
    }

    #[test]
    fn joins_associate_and_repeat_freely(
        a in prop::collection::vec(report(), 0..4),
        b in prop::collection::vec(report(), 0..4),
        c in prop::collection::vec(report(), 0..4),
    ) {
        let (a, b, c) = (fold(&a), fold(&b), fold(&c));
        let left = a.clone().join(b.clone()).join(c.clone());
        let right = a.clone().join(b.clone().join(c.clone()));
        prop_assert_eq!(&left, &right);
        prop_assert_eq!(left.clone().join(right), left);
        prop_assert_eq!(a.clone().join(b.clone()), b.join(a));
    }

    #[test]
    fn a_rejected_verdict_stays_rejected(
        reports in prop::collection::vec(report(), 0..6),
        late in report(),
    ) {
        let before = fold(&reports);
        let mut after = before.clone();
        after.add(late);
        if before.outcome(&required()) == Outcome::Rejected {
            prop_assert_eq!(after.outcome(&required()), Outcome::Rejected);
        }
        for known in before.into_reports() {
            let now = after.clone().into_reports().into_iter().find(|r| r.check == known.check);
            prop_assert!(now.unwrap().outcome() >= known.outcome());
        }
    }

    #[test]
    fn a_missing_report_is_never_accepted(
        reports in prop::collection::vec(report(), 0..8),
        gone in 0..CHECKS.len(),
    ) {
        let rest: Vec<_> =
            reports.into_iter().filter(|r| r.check.as_str() != CHECKS[gone]).collect();
        prop_assert_ne!(fold(&rest).outcome(&required()), Outcome::Accepted);
    }

    #[test]
    fn a_report_milder_than_its_findings_is_not_believed(report in report()) {
        let mut json = serde_json::to_value(&report).unwrap();
        json["outcome"] = "pass".into();
        let forged: Report = serde_json::from_value(json).unwrap();
        prop_assert_eq!(forged.outcome(), report.outcome());
    }
}

#[test]
fn every_required_pass_is_accepted_and_none_is_undecided() {
    let pass = |check| Report::new(id(), CheckName::new(check), vec![]);
    assert_eq!(fold(&CHECKS.map(pass)).outcome(&required()), Outcome::Accepted);
    assert_eq!(fold(&[]).outcome(&required()), Outcome::Undecided);
    assert_eq!(fold(&[]).outcome(&BTreeSet::new()), Outcome::Undecided);
    assert_eq!(pass(CHECKS[0]).outcome(), CheckOutcome::Pass);
}
