//! Promise: a signature with a certificate that does not count comes out as what is wrong with it,
//! and as nothing else: who mends it is told what to mend.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::sync::Arc;

use oci_image::Digest;
use serde_json::{Value, json};
use signature::{
    Attached, Attachment, Authority, Identity, Layout, LogDemand, Material, Origin, Outcome,
    PublicKey, TextMatch, TrustedRoot, judge,
};
use testkit::bundle::{SIGN, statement};
use testkit::signer::Signer;
use testkit::sigstore::{CERTIFICATE_SECONDS, Identity as Who, Instance, Logged, Order, SIGNED_AT};
use verdict::causes;

const ISSUER: &str = "https://issuer.example";
const SUBJECT: &str = "ci@acme.example";
/// A day before anything is signed.
const BEFORE: &str = "2024-02-01T00:00:00Z";

fn image() -> Digest {
    Digest::of(b"image")
}

fn acme() -> Instance {
    Instance::new("acme")
}

fn who() -> Who {
    Who::new(SUBJECT, ISSUER)
}

fn says_of(image: Digest) -> Value {
    statement(&image.to_string(), SIGN, &Value::Null)
}

fn signed(order: &Order) -> Value {
    acme().attest(&who(), &says_of(image()), order)
}

/// A change of what was signed.
fn changed(pointer: &str, value: Value) -> Value {
    let mut bundle = signed(&Order::default());
    *bundle.pointer_mut(pointer).unwrap() = value;
    bundle
}

/// The instance's root, in which a part is trusted no longer than until then.
fn root_until(part: &str, until: &str) -> Value {
    let mut root = acme().trusted_root();
    let times = json!({"start": "2024-01-01T00:00:00Z", "end": until});
    let part = root.pointer_mut(part).unwrap();
    part["validFor"] = times;
    root
}

fn authority(root: &Value) -> Authority {
    let exact = |text| TextMatch::exact(text).unwrap();
    let identity =
        Identity { issuer: exact(ISSUER), subject: exact(SUBJECT), extensions: Default::default() };
    let root = TrustedRoot::from_json(root.to_string().as_bytes()).unwrap();
    Authority {
        identities: vec![identity],
        root: Some(Arc::new(root)),
        ..Authority::of_keys("acme", Vec::new())
    }
}

#[track_caller]
fn judged(bundle: &Value, authority: Authority, expect: Outcome, why: &str) {
    let origin = Origin {
        subject: image(),
        repository: "fn".to_owned(),
        layout: Layout::Referrers,
        manifest: image(),
        layer: 0,
    };
    let content = Ok(Material::Bundle(bundle.to_string().into_bytes()));
    let attached =
        Attached { attachments: vec![Attachment { origin, content }], unanswered: vec![] };
    let answer = judge(attached, &[authority]);
    let said = match &answer.seen[0].result {
        Ok(_) => String::new(),
        Err(fault) => format!("{fault}: {}", causes(fault)),
    };
    assert_eq!(answer.outcome, expect, "{said}");
    assert!(said.contains(why), "{why:?} is not in {said:?}");
}

#[track_caller]
fn check(bundle: &Value, expect: Outcome, why: &str) {
    judged(bundle, authority(&acme().trusted_root()), expect, why);
}

#[track_caller]
fn check_by(root: &Value, order: &Order, expect: Outcome, why: &str) {
    judged(&signed(order), authority(root), expect, why);
}

fn v2() -> Order {
    Order { logged: Logged::V2, stamped: true, ..Order::default() }
}

#[test]
fn a_certificate_that_was_not_valid_is_told_with_both_times() {
    let at = "it was signed at 2024-06-01T00:00:00Z, and the certificate is valid";
    let late = SIGNED_AT - CERTIFICATE_SECONDS - 1;
    let ended = format!("{at} from 2024-05-31T23:49:59Z until 2024-05-31T23:59:59Z");
    let coming = format!("{at} from 2024-06-01T00:00:01Z until 2024-06-01T00:10:01Z");
    for order in [Order::default(), Order { stamped: true, ..Order::default() }, v2()] {
        check(&signed(&order), Outcome::Verified, "");
        let of = |certified_at| signed(&Order { certified_at, ..order.clone() });
        check(&of(late), Outcome::Expired, &ended);
        check(&of(SIGNED_AT + 1), Outcome::Expired, &coming);
    }
}

#[test]
fn an_authority_that_is_trusted_no_more_at_that_time_is_no_other_signer() {
    let root = root_until("/certificateAuthorities/0", BEFORE);
    let why = "no trusted certificate authority is valid at 2024-06-01T00:00:00Z";
    check_by(&root, &Order::default(), Outcome::Expired, why);
    check_by(&root, &v2(), Outcome::Expired, why);
}

#[test]
fn what_no_trusted_log_or_time_vouches_for_is_not_logged() {
    let order = Order::default;
    let nowhere = Order { logged: Logged::Nowhere, ..order() };
    check(&signed(&nowhere), Outcome::NotLogged, "no entry of a transparency log");
    let untimed = Order { stamped: false, ..v2() };
    check(&signed(&untimed), Outcome::NotLogged, "no trusted time says when it was signed");
    let unlogged = Order { certificate_logged: false, ..order() };
    check(&signed(&unlogged), Outcome::NotLogged, "certificate is missing SCT extension");

    let usual = acme().trusted_root();
    let other = Instance::new("other").trusted_root();
    for (part, order, why) in [
        ("ctlogs", order(), "no trusted certificate log vouches for its certificate"),
        ("tlogs", order(), "the trusted root names no log "),
        ("tlogs", v2(), "the trusted root names no log "),
    ] {
        let mut root = usual.clone();
        root[part] = other[part].clone();
        check_by(&root, &order, Outcome::NotLogged, why);
    }
    let root = root_until("/tlogs/0/publicKey", BEFORE);
    let why = "the trusted root trusts not that log at 2024-06-01T00:00:00Z";
    check_by(&root, &order(), Outcome::NotLogged, why);
    let root = root_until("/timestampAuthorities/0", BEFORE);
    let why = "2024-06-01T00:00:00Z is outside the validity period of the authority";
    check_by(&root, &v2(), Outcome::NotLogged, why);
}

#[test]
fn a_whole_other_instances_signature_is_of_a_log_that_is_not_trusted() {
    for order in [Order::default(), v2()] {
        let foreign = Instance::new("other").attest(&who(), &says_of(image()), &order);
        // Of Rekor v2 a time comes first, and it is by an authority that nobody here knows.
        match order.logged {
            Logged::V1 => check(&foreign, Outcome::NotLogged, "the trusted root names no log "),
            _ => check(&foreign, Outcome::BadSignature, "its timestamp does not verify"),
        }
    }
    // With a key the signer is known, and only the log is not.
    let key = Signer::new("release");
    let keyed = Authority {
        keys: vec![PublicKey::from_der(&key.public_der()).unwrap()],
        identities: Vec::new(),
        keyed_log: LogDemand::Required,
        ..authority(&acme().trusted_root())
    };
    let by = |name: &str| {
        Instance::new(name).attest_with_key(&key, &says_of(image()), &Order::default())
    };
    judged(&by("acme"), keyed.clone(), Outcome::Verified, "");
    judged(&by("other"), keyed, Outcome::NotLogged, "the trusted root names no log ");
}

#[test]
fn who_is_somebody_else_is_another_signer() {
    let by = |subject: &str, issuer: &str| {
        acme().attest(&Who::new(subject, issuer), &says_of(image()), &Order::default())
    };
    // The right subject, for whom somebody else vouches.
    let why = "signed by ci@acme.example (for whom https://mallory.example vouches)";
    check(&by(SUBJECT, "https://mallory.example"), Outcome::OtherSigner, why);
    let why = "signed by mallory@acme.example (for whom https://issuer.example vouches)";
    check(&by("mallory@acme.example", ISSUER), Outcome::OtherSigner, why);
    // Nobody vouches.
    let nobody = Who { issuer: None, ..who() };
    let bundle = acme().attest(&nobody, &says_of(image()), &Order::default());
    check(&bundle, Outcome::OtherSigner, "its certificate names no issuer");
    // Another authority, in the log and with the time of this instance.
    let (key, order) = (Signer::new("mallory"), Order::default());
    let certificate = Instance::new("other").certificate(&key, &who(), &order);
    let bundle = acme().attest_with_certificate(&key, certificate, &says_of(image()), &order);
    check(&bundle, Outcome::OtherSigner, "its certificate is not by a trusted authority");
}

#[test]
fn what_was_altered_or_moved_is_a_bad_signature() {
    let other = acme().attest(&who(), &says_of(Digest::of(b"other")), &Order::default());
    check(&other, Outcome::BadSignature, "it is about another artifact");
    let entry = "/verificationMaterial/tlogEntries/0";
    let foreign = other.pointer(entry).unwrap().clone();
    check(&changed(entry, foreign), Outcome::BadSignature, "log entry does not match the bundle");
    let promise = format!("{entry}/inclusionPromise/signedEntryTimestamp");
    let why = "its entry of the transparency log does not verify";
    let signature = other["dsseEnvelope"]["signatures"][0]["sig"].clone();
    check(&changed(&promise, signature.clone()), Outcome::BadSignature, why);
    check(
        &changed(&format!("{entry}/integratedTime"), json!("1717200001")),
        Outcome::BadSignature,
        why,
    );
    let sig = "/dsseEnvelope/signatures/0/sig";
    check(&changed(sig, signature), Outcome::BadSignature, "it does not verify");
    // A time to come says nothing of the certificate: a clock is wrong, or somebody lies.
    let future = jiff::Timestamp::now().as_second() + 3600;
    for certified_at in [future - 10, future - CERTIFICATE_SECONDS - 1] {
        let order = Order { certified_at, signed_at: future, ..Order::default() };
        check(&signed(&order), Outcome::BadSignature, "in the future");
    }
}

#[test]
fn what_only_attests_is_no_signature() {
    let scan = statement(&image().to_string(), "https://scan.example/v1", &Value::Null);
    let bundle = acme().attest(&who(), &scan, &Order::default());
    check(&bundle, Outcome::Unsigned, "an attestation https://scan.example/v1");
}
