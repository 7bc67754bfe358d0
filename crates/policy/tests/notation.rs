//! An authority by Notation: which files travel, and what is said of what it cannot be.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::fs;

use policy::{Authority, Policy, TrustedKey, load};
use verdict::{PolicyDocument, causes};

const POLICY: &str = r#"{"version": "1.0"}"#;

fn certificate(name: &str) -> String {
    format!("-----BEGIN CERTIFICATE-----\n{name}\n-----END CERTIFICATE-----\n")
}

fn list(name: &str) -> String {
    certificate(name).replace("CERTIFICATE", "X509 CRL")
}

fn document(authority: &str) -> PolicyDocument {
    let body = format!("signatures: {{authorities: [{{name: a, images: ['**'], {authority}}}]}}");
    let files = [
        ("n/trustpolicy.json", POLICY.to_owned()),
        ("n/truststore/x509/ca/acme/1.pem", certificate("one")),
        ("n/truststore/x509/ca/acme/2.crt", certificate("two")),
        ("n/truststore/x509/tsa/times/1.pem", certificate("three")),
        ("n/truststore/x509/crl/acme/1.crl", list("six")),
        ("n/localkeys/acme.crt", certificate("four")),
        ("other.pem", certificate("five")),
    ];
    let own = |(path, text): (&str, String)| (path.to_owned(), text);
    PolicyDocument { body, files: files.map(own).into() }
}

fn read(authority: &str) -> Authority {
    let policy = Policy::parse(&document(authority));
    let policy = policy.unwrap_or_else(|error| panic!("{error}: {}", causes(&error)));
    policy.signatures.authorities.into_iter().next().unwrap()
}

fn text(source: &TrustedKey) -> &str {
    match source {
        TrustedKey::Pem(pem) => pem.as_str(),
        TrustedKey::Secret(secret) => secret.as_str(),
    }
}

fn stores(authority: &Authority) -> BTreeMap<&str, &str> {
    authority.trust_stores.iter().map(|(name, it)| (name.as_str(), text(it))).collect()
}

#[test]
fn a_folder_of_notations_is_its_trust_policy_and_stores() {
    for path in ["n", "n/"] {
        let authority = read(&format!("notation: {path}"));
        assert_eq!(authority.notation.as_deref(), Some(POLICY));
        let stores = stores(&authority);
        let names: Vec<&str> = stores.keys().copied().collect();
        assert_eq!(names, ["ca:acme", "crl:acme", "tsa:times"]);
        assert!(stores["ca:acme"].contains("one") && stores["ca:acme"].contains("two"));
        assert!(!format!("{stores:?}").contains("four"));
    }
}

#[test]
fn a_trust_policy_may_stand_alone_and_stores_come_from_anywhere() {
    let more = "trust-stores: {'ca:x': other.pem, 'ca:y': {secret: acme-root}}";
    for notation in ["n/trustpolicy.json", "'{\"version\": \"1.0\"}'"] {
        let authority = read(&format!("notation: {notation}, {more}, threshold: 2"));
        assert_eq!(authority.notation.as_deref(), Some(POLICY));
        let stores = stores(&authority);
        assert!(stores["ca:x"].contains("five"));
        assert_eq!((stores["ca:y"], stores.len()), ("acme-root", 2));
    }
    assert!(stores(&read("notation: n"))["crl:acme"].contains("six"));
    let authority = read(
        "identities: [{subject: x}], certificate-authorities: [other.pem, n/truststore/x509/crl/acme/1.crl]",
    );
    assert!(text(&authority.certificate_authorities[1]).contains("six"));
}

#[test]
fn what_cannot_be_is_told_with_a_remedy() {
    let check = |authority: &str, expect: &str| {
        let faults = Policy::faults(&document(authority));
        let told = |it: &policy::PolicyError| format!("{it}: {} -> {}", causes(it), it.remedy());
        let all: Vec<String> = faults.iter().map(told).collect();
        assert!(all.join("\n").contains(expect), "{authority}: {all:?}");
    };
    check("notation: missing", "create \"missing\"");
    check("notation: other.pem", "not a trustpolicy.json");
    check("notation: n, keys: [{secret: k}]", "leave one out");
    check("notation: n, require: [timestamp]", "no keys or identities");
    check("notation: n, attestations: [{predicate-type: vuln}]", "no keys or identities");
    check("notation: n, trust-stores: {'ca:acme': {secret: x}}", "the same one");
    check("notation: n, trust-stores: {'ca:x': n/trustpolicy.json}", "not a PEM file");
    check("notation: n, trust-stores: {'ca:x': gone.pem}", "gone.pem");
    check("keys: [{secret: k}], trust-stores: {'ca:x': {secret: x}}", "no notation");
}

#[test]
fn no_key_that_lies_beside_a_trust_policy_travels() {
    let folder = tempfile::tempdir().unwrap();
    let put = |path: &str, text: &str| {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    put("n/trustpolicy.json", POLICY);
    put("n/truststore/x509/ca/acme/1.pem", &certificate("one"));
    put("n/truststore/x509/crl/acme/1.crl", &list("two"));
    put("n/localkeys/acme.key", "-----BEGIN PRIVATE KEY-----");
    put("n/signingkeys.json", "{}");
    let yml = "signatures: {authorities: [{name: a, images: ['**'], notation: n}]}";
    put("policy.yml", yml);
    let document = load(&folder.path().join("policy.yml")).unwrap();
    let paths: Vec<&str> = document.files.keys().map(String::as_str).collect();
    let stores = ["n/truststore/x509/ca/acme/1.pem", "n/truststore/x509/crl/acme/1.crl"];
    assert_eq!(paths, ["n/trustpolicy.json", stores[0], stores[1]]);
    Policy::parse(&document).unwrap();
}
