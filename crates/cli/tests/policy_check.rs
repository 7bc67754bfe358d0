//! `policy check`: what a policy means, every fault with its remedy, and the exit code.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::fs;
use std::process::Command;

/// The exit code, and all that was said.
fn check(files: &[(&str, &str)], arguments: &[&str]) -> (i32, String) {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        fs::write(folder.path().join(name), text).unwrap();
    }
    let output = Command::new(env!("CARGO_BIN_EXE_faas-validator"))
        .args(["policy", "check", "policy.yml"])
        .args(arguments)
        .current_dir(folder.path())
        .output()
        .unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.code().unwrap(), String::from_utf8(said).unwrap())
}

#[test]
fn a_sound_policy_is_put_in_words() {
    let rules = "package main\ndeny_root contains \"x\" if false\n";
    let policy = "valid-for: 7d\nrego: {paths: [a.rego]}\n\
        waivers: [{advisory: CVE-2025-1, reason: not called, owner: me, expires: 2099-01-01}]\n";
    let (code, said) = check(&[("policy.yml", policy), ("a.rego", rules)], &[]);
    assert_eq!(code, 0, "{said}");
    for part in [
        "holds for 168h",
        "undecided leads to reject",
        "reject from high up",
        "data.main.deny_root",
        "CVE-2025-1 until 2099-01-01: not called (me)",
        "tcp://*:8080",
    ] {
        let words = said.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(words.contains(part), "{part}: {said}");
    }
}

#[test]
fn every_fault_comes_with_its_remedy_and_exit_code_3() {
    let policy = "checks: {build: [scan-layer]}\nrego: {paths: []}\nsources: {trusted: []}\n\
        waivers: [{rule: report-missing, reason: r, owner: o, expires: 2099-01-01}]\n";
    let (code, said) = check(&[("policy.yml", policy)], &[]);
    assert_eq!(code, 3);
    assert!(said.contains("scan-layers") && said.contains("report-missing"), "{said}");
    let (code, said) = check(&[("policy.yml", "vulnerabilites: {}\n")], &[]);
    assert_eq!(code, 3);
    assert!(said.contains("line 1") && said.contains("did you mean \"vulnerabilities\""), "{said}");
    let (code, said) = check(&[], &[]);
    assert_eq!(code, 3, "{said}");
}

#[test]
fn rules_that_cannot_be_asked_are_told_before_they_leave_images_undecided() {
    let policy = "rego: {paths: [a.rego]}\n";
    let call = "package main\ndeny contains \"x\" if http.send({})\n";
    let (code, said) = check(&[("policy.yml", policy), ("a.rego", call)], &[]);
    assert_eq!(code, 3);
    assert!(said.contains("a.rego:2 calls http.send"), "{said}");
}

#[test]
fn json_has_every_default_filled_in() {
    let (code, said) = check(&[("policy.yml", "{}\n")], &["--output", "json"]);
    assert_eq!(code, 0, "{said}");
    let json: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert_eq!(json["meaning"]["vulnerabilities"]["reject"], "high");
    assert_eq!(json["meaning"]["image"]["runs-as-root"], "reject");
}
