//! The check as the bus asks it: what it answers when there is no good snapshot, and waivers.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use check_runtime::CheckRuntime;
use event_bus::Check;
use serde_json::{Value, json};
use verdict::{CheckOutcome, Report, Request};

fn now() -> jiff::Timestamp {
    "2026-11-24T12:00:30Z".parse().unwrap()
}

fn snapshot(taken_at: &str) -> Value {
    json!({
        "version": 1, "taken_at": taken_at, "origin": {"cgroup": "/fn/x"}, "host_namespaces": {},
        "processes": [{
            "pid": 7, "parent": 1, "start_time": 1, "name": "app", "state": "S", "threads": 1,
            "command": [], "users": ids(0), "groups": ids(0), "supplementary_groups": [],
            "capabilities": {"effective": [], "permitted": [], "inheritable": [], "bounding": [],
                "ambient": []},
            "namespaces": {}, "descriptors": [], "mappings": [],
        }],
        "sockets": [], "mount_namespaces": [], "unobservable": [],
    })
}

fn ids(id: u32) -> Value {
    json!({"real": id, "effective": id, "saved": id, "filesystem": id})
}

fn ask(policy: &str, snapshot: Option<Value>) -> Report {
    let digest = verdict::Digest::of(b"").to_string();
    let request: Request = serde_json::from_value(json!({
        "validation": "0".repeat(32), "phase": "runtime",
        "subject": {
            "function": "figlet", "declared": "acme/figlet", "platform": "linux/amd64",
            "image": format!("ghcr.io/acme/figlet@{digest}"), "role": "made", "place": "registry",
        },
        "policy": {"body": policy}, "deadline": "2026-11-24T12:01:00Z", "snapshot": snapshot,
    }))
    .unwrap();
    CheckRuntime::with_clock(now).check(&request)
}

const NOW: &str = "2026-11-24T12:00:00Z";

#[test]
fn what_is_no_good_snapshot_is_undecided() {
    let check = |snapshot: Option<Value>, rule: &str| {
        let report = ask("{}", snapshot);
        assert_eq!(report.outcome(), CheckOutcome::Undecided);
        assert_eq!(report.findings[0].rule, rule);
    };
    check(None, "snapshot-missing");
    check(Some(json!({})), "snapshot-malformed");
    check(Some(json!([1])), "snapshot-malformed");
    check(Some(snapshot("2026-11-24T11:00:00Z")), "snapshot-stale");
    check(Some(snapshot("2026-11-24T12:30:00Z")), "snapshot-stale");
    let mut later = snapshot(NOW);
    later["version"] = 2.into();
    check(Some(later), "snapshot-malformed");
    let mut empty = snapshot(NOW);
    empty["processes"] = json!([]);
    check(Some(empty), "snapshot-missing");
}

#[test]
fn a_policy_that_cannot_be_read_is_undecided() {
    let report = ask("runtime: {defaults: {listener: []}}", Some(snapshot(NOW)));
    assert_eq!(report.outcome(), CheckOutcome::Undecided);
    assert_eq!(report.findings[0].rule, "policy-invalid");
}

#[test]
fn root_fails_by_default_and_passes_where_the_policy_says_so() {
    let report = ask("{}", Some(snapshot(NOW)));
    assert_eq!(report.outcome(), CheckOutcome::Fail);
    assert_eq!(report.findings[0].rule, "unexpected-user");
    assert_eq!(report.evidence["processes"], 1);
    let policy = "runtime: {functions: {fig*: {users: [0]}}}";
    assert_eq!(ask(policy, Some(snapshot(NOW))).outcome(), CheckOutcome::Pass);
    let policy = "runtime: {functions: {cow*: {users: [0]}}}";
    assert_eq!(ask(policy, Some(snapshot(NOW))).outcome(), CheckOutcome::Fail);
}

#[test]
fn a_waiver_lets_a_finding_through_until_its_day() {
    let policy = |expires: &str| {
        format!(
            "waivers: [{{rule: unexpected-user, reason: legacy, owner: ops, expires: {expires}}}]"
        )
    };
    assert_eq!(ask(&policy("2026-11-24"), Some(snapshot(NOW))).outcome(), CheckOutcome::Pass);
    assert_eq!(ask(&policy("2026-11-23"), Some(snapshot(NOW))).outcome(), CheckOutcome::Fail);
}

#[test]
fn a_flood_of_findings_is_counted_and_not_listed() {
    let mut flood = snapshot(NOW);
    let descriptor = |number: u32| {
        let target = json!({"kind": "file", "path": format!("/var/{number}"), "deleted": false});
        json!({"number": number, "target": target})
    };
    flood["processes"][0]["descriptors"] = (0..1000).map(descriptor).collect();
    let report = ask("{}", Some(flood));
    let files: Vec<_> = report.findings.iter().filter(|it| it.rule == "unexpected-file").collect();
    assert_eq!(files.len(), 50);
    assert!(files.iter().any(|it| it.title.ends_with("and 950 more like it")));
}
