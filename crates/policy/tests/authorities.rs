//! What authorities may ask, and what is said of those that ask something else than they seem to.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::collections::BTreeMap;

use policy::{
    AuthorityMode, Condition, Extension, ImageSignature, OfSeveral, Policy, PolicyError, Proof,
    Signatures, StaticAnswer, TextPattern, TrustedKey,
};
use verdict::{PolicyDocument, causes};

const KEY: &str = "-----BEGIN PUBLIC KEY-----\nMFkw\n-----END PUBLIC KEY-----\n";
const ROOT: &str = "{\"mediaType\": \"application/vnd.dev.sigstore.trustedroot+json;version=0.1\"}";

fn document(authorities: &str) -> PolicyDocument {
    let files = BTreeMap::from([
        ("a.pub".to_owned(), KEY.to_owned()),
        ("b.pub".to_owned(), KEY.replace("MFkw", "MFkx")),
        ("root.json".to_owned(), ROOT.to_owned()),
        ("a.rego".to_owned(), "package a\n".to_owned()),
    ]);
    PolicyDocument { body: format!("signatures:\n  authorities: [{authorities}]\n"), files }
}

fn read(authorities: &str) -> Signatures {
    Policy::parse(&document(authorities))
        .unwrap_or_else(|error| panic!("{}", told(&error)))
        .signatures
}

fn told(error: &PolicyError) -> String {
    format!("{error}: {} -> {}", causes(error), error.remedy())
}

/// Every fault, each with its causes and its remedy.
fn faults(authorities: &str) -> String {
    let faults = Policy::faults(&document(authorities));
    faults.iter().map(told).collect::<Vec<_>>().join("\n")
}

fn check(authority: &str, expect: &str) {
    let faults = faults(authority);
    assert!(faults.contains(expect), "{authority}: {faults:?}");
}

#[test]
fn all_that_an_authority_may_ask_is_read() {
    let signatures = read(
        "{name: a, images: ['**'], keys: [a.pub, {secret: acme-key}], threshold: 2,
          annotations: {stage: production, attempt: 2}, require: [transparency-log, timestamp],
          trusted-root: root.json, mode: warn, message: ask acme, repositories: [ghcr.io/a/signatures]},
         {name: b, images: ['ghcr.io/b/**'], image-signature: not-asked,
          identities: [{subject: {glob: 'https://github.com/b/*/.github/workflows/*@refs/tags/*'},
                        issuer: https://token.actions.githubusercontent.com,
                        extensions: {build-trigger: push, source-repository-ref: {regex: 'refs/tags/v[0-9]+'}}}],
          skip-transparency-log-unsafe: true,
          attestations: [{predicate-type: slsaprovenance1, builder: {glob: 'https://b/*'}, source: https://github.com/b/fn,
                          parameters: {debug: false}, predicate: {/x/0: {regex: 'y|z'}}}]},
         {name: c, images: ['**'], any: [{name: d, static: reject}, {name: e, all: [{name: f, static: accept}]}]}",
    );
    assert_eq!(signatures.of_several, OfSeveral::Any);
    let [a, b, c] = signatures.authorities.as_slice() else { panic!("three") };
    assert!(matches!(&a.keys[..], [TrustedKey::Pem(pem), TrustedKey::Secret(secret)]
        if pem.as_str() == KEY && secret.as_str() == "acme-key"));
    assert_eq!((a.threshold, a.mode), (2, AuthorityMode::Warn));
    assert_eq!(a.annotations["attempt"], 2);
    assert!(a.require.contains(&Proof::Timestamp) && a.require.contains(&Proof::TransparencyLog));
    assert_eq!(a.repositories, ["ghcr.io/a/signatures"]);
    assert_eq!(a.trusted_root.json(), Some(ROOT));
    assert_eq!((b.trusted_root.json(), b.image_signature), (None, ImageSignature::NotAsked));
    let extensions = &b.identities[0].extensions;
    assert_eq!(extensions[&Extension::BuildTrigger], TextPattern::Exact("push".to_owned()));
    let asked = &b.attestations[0];
    assert_eq!(asked.predicate_type.as_str(), "https://slsa.dev/provenance/v1");
    assert_eq!(asked.parameters["debug"], Condition::Equals(false.into()));
    assert!(matches!(asked.predicate["/x/0"], Condition::Text(TextPattern::Regex(_))));
    assert_eq!(b.unsafe_options(), ["b: skip-transparency-log-unsafe"]);
    assert_eq!(c.any[0].r#static, Some(StaticAnswer::Reject));
    assert_eq!(c.members()[1].members()[0].name, "f");
}

#[test]
fn a_policy_says_what_it_says_after_it_was_written_out() {
    let signatures = read(
        "{name: b, images: ['**'], identities: [{subject: {regex: 'a|b'}, issuer: {glob: 'https://x/*'}}],
          keys: [{secret: s}], attestations: [{predicate-type: vuln, predicate: {/a: {glob: '*'}}}]}",
    );
    let json = serde_json::to_value(&signatures).unwrap();
    assert_eq!(serde_json::from_value::<Signatures>(json).unwrap(), signatures);
}

#[test]
fn repositories_of_signatures_are_bounded_for_each_and_for_all() {
    let named = |name: &str, count: usize| {
        let names: Vec<String> = (0..count).map(|n| format!("ghcr.io/{name}/{n}")).collect();
        format!(
            "{{name: {name}, images: ['**'], keys: [a.pub], repositories: [{}]}}",
            names.join(", ")
        )
    };
    read(&named("a", 4));
    check(&named("a", 5), "it has more than 4 repositories");
    let all = |count: usize| {
        (0..count).map(|n| named(&format!("a{n}"), 4)).collect::<Vec<_>>().join(", ")
    };
    read(&all(4));
    check(&all(5), "20 repositories of signatures are named, and at most 16 are asked");
    let fixed = "{name: a, images: ['**'], static: accept, repositories: [ghcr.io/a/b]}";
    check(fixed, "has both repositories and no keys or identities");
}

#[test]
fn p12_subject_and_issuer_are_both_asked_for() {
    let identity = |text: &str| format!("{{name: a, images: ['**'], identities: [{{{text}}}]}}");
    check(&identity("subject: me@acme.example"), "has no issuer");
    check(&identity("issuer: https://acme.example"), "has no subject");
    check(&identity(""), "any-identity-unsafe");
    for anybody in ["{regex: .*}", "{regex: '.+'}", "{glob: '**'}", "{regex: '(?s).*'}"] {
        check(
            &identity(&format!("subject: {anybody}, issuer: https://acme.example")),
            "no subject",
        );
        check(&identity(&format!("subject: me@acme.example, issuer: {anybody}")), "no issuer");
        let narrowed = "extensions: {source-repository-uri: https://github.com/acme/fn}";
        read(&identity(&format!("subject: {anybody}, issuer: https://acme.example, {narrowed}")));
        check(&identity(&format!("subject: me, issuer: {anybody}, {narrowed}")), "no issuer");
    }
    let any = read(&identity("any-identity-unsafe: true"));
    assert_eq!(any.authorities[0].unsafe_options(), ["a: any-identity-unsafe"]);
    read(&identity("subject: {regex: .*}, issuer: {regex: .*}, any-identity-unsafe: true"));
}

#[test]
fn p11_patterns_that_a_stranger_fits_are_refused() {
    let subject = |text: &str| {
        format!("{{name: a, images: ['**'], identities: [{{issuer: https://i, subject: {text}}}]}}")
    };
    check(&subject("{regex: 'your.name@gmail.*'}"), "ends within a host's name");
    check(&subject("{regex: 'https://github.com.*'}"), "write the host's name to its end");
    check(&subject("{regex: '('}"), "no regular expression");
    check(&subject("{regex: 'a)|(?:b'}"), "no regular expression");
    check(&subject("{regx: a}"), "did you mean \"regex\"?");
    check(&subject("''"), "it is empty");
}

#[test]
fn p9_a_threshold_that_nobody_can_reach_is_refused() {
    let check_threshold = |keys: &str, threshold: &str, expect: &str| {
        check(
            &format!("{{name: a, images: ['**'], keys: [{keys}], threshold: {threshold}}}"),
            expect,
        );
    };
    check_threshold("a.pub", "2", "asks for 2 signers of 1");
    check_threshold("a.pub, a.pub", "2", "asks for 2 signers of 1");
    check_threshold("a.pub, b.pub", "3", "asks for 3 signers of 2");
    check_threshold("a.pub", "0", "asks for 0 signers");
    read("{name: a, images: ['**'], keys: [a.pub, b.pub], threshold: 2}");
    // One pattern fits many people.
    read(
        "{name: a, images: ['**'], threshold: 2, identities: [{subject: {glob: '*@acme.example'}, issuer: https://i}]}",
    );
}

#[test]
fn an_authority_is_of_one_shape() {
    check(
        "{name: a, images: ['**']}",
        "at least one of keys, identities, notation, static, any, all",
    );
    check("{name: a, images: ['**'], keys: [a.pub], static: accept}", "both signers and static");
    check("{name: a, images: ['**'], static: accept, threshold: 2}", "both threshold and no keys");
    check("{name: a, images: ['**'], any: [{name: b, images: ['**'], static: accept}]}", "images");
    check("{name: a, images: ['**'], any: [{name: a, static: accept}]}", "two authorities");
    check("{name: a, images: ['**'], any: [{name: b, static: accept, mode: warn}]}", "mode");
    check(
        "{name: a, images: ['**'], keys: [a.pub], image-signature: not-asked}",
        "no attestations",
    );
    let both = "require: [transparency-log], skip-transparency-log-unsafe: true";
    check(&format!("{{name: a, images: ['**'], keys: [a.pub], {both}}}"), "leave one out");
    let deep = (0..6).fold("static: accept".to_owned(), |inner, level| {
        format!("any: [{{name: n{level}, {inner}}}]")
    });
    check(&format!("{{name: a, images: ['**'], {deep}}}"), "levels of members");
    check("{name: a, images: ['**'], keys: [{secret: ../x}]}", "a secret's name");
    check(
        "{name: a, images: ['**'], keys: [a.pub], trusted-root: a.pub}",
        "not a trusted_root.json",
    );
    check("{name: a, images: ['**'], keys: [a.pub], trusted-root: no.json}", "create \"no.json\"");
    check("{name: a, images: ['**'], keys: [a.pub], skip-transparency-log: true}", "-unsafe\"?");
}

#[test]
fn p6_an_image_signature_is_no_attestation() {
    let asked = |text: &str| {
        format!("{{name: a, images: ['**'], keys: [a.pub], attestations: [{{{text}}}]}}")
    };
    check(&asked("predicate-type: https://sigstore.dev/cosign/sign/v1"), "an image signature");
    check(&asked("predicate-type: vuln, builder: https://b"), "no SLSA provenance");
    check(&asked("predicate-type: vuln, predicate: {a/b: 1}"), "not a JSON pointer");
    check(&asked("predicate-type: ''"), "no predicate-type");
    check(&asked("builder: https://b"), "predicate-type");
    check(&asked("predicate-type: slsaprovenance, builder: {regex: 'https://b.*'}"), "host's name");
}

#[test]
fn p23_nothing_enters_trust_but_what_the_policy_names() {
    // No word of an authority means "whoever signs first", or "whoever signed before".
    for key in ["trust-on-first-use", "tofu", "learn", "trust-seen", "pin-on-first-use"] {
        let faults = faults(&format!("{{name: a, images: ['**'], keys: [a.pub], {key}: true}}"));
        assert!(faults.contains("unknown key"), "{key}: {faults}");
    }
    check("{name: a, images: ['**'], keys: []}", "at least one of keys");
}

#[test]
fn rules_over_an_attestation_are_a_text_or_the_path_of_one() {
    let signatures = read(
        "{name: a, images: ['**'], any: [{name: b, keys: [a.pub], attestations: [
           {predicate-type: vuln, rego: a.rego}, {predicate-type: spdx, rego: \"package b\\n\"}]}]}",
    );
    let modules: Vec<_> =
        signatures.modules().iter().map(|it| (it.path.as_str(), it.text.as_str())).collect();
    assert_eq!(modules, [("a.rego", "package a\n"), ("policy.yml (b)", "package b\n")]);
    let asking = |rego| {
        format!(
            "{{name: a, images: ['**'], keys: [a.pub], attestations: [{{predicate-type: vuln, rego: {rego}}}]}}"
        )
    };
    check(&asking("no.rego"), "create \"no.rego\"");
    check(&asking("../a.rego"), "signatures.authorities.attestations.rego names \"../a.rego\"");
}
