//! Promise: a bundle signs an image only if a trusted key made it, over a statement of the one
//! predicate that signs images, about this very image.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use oci_image::Digest;
use serde_json::{Value, json};
use signature::{
    Attached, Attachment, Authority, Claim, Layout, Material, Origin, Outcome, PublicKey, judge,
};
use testkit::bundle::{IN_TOTO, SIGN, statement};
use testkit::signer::Signer;

fn acme() -> Signer {
    Signer::new("acme")
}

fn image() -> String {
    Digest::of(b"image").to_string()
}

fn trusted() -> Vec<Authority> {
    let keys = vec![PublicKey::from_pem(&acme().public_pem()).unwrap()];
    vec![Authority::of_keys("acme", keys)]
}

fn attachment(json: Vec<u8>) -> Attachment {
    let origin = Origin {
        subject: image().parse().unwrap(),
        repository: "fn".to_owned(),
        layout: Layout::Referrers,
        manifest: Digest::of(b"manifest"),
        layer: 0,
    };
    Attachment { origin, content: Ok(Material::Bundle(json)) }
}

fn answer(bundle: &Value) -> signature::Answer {
    let attachments = vec![attachment(bundle.to_string().into_bytes())];
    judge(Attached { attachments, unanswered: Vec::new() }, &trusted())
}

fn check(bundle: &Value, expect: Outcome) {
    let answer = answer(bundle);
    assert_eq!(answer.outcome, expect, "{:?}", answer.seen[0].result.as_ref().err());
}

fn over(statement: &Value) -> Value {
    acme().bundle(&acme().envelope(IN_TOTO, statement.to_string().as_bytes()))
}

#[test]
fn a_bundle_by_a_trusted_key_signs_the_image_without_a_log() {
    check(&acme().sign_as_bundle(&image()), Outcome::Verified);
}

#[test]
fn p6_only_one_predicate_type_signs_an_image() {
    for predicate in [
        "https://sigstore.dev/cosign/sign/v2",
        "https://sigstore.dev/cosign/sign/v1/",
        "https://sigstore.dev/cosign/sign/V1",
        "https://cyclonedx.org/bom",
        "https://slsa.dev/provenance/v1",
        "",
    ] {
        check(&acme().attest(&image(), predicate), Outcome::Unsigned);
    }
}

#[test]
fn p4_a_bundle_of_another_image_is_bad_even_if_trusted() {
    check(&acme().sign_as_bundle(&Digest::of(b"other").to_string()), Outcome::BadSignature);
}

#[test]
fn another_key_is_another_signer() {
    check(&Signer::new("mallory").sign_as_bundle(&image()), Outcome::OtherSigner);
}

#[test]
fn p15_a_hint_selects_nothing() {
    let mut bundle = acme().sign_as_bundle(&image());
    for hint in ["", "AAAA", &Signer::new("mallory").hint()] {
        bundle["verificationMaterial"]["publicKey"]["hint"] = hint.into();
        check(&bundle, Outcome::Verified);
    }
    let mut lying = Signer::new("mallory").sign_as_bundle(&image());
    lying["verificationMaterial"]["publicKey"]["hint"] = acme().hint().into();
    check(&lying, Outcome::OtherSigner);
}

#[test]
fn p21_two_signatures_another_payload_type_or_no_statement_are_bad() {
    let mut twice = acme().sign_as_bundle(&image());
    let signature = twice["dsseEnvelope"]["signatures"][0].clone();
    twice["dsseEnvelope"]["signatures"].as_array_mut().unwrap().push(signature);
    check(&twice, Outcome::BadSignature);
    let text = statement(&image(), SIGN, &Value::Null).to_string();
    check(&acme().bundle(&acme().envelope("text/plain", text.as_bytes())), Outcome::BadSignature);
    check(&acme().bundle(&acme().envelope(IN_TOTO, b"[]")), Outcome::BadSignature);
    check(&json!({"mediaType": "x"}), Outcome::BadSignature);
}

#[test]
fn p13_a_statement_is_read_as_everybody_reads_it() {
    let hex = image().replace("sha256:", "");
    let good = statement(&image(), SIGN, &Value::Null).to_string();
    for (from, to) in [
        (r#""sha256""#, r#""SHA256""#),
        (r#""subject""#, r#""Subject""#),
        (r#""predicateType""#, r#""PredicateType""#),
        (r#""sha256":"#, r#""sha256":"00","sha256":"#),
        (r#""predicateType":"#, r#""predicateType":"x","predicateType":"#),
    ] {
        let text = good.replacen(from, to, 1);
        assert_ne!(text, good);
        check(&acme().bundle(&acme().envelope(IN_TOTO, text.as_bytes())), Outcome::BadSignature);
    }
    let upper = good.replace(&hex, &hex.to_uppercase());
    check(&acme().bundle(&acme().envelope(IN_TOTO, upper.as_bytes())), Outcome::Verified);
}

#[test]
fn the_signers_annotations_are_part_of_the_claim() {
    let answer = answer(&over(&statement(&image(), SIGN, &json!({"team": "a", "n": 1}))));
    let vouched = answer.seen[0].result.as_ref().unwrap();
    let Claim::Signature(payload) = &vouched.verified.claim else { panic!("no signature") };
    assert_eq!((&payload.annotations["team"], &payload.annotations["n"]), (&json!("a"), &json!(1)));
}

#[test]
fn p13_annotations_whose_keys_come_twice_are_bad() {
    let text = statement(&image(), SIGN, &json!({"a": 1})).to_string();
    let twice = text.replace(r#"{"a":1}"#, r#"{"a":1,"a":2}"#);
    assert_ne!(text, twice);
    check(&acme().bundle(&acme().envelope(IN_TOTO, twice.as_bytes())), Outcome::BadSignature);
}

#[test]
fn no_altered_field_of_a_bundle_verifies() {
    let bundle = acme().sign_as_bundle(&image());
    for field in ["/dsseEnvelope/payload", "/dsseEnvelope/signatures/0/sig"] {
        let text = bundle.pointer(field).unwrap().as_str().unwrap().to_owned();
        for at in 0..text.len() {
            let mut altered = text.clone().into_bytes();
            altered[at] = if altered[at] == b'A' { b'B' } else { b'A' };
            let mut bundle = bundle.clone();
            *bundle.pointer_mut(field).unwrap() = String::from_utf8(altered).unwrap().into();
            assert_ne!(answer(&bundle).outcome, Outcome::Verified, "{field} at {at}");
        }
    }
    let mut other = bundle.clone();
    other["dsseEnvelope"]["payloadType"] = "application/vnd.in-toto".into();
    assert_ne!(answer(&other).outcome, Outcome::Verified);
}
