//! Legacy signatures and attestations of cosign, with what Rekor and Fulcio wrote beside them.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use signature::{
    Bundle, BundleFault, Demand, Evidence, KeyedLog, LiftError, PublicKey, Sigstore, Simple,
    TrustedRoot,
};
use testkit::signer::Signer;
use testkit::sigstore::{Identity, Instance, Logged, Order};
use verdict::Digest;

const PAYLOAD: &[u8] = br#"{"critical":{}}"#;

fn decoded(value: &Value) -> Vec<u8> {
    STANDARD.decode(value.as_str().unwrap()).unwrap()
}

/// What cosign writes beside a legacy signature, taken from a bundle.
fn beside(bundle: &Value) -> Sigstore {
    let material = &bundle["verificationMaterial"];
    let certificate = material["certificate"]["rawBytes"].as_str();
    let pem = certificate
        .map(|der| format!("-----BEGIN CERTIFICATE-----\n{der}\n-----END CERTIFICATE-----\n"));
    let entry = material["tlogEntries"].get(0).map(|entry| {
        let number = |key: &str| entry[key].as_str().unwrap().parse::<i64>().unwrap();
        json!({
            "SignedEntryTimestamp": entry["inclusionPromise"]["signedEntryTimestamp"],
            "Payload": {
                "body": entry["canonicalizedBody"],
                "integratedTime": number("integratedTime"),
                "logIndex": number("logIndex"),
                "logID": hex::encode(decoded(&entry["logId"]["keyId"])),
            },
        })
        .to_string()
    });
    let stamp = &material["timestampVerificationData"]["rfc3161Timestamps"][0]["signedTimestamp"];
    let timestamp = stamp.as_str().map(|it| json!({"SignedRFC3161Timestamp": it}).to_string());
    Sigstore { certificate: pem, chain: None, log_entry: entry, timestamp }
}

fn simple(bundle: &Value) -> Simple {
    Simple {
        payload: PAYLOAD.to_vec(),
        signature: decoded(&bundle["messageSignature"]["signature"]),
        sigstore: beside(bundle),
    }
}

fn instance() -> (Instance, TrustedRoot) {
    let instance = Instance::new("acme");
    let root = TrustedRoot::from_json(instance.trusted_root().to_string().as_bytes()).unwrap();
    (instance, root)
}

fn who() -> Identity {
    Identity::new("ci@acme.example", "https://issuer.example")
}

#[test]
fn a_legacy_keyless_signature_says_who_signed() {
    let (instance, root) = instance();
    for stamped in [false, true] {
        let order = Order { stamped, ..Order::default() };
        let simple = simple(&instance.sign(&who(), PAYLOAD, &order));
        let bundle = Bundle::of_simple(&simple).unwrap();
        let signer = bundle.verify_keyless(PAYLOAD.into(), &root, Evidence::default()).unwrap();
        assert_eq!(signer.subject, "ci@acme.example");
        assert_eq!(signer.times.len(), if stamped { 2 } else { 1 });
        let other = bundle.verify_keyless(b"other"[..].into(), &root, Evidence::default());
        assert!(matches!(other, Err(BundleFault::OtherArtifact)));
    }
}

#[test]
fn a_legacy_attestation_is_about_its_subject() {
    let (instance, root) = instance();
    let digest = Digest::of(b"manifest");
    let statement = json!({
        "_type": "https://in-toto.io/Statement/v0.1",
        "subject": [{"name": "fn", "digest": {"sha256": digest.hex()}}],
        "predicateType": "https://slsa.dev/provenance/v0.2",
        "predicate": {},
    });
    let made = instance.attest(&who(), &statement, &Order::default());
    let envelope = made["dsseEnvelope"].to_string();
    let bundle = Bundle::of_envelope(envelope.as_bytes(), &beside(&made)).unwrap();
    let _ = bundle.verify_keyless(digest.into(), &root, Evidence::default()).unwrap();
    let other = Digest::of(b"other").into();
    let other = bundle.verify_keyless(other, &root, Evidence::default());
    assert!(matches!(other, Err(BundleFault::OtherArtifact)));
}

#[test]
fn a_legacy_keyed_signature_has_its_log_entry_verified() {
    let (instance, root) = instance();
    let signer = Signer::new("release");
    let key = PublicKey::from_der(&signer.public_der()).unwrap();
    let mut simple = simple(&instance.sign_with_key(&signer, PAYLOAD, &Order::default()));
    let verify = |simple: &Simple| {
        let bundle = Bundle::of_simple(simple).unwrap();
        bundle.verify_keyed(PAYLOAD.into(), &key, KeyedLog::Required(&root))
    };
    assert_eq!(verify(&simple).unwrap().times.len(), 1);
    let foreign = instance.sign_with_key(&Signer::new("other"), PAYLOAD, &Order::default());
    simple.sigstore.log_entry = beside(&foreign).log_entry;
    assert!(matches!(verify(&simple), Err(BundleFault::Log(_))));
    simple.sigstore.log_entry = None;
    assert!(matches!(verify(&simple), Err(BundleFault::NotLogged)));
}

#[test]
fn a_stamp_alone_is_enough_where_the_log_is_waived() {
    let (instance, root) = instance();
    let order = Order { logged: Logged::Nowhere, stamped: true, ..Order::default() };
    let bundle = Bundle::of_simple(&simple(&instance.sign(&who(), PAYLOAD, &order))).unwrap();
    let waived = Evidence { log: Demand::WaivedUnsafe, ..Evidence::default() };
    let _ = bundle.verify_keyless(PAYLOAD.into(), &root, waived).unwrap();
    let asked = bundle.verify_keyless(PAYLOAD.into(), &root, Evidence::default());
    assert!(matches!(asked, Err(BundleFault::NotLogged)));
}

#[test]
fn ghsa_fx35_mq7g_6g98_a_raw_key_is_no_certificate() {
    let (instance, _) = instance();
    let mut simple = simple(&instance.sign(&who(), PAYLOAD, &Order::default()));
    simple.sigstore.certificate = Some(Signer::new("mallory").public_pem());
    assert!(matches!(Bundle::of_simple(&simple), Err(LiftError::Certificate("certificate", _))));
}

#[test]
fn what_stands_beside_a_signature_is_bounded_and_well_formed() {
    let (instance, _) = instance();
    let good = simple(&instance.sign(&who(), PAYLOAD, &Order::default()));
    let refused = |change: &dyn Fn(&mut Sigstore)| {
        let mut simple = good.clone();
        change(&mut simple.sigstore);
        Bundle::of_simple(&simple).unwrap_err()
    };
    let long = || Some("a".repeat((256 << 10) + 1));
    assert!(matches!(refused(&|it| it.certificate = long()), LiftError::TooLong(_)));
    assert!(matches!(refused(&|it| it.chain = long()), LiftError::TooLong(_)));
    assert!(matches!(refused(&|it| it.log_entry = long()), LiftError::TooLong(_)));
    assert!(matches!(refused(&|it| it.timestamp = long()), LiftError::TooLong(_)));
    assert!(matches!(refused(&|it| it.chain = Some(String::new())), LiftError::Certificate(..)));
    assert!(matches!(refused(&|it| it.log_entry = Some("{}".into())), LiftError::LogEntry(_)));
    assert!(matches!(refused(&|it| it.timestamp = Some("1".into())), LiftError::Timestamp(_)));
    let many = good.sigstore.certificate.clone().unwrap().repeat(10);
    assert!(matches!(refused(&|it| it.chain = Some(many.clone())), LiftError::Bundle(_)));
    let unknown = |it: &mut Sigstore| {
        let text = it.log_entry.as_ref().unwrap();
        let mut entry: Value = serde_json::from_str(text).unwrap();
        let body = json!({"kind": "intoto", "apiVersion": "0.0.9"}).to_string();
        entry["Payload"]["body"] = STANDARD.encode(body).into();
        it.log_entry = Some(entry.to_string());
    };
    assert!(matches!(refused(&unknown), LiftError::Bundle(_)));
}
