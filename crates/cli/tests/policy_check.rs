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

const KEY: &str = "-----BEGIN PUBLIC KEY-----\n\
    MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE55pN+/ys0BDa2sPf51zBk+sT17aI\n\
    T9cL/0Jy3ArUTJ0H6Ie/zOx0o341vMb6y2vDtv3NKd99Rn9jVdcKAFJAFg==\n\
    -----END PUBLIC KEY-----\n";

#[test]
fn what_could_verify_nothing_is_told_before_the_first_image_with_its_line() {
    let policy = "signatures:\n  authorities:\n    - name: acme\n      images: ['**']\n      \
        keys: [good.pub, bad.pub, {secret: later}]\n    - name: people\n      images: ['**']\n      \
        identities: [{subject: me@acme.example}]\n      certificate-authorities: [ca.pem]\n    \
        - name: ci\n      images: ['**']\n      identities: [{subject: a, issuer: b}]\n      \
        trusted-root: root.json\n";
    let broken = KEY.replace("MFkw", "MFkx");
    let no_ca = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let files = |key| {
        [
            ("policy.yml", policy),
            ("good.pub", KEY),
            ("bad.pub", key),
            ("ca.pem", no_ca),
            ("root.json", "{}"),
        ]
    };
    let (code, said) = check(&files(&broken), &[]);
    assert_eq!(code, 3, "{said}");
    for part in [
        "line 5 (bad.pub): key 2 of the authority \"acme\" cannot be used",
        "cosign public-key",
        "line 9 (ca.pem): certificate authority 1 of the authority \"people\" cannot be used",
        "line 13 (root.json): the trusted root of the authority \"ci\" cannot be used",
        "trusted_root.json again",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert!(!said.contains("key 1 of"), "{said}");
    let (_, said) = check(&files(&broken), &["--output", "json"]);
    let json: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert_eq!(json["faults"].as_array().unwrap().len(), 3);
    assert_eq!(
        (&json["faults"][0]["line"], &json["faults"][0]["file"]),
        (&5.into(), &"bad.pub".into())
    );
    let only = "signatures:\n  authorities: [{name: acme, images: ['**'], keys: [good.pub]}]\n";
    assert_eq!(check(&[("policy.yml", only), ("good.pub", KEY)], &[]).0, 0);
}

#[test]
fn an_authority_that_means_nothing_is_told_with_its_line() {
    let policy = "signatures:\n  authorities:\n    - {name: a, images: ['**'], static: accept}\n    \
        - {name: b, images: ['**']}\n";
    let (code, said) = check(&[("policy.yml", policy)], &[]);
    assert_eq!(code, 3, "{said}");
    assert!(said.contains("line 4: authority \"b\" cannot be used"), "{said}");
}

#[test]
fn rules_over_attestations_that_cannot_be_read_are_told_with_their_line() {
    let policy = |rego: &str| {
        format!(
            "signatures:\n  authorities:\n    - name: acme\n      images: ['**']\n      keys: [a.pub]\n      attestations: [{{predicate-type: vuln, rego: {rego}}}]\n"
        )
    };
    let broken = "package a\n\ndeny contains msg if ]\n";
    let files = |rego: &str| {
        check(&[("policy.yml", &policy(rego)), ("a.rego", broken), ("a.pub", KEY)], &[])
    };
    for (rego, place) in [
        ("a.rego", "a.rego:3"),
        ("\"package a\\n\\ndeny contains msg if ]\\n\"", "policy.yml (acme):3"),
        ("\"package a\\nx := 1\\n\"", "no deny, violation or warn rule"),
    ] {
        let (code, said) = files(rego);
        assert_eq!(code, 3, "{said}");
        assert!(said.contains(place), "{rego}: {said}");
    }
    let (code, said) = files("\"package a\\ndeny contains 1 if false\\n\"");
    assert_eq!(code, 0, "{said}");
    assert!(
        said.contains(
            "attested https://cosign.sigstore.dev/attestation/vuln/v1 as policy.yml (acme) has it"
        ),
        "{said}"
    );
}
