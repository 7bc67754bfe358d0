//! Whom a waiver covers, and until when.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use jiff::Timestamp;
use policy::Policy;
use verdict::{Advisory, Effect, Finding, Package, PolicyDocument, Rule, Severity, common};

const FLAW: Rule =
    Rule { id: "vulnerable-package", title: "t", severity: Severity::High, remedy: "r" };

fn policy(waiver: &str) -> Policy {
    let body = format!("waivers: [{{{waiver}, reason: why, owner: who}}]");
    Policy::parse(&PolicyDocument { body, files: Default::default() }).unwrap()
}

fn flaw() -> Finding {
    let mut finding = Finding::new(&FLAW, "musl 1.2.3 has CVE-2025-1");
    finding.package = Some(Package {
        purl: "pkg:apk/alpine/musl@1.2.3".into(),
        name: "musl".into(),
        version: "1.2.3".into(),
        fixed_version: None,
    });
    finding.advisory =
        Some(Advisory { id: "ALPINE-CVE-2025-1".into(), aliases: vec!["CVE-2025-1".into()] });
    finding
}

fn apply(waiver: &str, finding: Finding) -> Vec<Finding> {
    let mut findings = vec![finding];
    let image = format!("ghcr.io/acme/fn@sha256:{}", "0".repeat(64)).parse().unwrap();
    policy(waiver).apply(&mut findings, &image, "2026-11-24".parse().unwrap());
    findings
}

fn check(waiver: &str, expect: Effect) {
    let findings = apply(waiver, flaw());
    assert_eq!(findings[0].effect, expect, "{waiver}");
    assert_eq!(findings[0].waiver.is_some(), expect == Effect::Note, "{waiver}");
}

#[test]
fn every_condition_of_a_waiver_must_hold() {
    check("rule: vulnerable-package, expires: 2026-11-24", Effect::Note);
    check("advisory: CVE-2025-1, expires: 2026-11-24", Effect::Note);
    check("advisory: ALPINE-CVE-2025-1, package: musl, expires: 2026-12-01", Effect::Note);
    check("advisory: CVE-2025-1, image: 'ghcr.io/acme/*', expires: 2026-12-01", Effect::Note);
    check("advisory: CVE-2025-2, expires: 2026-12-01", Effect::Reject);
    check("advisory: CVE-2025-1, package: zlib, expires: 2026-12-01", Effect::Reject);
    check("advisory: CVE-2025-1, image: 'ghcr.io/other/*', expires: 2026-12-01", Effect::Reject);
    check("rule: other, advisory: CVE-2025-1, expires: 2026-12-01", Effect::Reject);
}

#[test]
fn an_expired_waiver_waives_nothing_and_is_said() {
    let findings = apply("advisory: CVE-2025-1, expires: 2026-11-23", flaw());
    assert_eq!(findings[0].effect, Effect::Reject);
    assert_eq!(findings[1].rule, common::WAIVER_EXPIRED.id);
    assert!(findings[1].detail.contains("musl 1.2.3 has CVE-2025-1"));
    assert!(findings[1].title.contains("CVE-2025-1 expired on 2026-11-23"));
    let findings = apply("advisory: CVE-2025-2, expires: 2026-11-23", flaw());
    assert_eq!(findings.len(), 1, "an expired waiver of nothing found is not said");
}

#[test]
fn what_was_not_looked_at_is_not_waived() {
    let blind = Finding::undecided(&FLAW, "musl cannot be judged");
    let by_rule = "rule: vulnerable-package, expires: 2026-12-01";
    assert_eq!(apply(by_rule, blind.clone())[0].effect, Effect::Undecided);
    let named = Finding { package: flaw().package, ..blind };
    let by_package = "rule: vulnerable-package, package: musl, expires: 2026-12-01";
    assert_eq!(apply(by_package, named)[0].effect, Effect::Note);
    for rule in common::RULES {
        let finding = Finding { rule: rule.id.into(), ..flaw() };
        let by_advisory = "advisory: CVE-2025-1, expires: 2026-12-01";
        assert_eq!(apply(by_advisory, finding)[0].effect, Effect::Reject, "{}", rule.id);
    }
}

#[test]
fn a_verdict_does_not_outlive_a_waiver_in_force() {
    let until = |expires: &str, now: &str| {
        let now: Timestamp = now.parse().unwrap();
        policy(&format!("rule: a, expires: {expires}")).valid_until(now).to_string()
    };
    assert_eq!(until("2026-11-24", "2026-11-24T12:00:00Z"), "2026-11-25T00:00:00Z");
    assert_eq!(until("2026-11-23", "2026-11-24T12:00:00Z"), "2026-11-25T12:00:00Z");
    assert_eq!(until("2027-11-23", "2026-11-24T12:00:00Z"), "2026-11-25T12:00:00Z");
}
