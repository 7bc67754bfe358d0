//! What a trust policy of Notation's lets count, at each of its levels.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod desk;

use std::collections::BTreeMap;

use desk::{
    EXPIRY, NOW, SCHEME, acme, certified, check, check_under, image, judged, policy, trust, with,
};
use serde_json::{Value, json};
use signature::{NotationTrust, NotationTrustError, Outcome, Signatory};
use testkit::notation::{Pki, pem, trust_policy};

#[test]
fn a_signature_expires_when_its_signer_says() {
    let until = |time: &'static str| {
        with(move |it| {
            it[EXPIRY] = json!(time);
            it["crit"] = json!([SCHEME, EXPIRY]);
        })
    };
    check(&until("2025-06-01T00:00:00Z"), Outcome::Verified, "");
    check(&until(NOW), Outcome::Expired, "let it expire");
    check(&until("2024-06-01T00:00:00Z"), Outcome::BadSignature, EXPIRY);
    let permissive = policy(|it| it["signatureVerification"]["level"] = json!("permissive"));
    let (outcome, _, signatory) = judged(&until(NOW).to_string(), &permissive);
    assert_eq!(outcome, Outcome::Verified);
    let Some(Signatory::Certified(signer)) = signatory else { panic!("{signatory:?}") };
    assert!(signer.logged[0].contains("let it expire"), "{:?}", signer.logged);
}

#[test]
fn a_signer_is_named_by_subject_or_by_nothing_at_all() {
    let other = certified(|it| it.subject = "C=US,ST=WA,O=acme2,CN=signer".to_owned());
    check(&other, Outcome::OtherSigner, "signed by CN=signer,O=acme2");
    let anybody = policy(|it| it["trustedIdentities"] = json!(["*"]));
    check_under(&other, &anybody, Outcome::Verified, "");
    assert_eq!(trust(&anybody).unwrap().unsafe_options(), ["trustedIdentities *"]);
    assert!(trust(&trust_policy(&acme())).unwrap().unsafe_options().is_empty());
    let narrow = policy(|it| {
        it["trustedIdentities"] =
            json!(["x509.subject: C=US,ST=WA,O=acme,CN=signer", "x509.subject: C=DE,ST=B,O=x"]);
    });
    check_under(&acme().sign(&image()), &narrow, Outcome::Verified, "");
}

#[test]
fn a_level_says_what_is_enforced_and_nothing_skipped_vouches() {
    let level =
        |it: &'static str| policy(move |to| to["signatureVerification"]["level"] = json!(it));
    let (own, theirs) = (acme().sign(&image()), Pki::new("mallory").sign(&image()));
    check_under(&own, &level("audit"), Outcome::Verified, "");
    check_under(&theirs, &level("audit"), Outcome::OnlyLogged, "which the trust policy only logs");
    check_under(&theirs, &level("permissive"), Outcome::OtherSigner, "none of the stores");
    // Integrity is enforced at every level.
    let mut broken = theirs.clone();
    broken["payload"] = own["protected"].clone();
    check_under(&broken, &level("audit"), Outcome::BadSignature, "does not verify");
    let skip = json!({"version": "1.0", "trustPolicies": [{
        "name": "none", "registryScopes": ["*"], "signatureVerification": {"level": "skip"}}]});
    check_under(&own, &skip, Outcome::OtherSigner, "skips verification");
    let elsewhere = policy(|it| it["registryScopes"] = json!(["reg.example/other"]));
    check_under(&own, &elsewhere, Outcome::OtherSigner, "covers the repository reg.example/fn");
    let here = policy(|it| it["registryScopes"] = json!(["reg.example/fn"]));
    check_under(&own, &here, Outcome::Verified, "");
    assert_eq!(
        trust(&level("permissive")).unwrap().unsafe_options(),
        ["authenticTimestamp log", "expiry log", "revocation log"]
    );
}

#[test]
fn a_certificate_that_could_be_revoked_is_not_taken_unasked() {
    // A URL of a list (RFC 5280 §4.2.1.13).
    let list = [&[0x30, 12, 0x30, 10, 0xa0, 8, 0xa0, 6, 0x86, 4][..], b"http"].concat();
    let revocable = certified(|it| it.extensions = vec![("2.5.29.31", false, list.clone())]);
    check(&revocable, Outcome::Unchecked, "is revoked is not known");
    let skip = policy(|it| it["signatureVerification"]["override"] = json!({"revocation": "skip"}));
    check_under(&revocable, &skip, Outcome::Verified, "");
    assert_eq!(trust(&skip).unwrap().unsafe_options(), ["revocation skip"]);
    let log = policy(|it| it["signatureVerification"]["override"] = json!({"revocation": "log"}));
    check_under(&revocable, &log, Outcome::Verified, "");
}

#[test]
fn a_trust_policy_that_notation_would_not_take_is_not_taken() {
    let statement = |change: &'static str, value: Value| {
        let policy = policy(|it| *it.pointer_mut(change).unwrap() = value.clone());
        trust(&policy).map(drop).unwrap_err()
    };
    for (pointer, value) in [
        ("/registryScopes", json!([])),
        ("/registryScopes", json!(["*", "reg.example/fn"])),
        ("/registryScopes", json!(["reg.example/*"])),
        ("/registryScopes", json!(["reg.example"])),
        ("/trustStores", json!([])),
        ("/trustStores", json!(["ca:none"])),
        ("/trustStores", json!(["acme"])),
        ("/trustStores", json!(["ca:../acme"])),
        ("/trustedIdentities", json!([])),
        ("/trustedIdentities", json!(["*", "x509.subject: C=US,ST=WA,O=acme"])),
        ("/trustedIdentities", json!(["x509.subject: C=US"])),
        ("/trustedIdentities", json!(["did:acme"])),
        ("/signatureVerification", json!({"level": "lenient"})),
        ("/signatureVerification", json!({"level": "skip"})),
        ("/signatureVerification", json!({"level": "strict", "override": {"integrity": "log"}})),
        ("/signatureVerification", json!({"level": "strict", "override": {"expiry": "skip"}})),
        ("/signatureVerification", json!({"level": "strict", "verifyTimestamp": "never"})),
    ] {
        statement(pointer, value);
    }
    let twice = |it: &mut Value| {
        let first = it["trustPolicies"][0].clone();
        it["trustPolicies"].as_array_mut().unwrap().push(first);
    };
    let versioned = |it: &mut Value| it["version"] = json!("2.0");
    let empty = |it: &mut Value| it["trustPolicies"] = json!([]);
    for change in [twice, versioned, empty] {
        let mut policy = trust_policy(&acme());
        change(&mut policy);
        assert!(matches!(trust(&policy), Err(NotationTrustError::Policy(_))), "{policy}");
    }
    // A certificate of a mere signer vouches for nobody.
    let leaf = pem(&acme().own_chain()[0]);
    let stores = BTreeMap::from([("ca:acme".to_owned(), leaf)]);
    let read = NotationTrust::read(
        &trust_policy(&acme()).to_string(),
        &stores,
        "reg.example/fn",
        NOW.parse().unwrap(),
    );
    assert!(matches!(read, Err(NotationTrustError::NoAuthority(..))));
}
