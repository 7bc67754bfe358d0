//! Flaws that other verifiers had, by the advisory that names each; and that every pitfall of the
//! list has a test named after it, in whichever crate it can be shown.
//!
//! | | what goes wrong | | what goes wrong |
//! | --- | --- | --- | --- |
//! | P1 | a tag is resolved twice | P10 | a certificate is held to now |
//! | P2 | bytes are not hashed | P11 | expressions are not anchored |
//! | P3 | mutable tags are believed or kept | P12 | subject without issuer |
//! | P4 | a payload of another image | P13 | JSON with two meanings |
//! | P5 | the index signs for any child | P14 | algorithms of managed keys |
//! | P6 | an attestation signs the image | P15 | a hint selects the key |
//! | P7 | artifact types are believed | P16 | a log entry of something else |
//! | P8 | one layout hides another | P17 | a raw key in a certificate's place |
//! | P9 | a threshold counts signatures | P18 | a time in the future |
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;

use serde_json::{Value, json};
use signature::{
    Artifact, Attached, Attachment, Authority, Bundle, BundleFault, Evidence, KeyedLog, Layout,
    Material, Origin, Outcome, PublicKey, TrustedRoot, judge,
};
use testkit::bundle::{IN_TOTO, SIGN, statement};
use testkit::signer::Signer;
use testkit::sigstore::{Identity, Instance, Order};
use verdict::Digest;

const FILE: &[u8] = b"function handler";

fn key() -> Signer {
    Signer::new("acme")
}

fn verify_keyed(bundle: &Value) -> Result<(), BundleFault> {
    let root = Instance::new("acme").trusted_root().to_string();
    let root = TrustedRoot::from_json(root.as_bytes()).unwrap();
    let key = PublicKey::from_der(&key().public_der()).unwrap();
    let bundle = Bundle::parse(bundle.to_string().as_bytes()).unwrap();
    bundle.verify_keyed(Artifact::Bytes(FILE), &key, KeyedLog::Required(&root)).map(drop)
}

fn with_entry_of(bundle: &Value, other: &Value) -> Value {
    let mut mixed = bundle.clone();
    mixed["verificationMaterial"]["tlogEntries"] =
        other["verificationMaterial"]["tlogEntries"].clone();
    mixed
}

/// cosign took any true entry of the log, whatever signature, key or artifact it was of.
#[test]
fn ghsa_whqx_f9j3_ch6m_a_true_entry_of_something_else_logs_nothing() {
    let (instance, order) = (Instance::new("acme"), Order::default());
    let good = instance.sign_with_key(&key(), FILE, &order);
    verify_keyed(&good).unwrap();
    for other in [
        instance.sign_with_key(&key(), b"another file", &order),
        instance.sign_with_key(&Signer::new("mallory"), FILE, &order),
        instance.log_signature(&key().public_der(), &key().signature(b"x"), FILE, "sha256", &order),
    ] {
        let fault = verify_keyed(&with_entry_of(&good, &other));
        let is_refused = matches!(fault, Err(BundleFault::Log(_) | BundleFault::OtherArtifact));
        assert!(is_refused, "{fault:?}");
    }
}

/// The same of signatures by certificate.
#[test]
fn cve_2022_36056_an_entry_is_of_this_certificate_and_artifact() {
    let (instance, order) = (Instance::new("acme"), Order::default());
    let ada = Identity::new("ada@acme.example", "https://issuer.example");
    let eve = Identity::new("eve@acme.example", "https://issuer.example");
    let root = TrustedRoot::from_json(instance.trusted_root().to_string().as_bytes()).unwrap();
    let good = instance.sign(&ada, FILE, &order);
    let verify = |bundle: &Value| {
        let bundle = Bundle::parse(bundle.to_string().as_bytes()).unwrap();
        bundle.verify_keyless(FILE.into(), &root, Evidence::default()).map(drop)
    };
    verify(&good).unwrap();
    for other in [instance.sign(&eve, FILE, &order), instance.sign(&ada, b"another", &order)] {
        assert!(verify(&with_entry_of(&good, &other)).is_err());
    }
}

/// cosign looked at no predicate type of new bundles, and let malformed statements of old ones by.
#[test]
fn ghsa_w6c6_c85g_mmv6_another_predicate_or_a_malformed_statement_signs_nothing() {
    let image = Digest::of(FILE);
    let said = |kind: &str| statement(&image.to_string(), kind, &Value::Null);
    let mut no_subject = said(SIGN);
    no_subject["subject"] = json!([]);
    for (statement, expect) in [
        (said(SIGN).to_string(), Outcome::Verified),
        (said("https://spdx.dev/Document").to_string(), Outcome::Unsigned),
        (said("").to_string(), Outcome::Unsigned),
        (no_subject.to_string(), Outcome::BadSignature),
        ("{}".to_owned(), Outcome::BadSignature),
        ("[".to_owned(), Outcome::BadSignature),
    ] {
        let bundle = key().bundle(&key().envelope(IN_TOTO, statement.as_bytes()));
        let origin = Origin {
            subject: image,
            repository: "fn".to_owned(),
            layout: Layout::Referrers,
            manifest: image,
            layer: 0,
        };
        let content = Ok(Material::Bundle(bundle.to_string().into_bytes()));
        let attached =
            Attached { attachments: vec![Attachment { origin, content }], unanswered: Vec::new() };
        let trusted = PublicKey::from_der(&key().public_der()).unwrap();
        let answer = judge(attached, &[Authority::of_keys("acme", vec![trusted])]);
        assert_eq!(answer.outcome, expect, "{statement}");
    }
}

#[test]
fn each_pitfall_and_advisory_has_a_test_named_after_it() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut text = String::new();
    for folder in ["crates", "functions", "tests"] {
        read_into(&root.join(folder), &mut text);
    }
    let advisories =
        ["cve_2022_36056", "ghsa_fx35_mq7g_6g98", "ghsa_w6c6_c85g_mmv6", "ghsa_whqx_f9j3_ch6m"];
    let pitfalls = (1..=18).map(|number| format!("p{number}"));
    for name in pitfalls.chain(advisories.map(str::to_owned)) {
        assert!(
            text.contains(&format!("#[test]\nfn {name}_"))
                || text.contains(&format!("#[test]\n    fn {name}_")),
            "{name}"
        );
    }
}

/// The Rust sources below a folder.
fn read_into(folder: &Path, text: &mut String) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("target") {
            read_into(&path, text);
        } else if path.extension().is_some_and(|it| it == "rs") {
            text.push_str(&std::fs::read_to_string(&path).unwrap());
        }
    }
}
