//! `faas-validator demo`: rejected with reasons and remedies, mended, accepted; and the README
//! shows what it prints.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use serde_json::Value;
use testkit::program::run;

#[test]
fn the_demo_rejects_mends_and_accepts_through_all_four_checks() {
    let ended = run(["demo", "--output", "json"]);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let verdicts: Vec<Value> = serde_json::from_str(&ended.stdout).unwrap();
    let outcomes: Vec<&str> = verdicts.iter().map(|it| it["outcome"].as_str().unwrap()).collect();
    assert_eq!(outcomes, ["rejected", "accepted"]);
    for verdict in &verdicts {
        let checks: Vec<&str> = verdict["reports"]
            .as_array()
            .unwrap()
            .iter()
            .map(|report| report["check"].as_str().unwrap())
            .collect();
        assert_eq!(checks, ["check-policy", "check-runtime", "scan-layers", "verify-signature"]);
    }
    let rejecting: Vec<&str> = verdicts[0]["reports"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|report| report["findings"].as_array().unwrap())
        .filter(|finding| finding["effect"] == "reject")
        .map(|finding| finding["rule"].as_str().unwrap())
        .collect();
    for rule in ["vulnerable-package", "runs-as-root", "secret-in-env", "unexpected-listener"] {
        assert!(rejecting.contains(&rule), "{rule} is not among {rejecting:?}");
    }
}

#[test]
fn a_verdict_of_the_demo_is_valid_by_its_schema() {
    let ended = run(["demo", "--output", "json"]);
    let schema = include_str!("../docs/schema/verdict.schema.json");
    let schema: Value = serde_json::from_str(schema).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    for verdict in serde_json::from_str::<Vec<Value>>(&ended.stdout).unwrap() {
        let faults: Vec<String> =
            validator.iter_errors(&verdict).map(|error| error.to_string()).collect();
        assert!(faults.is_empty(), "{faults:?}");
    }
}

#[test]
fn the_readme_shows_what_a_person_sees() {
    let ended = run(["demo"]);
    let readme = include_str!("../README.md");
    let shown = readme.split("```text\n").nth(1).unwrap().split("```").next().unwrap();
    let printed = plain(&ended.stdout);
    for line in plain(shown).lines().filter(|line| *line != "…") {
        assert!(printed.contains(line), "README.md shows a line that is not printed: {line:?}");
    }
    assert!(!ended.stdout.contains('\u{1b}'), "colour where nobody sees it");
}

/// What differs from run to run (digests, numbers, times), each run of it replaced by one mark.
fn plain(text: &str) -> String {
    let mut plain = String::new();
    for it in text.chars() {
        let differs = it.is_ascii_digit() || matches!(it, 'a'..='f');
        if !differs {
            plain.push(it);
        } else if !plain.ends_with('#') {
            plain.push('#');
        }
    }
    plain
}
