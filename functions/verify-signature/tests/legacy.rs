//! Promise: a signature of cosign's legacy layout is held to all that a bundle is held to: who
//! signed by certificate, what a log says, when it was.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(dead_code, reason = "the question is shared by several tests")]

mod asked;

use asked::{ask, question, rule};
use serde_json::{Value, json};
use testkit::image::{Beside, BuiltImage, ImageBuilder, digest};
use testkit::registry::{AttachedRepository, Listing};
use testkit::signer::{SignatureLayer, Signer, signature_manifest};
use testkit::sigstore::{Identity, Instance, Logged, Order, SIGNED_AT};

const ISSUER: &str = "https://issuer.example";

fn image() -> BuiltImage {
    ImageBuilder::new().build()
}

fn payload() -> Vec<u8> {
    Signer::payload("fn", &image().digest())
}

/// A signature with a certificate for this subject.
fn certified(subject: &str, order: &Order) -> SignatureLayer {
    let identity = Identity::new(subject, ISSUER);
    let bundle = Instance::new("acme").sign(&identity, &payload(), order);
    SignatureLayer::of_bundle(&bundle, &payload())
}

/// A signature by acme's key.
fn keyed(order: &Order) -> SignatureLayer {
    let bundle = Instance::new("acme").sign_with_key(&Signer::new("acme"), &payload(), order);
    SignatureLayer::of_bundle(&bundle, &payload())
}

fn check(layer: SignatureLayer, authority: &Value, expect: &str) {
    let signed = signature_manifest(&image().digest(), vec![layer]);
    let registry = AttachedRepository::of(&image(), "fn").tagged(signed).serve(Listing::Missing);
    let report = ask(&question(&registry.host(), &image().digest(), None, &trusting(authority)));
    assert_eq!(rule(&report), expect, "{report:?}");
}

/// A policy's `signatures:` of this authority over all images, under acme's own trusted root.
fn trusting(authority: &Value) -> Value {
    let mut authority = authority.clone();
    authority["name"] = "acme".into();
    authority["images"] = json!(["**"]);
    authority["trusted-root"] = Instance::new("acme").trusted_root().to_string().into();
    json!({"authorities": [authority]})
}

fn ada() -> Value {
    json!({"identities": [{"subject": "ada@acme.example", "issuer": ISSUER}]})
}

fn acme() -> Value {
    json!({"keys": [Signer::new("acme").public_pem()], "require": ["transparency-log"]})
}

#[test]
fn a_legacy_signature_by_certificate_counts_for_whom_the_policy_names() {
    check(certified("ada@acme.example", &Order::default()), &ada(), "pass");
    check(certified("eve@acme.example", &Order::default()), &ada(), "signed-by-other");
}

#[test]
fn p10_a_certificate_is_held_to_the_logs_time_and_not_to_now() {
    let late = Order { signed_at: SIGNED_AT + 3600, ..Order::default() };
    check(certified("ada@acme.example", &late), &ada(), "signature-expired");
    let nowhere = Order { logged: Logged::Nowhere, ..Order::default() };
    check(certified("ada@acme.example", &nowhere), &ada(), "signature-not-logged");
}

#[test]
fn p16_a_log_entry_is_of_this_very_signature() {
    check(keyed(&Order::default()), &acme(), "pass");
    let mut other = keyed(&Order::default());
    let key = Signer::new("acme");
    let foreign = Instance::new("acme").sign_with_key(&key, b"other", &Order::default());
    other.beside = SignatureLayer::of_bundle(&foreign, b"other").beside;
    check(other, &acme(), "bad-signature");
    let mut unlogged = keyed(&Order::default());
    unlogged.beside.clear();
    check(unlogged, &acme(), "signature-not-logged");
}

#[test]
fn p17_a_raw_key_in_the_place_of_a_certificate_is_no_certificate() {
    let mut layer = certified("ada@acme.example", &Order::default());
    for (name, text) in &mut layer.beside {
        if *name == "certificate" {
            *text = Signer::new("acme").public_pem();
        }
    }
    check(layer, &ada(), "bad-signature");
}

#[test]
fn p6_an_attestation_under_the_tag_counts_as_one_and_as_no_signature() {
    let statement = testkit::bundle::statement(&image().digest(), "https://x/y", &Value::Null);
    let envelope =
        Signer::new("acme").envelope(testkit::bundle::IN_TOTO, statement.to_string().as_bytes());
    let envelope = envelope.to_string().into_bytes();
    let describe = |media_type: &str, bytes: &[u8]| json!({"mediaType": media_type, "size": bytes.len(), "digest": digest(bytes)});
    let manifest = json!({
        "schemaVersion": 2,
        "config": describe("application/vnd.oci.image.config.v1+json", b"{}"),
        "layers": [describe("application/vnd.dsse.envelope.v1+json", &envelope)],
    });
    let beside = Beside {
        tag: format!("{}.att", image().digest().replace(':', "-")),
        media_type: "application/vnd.oci.image.manifest.v1+json".to_owned(),
        manifest: manifest.to_string().into_bytes(),
        blobs: vec![envelope],
    };
    let registry = AttachedRepository::of(&image(), "fn").tagged(beside).serve(Listing::Missing);
    let keys = [Signer::new("acme").public_pem()];
    let asked = json!([{"predicate-type": "https://x/y"}]);
    for (more, expect) in [
        (json!({"keys": keys, "attestations": asked, "image-signature": "not-asked"}), "pass"),
        (json!({"keys": keys, "attestations": asked}), "unsigned"),
        (json!({"keys": keys}), "unsigned"),
    ] {
        let report = ask(&question(&registry.host(), &image().digest(), None, &trusting(&more)));
        assert_eq!(rule(&report), expect, "{report:?}");
    }
}
