//! Bundles by an instance of the tests' own: what verifies, and every way in which it must not.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use serde_json::{Value, json};
use signature::{
    Artifact, Bundle, BundleError, BundleFault, Demand, Evidence, KeyedLog, PublicKey,
    Signer as Who, TrustedRoot,
};
use testkit::signer::Signer;
use testkit::sigstore::{CERTIFICATE_SECONDS, Identity, Instance, Logged, Order, SIGNED_AT};
use verdict::Digest;

const FILE: &[u8] = b"function handler";
const ISSUER: &str = "https://issuer.example";
const SUBJECT: &str = "https://forge.example/acme/fn/.ci/build.yml@refs/heads/main";

fn instance() -> Instance {
    Instance::new("acme")
}

fn root(instance: &Instance) -> TrustedRoot {
    TrustedRoot::from_json(instance.trusted_root().to_string().as_bytes()).unwrap()
}

fn signer() -> Identity {
    let mut identity = Identity::new(SUBJECT, ISSUER);
    identity.extensions.push((12, "https://forge.example/acme/fn".to_owned()));
    identity
}

fn statement() -> Value {
    json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": "fn", "digest": {"sha256": Digest::of(FILE).hex()}}],
        "predicateType": "https://slsa.dev/provenance/v1",
        "predicate": {"builder": "acme"},
    })
}

fn verify(bundle: &Value, evidence: Evidence) -> Result<Who, BundleFault> {
    let bundle = Bundle::parse(bundle.to_string().as_bytes()).unwrap();
    let root = root(&instance());
    let by_digest = bundle.verify_keyless(Digest::of(FILE).into(), &root, evidence);
    let by_bytes = bundle.verify_keyless(FILE.into(), &root, evidence);
    assert_eq!(by_digest.is_ok(), by_bytes.is_ok());
    by_bytes
}

fn verify_keyed(bundle: &Value, key: &Signer) -> Result<(), BundleFault> {
    let bundle = Bundle::parse(bundle.to_string().as_bytes()).unwrap();
    let key = PublicKey::from_der(&key.public_der()).unwrap();
    let root = root(&instance());
    bundle.verify_keyed(FILE.into(), &key, KeyedLog::Required(&root)).map(drop)
}

fn signed(order: &Order) -> Value {
    instance().sign(&signer(), FILE, order)
}

fn orders() -> [Order; 3] {
    let order = Order::default;
    [
        order(),
        Order { stamped: true, ..order() },
        Order { logged: Logged::V2, stamped: true, ..order() },
    ]
}

#[test]
fn a_certificate_says_who_signed_and_logs_and_stamps_say_when() {
    for order in orders() {
        for bundle in [signed(&order), instance().attest(&signer(), &statement(), &order)] {
            let who = verify(&bundle, Evidence::default()).unwrap();
            assert_eq!((who.subject.as_str(), who.issuer.as_str()), (SUBJECT, ISSUER));
            assert_eq!(who.extensions["source-repository-uri"], "https://forge.example/acme/fn");
            let both = order.logged == Logged::V1 && order.stamped;
            assert_eq!(who.times.len(), if both { 2 } else { 1 });
            assert!(who.times.iter().all(|time| time.as_second() == SIGNED_AT));
        }
    }
}

#[test]
fn a_key_verifies_with_each_log() {
    let key = Signer::new("release");
    for order in orders() {
        verify_keyed(&instance().sign_with_key(&key, FILE, &order), &key).unwrap();
        verify_keyed(&instance().attest_with_key(&key, &statement(), &order), &key).unwrap();
    }
}

#[test]
fn another_artifact_is_another_artifact() {
    let bundle = Bundle::parse(signed(&Order::default()).to_string().as_bytes()).unwrap();
    let attest = instance().attest(&signer(), &statement(), &Order::default());
    let attest = Bundle::parse(attest.to_string().as_bytes()).unwrap();
    for bundle in [bundle, attest] {
        for artifact in [Artifact::Bytes(b"other"), Artifact::Sha256(Digest::of(b"other"))] {
            let fault = bundle.verify_keyless(artifact, &root(&instance()), Evidence::default());
            assert!(matches!(fault, Err(BundleFault::OtherArtifact)));
        }
    }
}

#[test]
fn another_instance_vouches_for_nobody_here() {
    let other = Instance::new("other").sign(&signer(), FILE, &Order::default());
    assert!(matches!(verify(&other, Evidence::default()), Err(BundleFault::OtherLog(_))));
    // Not even when its certificate comes with a log entry and a stamp that are trusted here.
    let mut mixed = signed(&Order::default());
    mixed["verificationMaterial"]["certificate"] =
        other["verificationMaterial"]["certificate"].clone();
    assert!(matches!(verify(&mixed, Evidence::default()), Err(BundleFault::Certificate(_))));
}

#[test]
fn p10_a_certificate_must_be_valid_when_signed_and_not_now() {
    // Now it has expired for years, and that is no fault.
    let _ = verify(&signed(&Order::default()), Evidence::default()).unwrap();
    for (late, sound) in [(0, true), (CERTIFICATE_SECONDS, true), (CERTIFICATE_SECONDS + 1, false)]
    {
        let order = Order { certified_at: SIGNED_AT - late, stamped: true, ..Order::default() };
        let verified = verify(&signed(&order), Evidence::default());
        match sound {
            true => drop(verified.unwrap()),
            false => assert!(matches!(verified, Err(BundleFault::Expired(_))), "{late}"),
        }
    }
    let early = Order { certified_at: SIGNED_AT + 1, ..Order::default() };
    assert!(matches!(verify(&signed(&early), Evidence::default()), Err(BundleFault::Expired(_))));
}

#[test]
fn p10_without_a_trusted_time_nothing_is_verified() {
    let order = Order { logged: Logged::V2, ..Order::default() };
    assert!(matches!(verify(&signed(&order), Evidence::default()), Err(BundleFault::NoTime(_))));
    let order = Order { logged: Logged::Nowhere, ..Order::default() };
    let waived = Evidence { log: Demand::WaivedUnsafe, ..Evidence::default() };
    assert!(verify(&signed(&order), waived).is_err());
    // The time of a log that promised nothing is anybody's.
    let mut bundle = signed(&Order::default());
    let entry = &mut bundle["verificationMaterial"]["tlogEntries"][0];
    entry.as_object_mut().unwrap().remove("inclusionPromise");
    assert!(matches!(verify(&bundle, Evidence::default()), Err(BundleFault::NoTime(_))));
}

#[test]
fn what_is_not_logged_passes_only_where_that_is_waived() {
    let order = Order { logged: Logged::Nowhere, stamped: true, ..Order::default() };
    assert!(matches!(verify(&signed(&order), Evidence::default()), Err(BundleFault::NotLogged)));
    let waived = Evidence { log: Demand::WaivedUnsafe, ..Evidence::default() };
    let _ = verify(&signed(&order), waived).unwrap();

    let order = Order { certificate_logged: false, ..Order::default() };
    let fault = verify(&signed(&order), Evidence::default());
    assert!(matches!(fault, Err(BundleFault::CertificateNotLogged(_))));
    let waived = Evidence { certificate_log: Demand::WaivedUnsafe, ..Evidence::default() };
    let _ = verify(&signed(&order), waived).unwrap();
}

#[test]
fn an_entry_that_proves_nothing_does_not_ride_along() {
    let mut bundle = signed(&Order::default());
    let entries = bundle["verificationMaterial"]["tlogEntries"].as_array_mut().unwrap();
    let mut bare = entries[0].clone();
    for key in ["inclusionProof", "inclusionPromise"] {
        bare.as_object_mut().unwrap().remove(key);
    }
    entries.push(bare);
    assert!(matches!(verify(&bundle, Evidence::default()), Err(BundleFault::NotLogged)));
}

#[test]
fn p12_a_certificate_without_issuer_names_nobody() {
    let mut nobody = signer();
    nobody.issuer = None;
    let bundle = instance().sign(&nobody, FILE, &Order::default());
    let fault = verify(&bundle, Evidence::default());
    assert!(matches!(fault, Err(BundleFault::NoIdentity("issuer"))));
}

#[test]
fn p15_a_hint_selects_no_key() {
    let (key, other) = (Signer::new("release"), Signer::new("other"));
    let mut bundle = instance().sign_with_key(&key, FILE, &Order::default());
    for hint in [json!({}), json!({"hint": other.hint()}), json!({"hint": "anything"})] {
        bundle["verificationMaterial"]["publicKey"] = hint;
        verify_keyed(&bundle, &key).unwrap();
        assert!(matches!(verify_keyed(&bundle, &other), Err(BundleFault::Signature(_))));
    }
}

#[test]
fn p16_a_log_entry_is_about_this_signature_key_and_artifact() {
    // CVE-2022-36056: a true entry of the log, for something else.
    let mallory = Identity::new("mallory@mail.example", ISSUER);
    for order in [Order::default(), Order { logged: Logged::V2, stamped: true, ..Order::default() }]
    {
        for (mine, foreign) in [
            (signed(&order), instance().sign(&signer(), b"other", &order)),
            (signed(&order), instance().sign(&mallory, FILE, &order)),
            (
                instance().attest(&signer(), &statement(), &order),
                instance().attest(&mallory, &statement(), &order),
            ),
        ] {
            let mut bundle = mine;
            bundle["verificationMaterial"]["tlogEntries"] =
                foreign["verificationMaterial"]["tlogEntries"].clone();
            let fault = verify(&bundle, Evidence::default()).unwrap_err();
            assert!(matches!(fault, BundleFault::Log(_) | BundleFault::OtherArtifact), "{fault:?}");
        }
    }
    let (key, other) = (Signer::new("release"), Signer::new("other"));
    let mut bundle = instance().sign_with_key(&key, FILE, &Order::default());
    bundle["verificationMaterial"]["tlogEntries"] = instance().sign_with_key(
        &other,
        FILE,
        &Order::default(),
    )["verificationMaterial"]["tlogEntries"]
        .clone();
    assert!(matches!(verify_keyed(&bundle, &key), Err(BundleFault::Log(_))));
}

#[test]
fn p17_a_certificate_beside_a_configured_key_must_be_for_that_key() {
    // The certificate is good and trusted; the key that is asked for is another.
    let bundle = signed(&Order::default());
    assert!(matches!(verify_keyed(&bundle, &Signer::new("release")), Err(BundleFault::OtherKey)));
    verify_keyed(&bundle, &Signer::new("ephemeral")).unwrap();
    // And a bare key is no identity.
    let keyed = instance().sign_with_key(&Signer::new("release"), FILE, &Order::default());
    assert!(matches!(verify(&keyed, Evidence::default()), Err(BundleFault::NoCertificate)));
}

#[test]
fn ghsa_fx35_mq7g_6g98_a_raw_key_is_no_certificate() {
    use base64::Engine as _;
    let key = base64::engine::general_purpose::STANDARD.encode(Signer::new("mallory").public_der());
    let mut bundle = signed(&Order::default());
    bundle["verificationMaterial"]["certificate"]["rawBytes"] = key.into();
    assert!(verify(&bundle, Evidence::default()).is_err());
    assert!(verify_keyed(&bundle, &Signer::new("mallory")).is_err());
}

#[test]
fn p18_a_time_in_the_future_is_refused() {
    let future = jiff::Timestamp::now().as_second() + 3600;
    for (logged, stamped) in [(Logged::V1, false), (Logged::V2, true)] {
        let order = Order {
            certified_at: future - 10,
            signed_at: future,
            logged,
            stamped,
            ..Order::default()
        };
        let fault = verify(&signed(&order), Evidence::default()).unwrap_err();
        assert!(matches!(fault, BundleFault::Log(_) | BundleFault::Time(_)), "{fault:?}");
    }
}

#[test]
fn p18_the_times_of_a_log_are_valid_to_both_ends() {
    let bundle = Bundle::parse(signed(&Order::default()).to_string().as_bytes()).unwrap();
    let at = |second: i64| jiff::Timestamp::from_second(SIGNED_AT + second).unwrap().to_string();
    for (start, end, sound) in [(0, 0, true), (1, 1, false), (-1, -1, false), (-1, 1, true)] {
        let mut root = instance().trusted_root();
        root["tlogs"][0]["publicKey"]["validFor"] = json!({"start": at(start), "end": at(end)});
        let root = TrustedRoot::from_json(root.to_string().as_bytes()).unwrap();
        let verified = bundle.verify_keyless(FILE.into(), &root, Evidence::default());
        assert_eq!(verified.is_ok(), sound, "{start} {end}");
    }
}

#[test]
fn p21_an_envelope_holds_one_signature_over_a_statement() {
    let good = instance().attest(&signer(), &statement(), &Order::default());
    let mut twice = good.clone();
    let signature = twice["dsseEnvelope"]["signatures"][0].clone();
    twice["dsseEnvelope"]["signatures"].as_array_mut().unwrap().push(signature);
    assert!(Bundle::parse(twice.to_string().as_bytes()).is_err());
    let mut none = good.clone();
    none["dsseEnvelope"]["signatures"] = json!([]);
    assert!(Bundle::parse(none.to_string().as_bytes()).is_err());
    let mut other = good.clone();
    other["dsseEnvelope"]["payloadType"] = "application/json".into();
    assert!(matches!(verify(&other, Evidence::default()), Err(BundleFault::Statement(_))));
    let mut both = good;
    both["messageSignature"] = signed(&Order::default())["messageSignature"].clone();
    let parsed = Bundle::parse(both.to_string().as_bytes());
    assert!(matches!(parsed, Err(BundleError::NotOne(_))), "a bundle holds one thing");
}
