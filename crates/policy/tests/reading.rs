//! What a policy.yml means, and what is said of one that means nothing.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;

use policy::{OnUndecided, Policy, PolicyError, SignatureDemand, TrustedKey, load};
use verdict::{Effect, Limits, Phase, Place, PolicyDocument, Role};

const KEY: &str = "-----BEGIN PUBLIC KEY-----\nMFkw\n-----END PUBLIC KEY-----\n";

fn document(body: &str) -> PolicyDocument {
    let files = BTreeMap::from([
        ("keys/acme.pub".to_owned(), KEY.to_owned()),
        ("rules/a.rego".to_owned(), "package main".to_owned()),
        ("rules/b.rego".to_owned(), "package main".to_owned()),
    ]);
    PolicyDocument { body: body.to_owned(), files }
}

/// The first fault, its causes and its remedy, in one line.
fn fault(body: &str) -> String {
    let error = Policy::parse(&document(body)).unwrap_err();
    let mut text = error.to_string();
    let mut source = std::error::Error::source(&error);
    while let Some(cause) = source {
        text += &format!(": {cause}");
        source = cause.source();
    }
    format!("{text} -> {}", error.remedy())
}

#[test]
fn an_empty_policy_is_the_careful_one() {
    for body in ["{}", "", "# nothing but a comment\n"] {
        let policy = Policy::parse(&document(body)).unwrap();
        assert_eq!(policy, Policy::default(), "{body:?}");
    }
    let policy = Policy::default();
    assert_eq!(policy.on_undecided, OnUndecided::Reject);
    assert_eq!(policy.checks.required(Phase::Build).len(), 3);
    assert_eq!(policy.checks.required(Phase::Runtime).len(), 4);
    assert!(policy.signatures.is_required(Role::Used, Place::Local));
    assert!(policy.signatures.is_required(Role::Made, Place::Registry));
    assert!(!policy.signatures.is_required(Role::Made, Place::Local));
    assert_eq!(policy.signatures.unmatched, Effect::Reject);
}

#[test]
fn every_section_is_read() {
    let policy = Policy::parse(&document(
        "on-undecided: warn
valid-for: 7d
checks: {build: [check-policy]}
vulnerabilities: {reject: [critical], only-fixable: true, not-judged: warn}
sources: {trusted: ['ghcr.io/acme/**'], insecure-registries: ['registry:5000'], pinned: required}
signatures:
  authorities: [{name: acme, images: ['ghcr.io/acme/*'], keys: [keys/acme.pub]}]
  required-for: {made: never}
image: {runs-as-root: warn, setuid-file: off, setuid-allowed: [/usr/bin/su]}
rego: {paths: [rules], namespaces: [main, acme.images], limits: {time-ms-max: 100}}
runtime: {defaults: {listeners: ['tcp://*:8080']}}
limits: {layers_max: 3}
waivers: [{rule: setuid-file, reason: r, owner: o, expires: 2027-01-01}]
",
    ))
    .unwrap();
    assert_eq!(policy.valid_for.duration().as_hours(), 168);
    assert_eq!(policy.limits, Limits { layers_max: 3, ..Limits::default() });
    assert!(policy.sources.trusts("ghcr.io/acme/a/b") && !policy.sources.trusts("ghcr.io/x"));
    assert!(policy.sources.is_insecure("registry:5000"));
    assert_eq!(policy.signatures.required_for.used, SignatureDemand::Always);
    let authorities = policy.signatures.authorities_for("ghcr.io/acme/fn");
    assert!(matches!(&authorities[0].keys[0], TrustedKey::Pem(pem) if pem.as_str() == KEY));
    assert!(policy.signatures.authorities_for("ghcr.io/other/fn").is_empty());
    let modules: Vec<_> = policy.rego.modules.iter().map(|file| file.path.as_str()).collect();
    assert_eq!(modules, ["rules/a.rego", "rules/b.rego"]);
}

#[test]
fn an_unknown_key_is_refused_with_the_nearest_one_and_its_line() {
    let text = fault("valid-for: 1h\nvulnerabilities:\n  only-fixabel: true\n");
    assert!(text.contains("line 3") && text.contains("did you mean \"only-fixable\"?"), "{text}");
    assert!(fault("vulnerabilites: {}").contains("did you mean \"vulnerabilities\"?"));
    assert!(fault("waivers: [{rule: a, expiry: 2020-01-01}]").contains("\"expires\""));
    assert!(fault("x: 1").contains("write one of on-undecided"));
    assert!(fault("limits: {layer_max: 1}").contains("\"layers_max\""));
    assert!(fault("runtime: {defaults: {listener: []}}").contains("\"listeners\""));
}

#[test]
fn a_fault_says_where_it_is_and_what_to_do() {
    let check = |body: &str, expect: &str| {
        let text = fault(body);
        assert!(text.contains(expect), "{body:?}: {text}");
    };
    check("on-undecided: maybe", "line 1");
    check("on-undecided: warn\non-undecided: warn", "line 2");
    check("waivers: [{rule: a, reason: r, owner: o}]", "expires");
    check("waivers: [{rule: a, reason: r, owner: o, expires: tomorrow}]", "line 1");
    check("waivers: [{reason: r, owner: o, expires: 2027-01-01}]", "add `rule:` or `advisory:`");
    check("waivers: [{rule: a, reason: ' ', owner: o, expires: 2027-01-01}]", "empty reason");
    for rule in ["report-missing", "report-untrusted", "limit-exceeded", "rego-failed"] {
        let body = format!("waivers: [{{rule: {rule}, reason: r, owner: o, expires: 2027-01-01}}]");
        check(&body, "cannot be waived");
    }
    check("sources: {trusted: ['acme/*']}", "docker.io/acme/*");
    check("checks: {build: [scan-layer]}", "did you mean \"scan-layers\"?");
    check("checks: {runtime: []}", "no check is required in the runtime phase");
    check("vulnerabilities: {reject: unknown}", "unrated");
    check("rego: {paths: [no.rego]}", "create \"no.rego\"");
    check("rego: {namespaces: ['main[x]']}", "not the name of a Rego package");
    check("valid-for: for ever", "not a duration");
}

#[test]
fn a_text_is_what_is_written_and_a_number_is_not_quoted() {
    let name = |body: &str| {
        let policy = Policy::parse(&document(body)).unwrap();
        policy.signatures.authorities.last().unwrap().name.clone()
    };
    let one = |name: &str| {
        format!("signatures: {{authorities: [{{name: {name}, images: ['**'], static: accept}}]}}")
    };
    for text in ["1.10", "0x1F", "yes", "-0", "1e3", "2027-01-01", "'1.10'", "é"] {
        assert_eq!(name(&one(text)), text.trim_matches('\''), "{text}");
    }
    let aliased = "valid-for: &long 24h
signatures:
  authorities:
    - &first {name: &number 1.10, images: ['**'], static: accept}
    - {<<: *first, name: 7}
    - {<<: *first, name: *long}
";
    assert_eq!(name(aliased), "24h");
    assert_eq!(name(&aliased.replace("*long", "007")), "007");
    let twice = format!("{aliased}    - {{<<: *first}}\n");
    assert!(fault(&twice).contains("two authorities are named \"1.10\""), "{}", fault(&twice));
    assert!(fault("limits: {layers_max: '5'}").contains("string \"5\", expected u32"));
    assert!(fault("vulnerabilities: {only-fixable: 'true'}").contains("expected a boolean"));
    assert!(fault("on-undecided: {warn: 1}").contains("expected the name alone"));
    assert!(fault("vulnerabilities:").contains("nothing stands there, expected a mapping"));
    assert!(fault("waivers:").contains("nothing stands there, expected a sequence"));
}

#[test]
fn a_fault_of_shape_is_where_it_is_written_or_merged_in() {
    let place = |body: &str, line: &str| {
        let text = fault(body);
        assert!(text.contains(line), "{body:?}: {text}");
    };
    place("rego:\n  limits:\n    time-ms-max: é\n", "line 3, column 18:");
    place("rego:\n  paths:\n    - a\n    - [b]\n", "line 4, column 7:");
    place("vulnerabilities:\n  reject:\n    sometimes\n", "line 3, column 5:");
    place("waivers:\n  - {rule: a, reason: r}\n", "line 2, column 5:");
    let merged = "x: 1\nsignatures:\n  authorities:\n    - &a {name: n, image: ['**']}\n";
    place(&merged["x: 1\n".len()..], "line 3: unknown key \"image\"");
    place("limits: &a\n  layers_max: no\nruntime: *a\n", "line 2, column 15:");
}

#[test]
fn a_key_is_a_public_key_of_a_named_authority_with_images() {
    let check = |authority: &str, expect: &str| {
        let text = fault(&format!("signatures: {{authorities: [{authority}]}}"));
        assert!(text.contains(expect), "{authority}: {text}");
    };
    check("{name: a, images: ['**'], keys: [gone.pub]}", "create \"gone.pub\"");
    check("{name: a, images: ['**'], keys: []}", "has no signers");
    check("{name: a, images: [], keys: [keys/acme.pub]}", "has no images");
    check("{name: a, images: ['**'], keys: [rules/a.rego]}", "not a PEM file");
    let secret = "{name: a, images: ['**'], keys: ['-----BEGIN EC PRIVATE KEY-----']}";
    check(secret, "is a private key");
    let one = "{name: a, images: ['**'], keys: [keys/acme.pub]}";
    check(&format!("{one}, {one}"), "two authorities");
}

#[test]
fn hostile_yaml_ends_in_an_error() {
    let bomb = "a: &a [x,x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\n\
                c: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c]\n";
    let deep = format!("rego: {}1", "[".repeat(100_000));
    let long = format!("# {}\n", "x".repeat(2 << 20));
    for body in [bomb, &deep, &long, "--- {}\n--- {}\n", "\u{0}", "- a\n- b\n", "{", "&a *a"] {
        assert!(Policy::parse(&document(body)).is_err());
    }
}

#[test]
fn all_faults_of_meaning_are_told_at_once() {
    let faults = Policy::faults(&document(
        "checks: {build: [a-check]}\nrego: {paths: [gone], data: [gone]}\nvulnerabilities: {warn: unknown}",
    ));
    assert_eq!(faults.len(), 4, "{faults:?}");
}

#[test]
fn a_folder_is_loaded_with_what_it_names_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    write("rules/deep/a.rego", "package main");
    write("rules/a_test.rego", "package main");
    write("rules/README.md", "words");
    write("acme.pub", KEY);
    let body = "signatures: {authorities: [{name: a, images: ['**'], keys: [acme.pub]}]}\n\
                rego: {paths: [rules/]}\n";
    write("policy.yml", body);
    let document = load(&folder.path().join("policy.yml")).unwrap();
    let names: Vec<_> = document.files.keys().map(String::as_str).collect();
    assert_eq!(names, ["acme.pub", "rules/deep/a.rego"]);
    Policy::parse(&document).unwrap();
}

#[test]
fn no_path_leads_out_of_the_folder() {
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("secret.rego"), "package main").unwrap();
    let folder = tempfile::tempdir().unwrap();
    symlink(outside.path(), folder.path().join("link")).unwrap();
    fs::create_dir(folder.path().join("rules")).unwrap();
    symlink(outside.path().join("secret.rego"), folder.path().join("rules/a.rego")).unwrap();
    let path = folder.path().join("policy.yml");
    let absolute = outside.path().join("secret.rego");
    for named in ["../x", "link/secret.rego", "link", "rules", "''", absolute.to_str().unwrap()] {
        fs::write(&path, format!("rego: {{paths: [{named}]}}")).unwrap();
        let error = load(&path).unwrap_err();
        assert!(matches!(error, PolicyError::Outside { .. }), "{named}: {error}");
    }
    fs::write(&path, "rego: {paths: [none]}").unwrap();
    assert!(matches!(load(&path), Err(PolicyError::Read { .. })));
}

#[test]
fn any_number_of_lines_may_be_commented_out() {
    let body = format!("signatures:\n{}  authorities: []\n", "  # - name: acme\n".repeat(5_000));
    assert_eq!(Policy::parse(&document(&body)).unwrap(), Policy::default());
}

#[test]
fn the_default_policy_shows_the_defaults() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policy.yml");
    assert_eq!(Policy::parse(&load(&path).unwrap()).unwrap(), Policy::default());
}
