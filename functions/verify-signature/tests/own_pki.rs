//! Promise: a certificate by an authority that the policy names vouches for its signer without
//! Fulcio, in both layouts, and no other certificate does.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(dead_code, reason = "the question is shared by several tests")]

mod asked;

use asked::{ask, finding, question, rule};
use serde_json::{Value, json};
use testkit::bundle::{Artifact, SIGN, statement};
use testkit::image::{BuiltImage, ImageBuilder};
use testkit::registry::{AttachedRepository, Listing};
use testkit::revocation::{KEY_COMPROMISE, RevocationList, Revoked};
use testkit::signer::{SignatureLayer, Signer, signature_manifest};
use testkit::sigstore::{Instance, Leaf, Logged, Order, OwnPki, SIGNED_AT, pem};
use verdict::Report;

const ME: &str = "me@acme.example";
const SERVER_AUTH: &str = "1.3.6.1.5.5.7.3.1";

fn image() -> BuiltImage {
    ImageBuilder::new().build()
}

fn me() -> Leaf {
    Leaf::of(&[ME])
}

/// Neither log nor time, as `cosign sign --tlog-upload=false` signs.
fn alone() -> Order {
    Order { logged: Logged::Nowhere, ..Order::default() }
}

/// What is attached: a bundle, or the same as a legacy signature.
enum Attached {
    Bundle(Artifact),
    Legacy(SignatureLayer),
}

fn bundle(pki: &OwnPki, leaf: &Leaf, order: &Order) -> Attached {
    said(pki, leaf, SIGN, order)
}

fn said(pki: &OwnPki, leaf: &Leaf, predicate_type: &str, order: &Order) -> Attached {
    let (key, statement) =
        (Signer::new("me"), statement(&image().digest(), predicate_type, &Value::Null));
    let certificate = pki.certify(&key, leaf);
    let bundle =
        Instance::new("acme").attest_with_certificate(&key, certificate, &statement, order);
    Attached::Bundle(Artifact::bundle(&image(), &bundle, predicate_type))
}

/// A legacy signature; the chain lies beside it.
fn legacy(pki: &OwnPki, leaf: &Leaf, order: &Order) -> Attached {
    let (key, payload) = (Signer::new("me"), Signer::payload("fn", &image().digest()));
    let certificate = pki.certify(&key, leaf);
    let bundle = Instance::new("acme").sign_with_certificate(&key, certificate, &payload, order);
    let mut layer = SignatureLayer::of_bundle(&bundle, &payload);
    layer.beside.push(("chain", pki.chain_pem()));
    Attached::Legacy(layer)
}

/// An authority that trusts me by acme's own certificates, with these keys besides.
fn authority(more: &Value) -> Value {
    let mut authority = json!({
        "name": "acme", "images": ["**"], "identities": [{"subject": ME}],
        "certificate-authorities": [OwnPki::new("acme").chain_pem()],
    });
    for (key, value) in more.as_object().unwrap() {
        authority[key] = value.clone();
    }
    authority
}

fn answer(attached: Attached, more: &Value) -> Report {
    let repository = AttachedRepository::of(&image(), "fn");
    let repository = match attached {
        Attached::Bundle(artifact) => repository.referrer(artifact),
        Attached::Legacy(layer) => {
            repository.tagged(signature_manifest(&image().digest(), vec![layer]))
        }
    };
    let registry = repository.serve(Listing::Api);
    let signatures = json!({"authorities": [authority(more)]});
    ask(&question(&registry.host(), &image().digest(), None, &signatures))
}

/// Both layouts come to the same rule, and say why.
fn check(pki: &OwnPki, leaf: &Leaf, more: &Value, expect: &str, why: &str) {
    for attached in [bundle(pki, leaf, &alone()), legacy(pki, leaf, &alone())] {
        let report = answer(attached, more);
        assert_eq!(rule(&report), expect, "{:?}", report.findings);
        if expect != "pass" {
            let detail = &finding(&report).detail;
            assert!(detail.contains(why), "{why:?} is not in {detail:?}");
        }
    }
}

fn by(identity: Value) -> Value {
    json!({ "identities": [identity] })
}

#[test]
fn a_certificate_by_the_authority_that_is_named_vouches_for_its_signer() {
    let acme = OwnPki::new("acme");
    let none = json!({});
    check(&acme, &me(), &none, "pass", "");
    check(&acme, &me(), &by(json!({"subject": {"glob": "*@acme.example"}})), "pass", "");
    check(&acme, &me(), &by(json!({"subject": ME, "issuer": "CN=acme root"})), "pass", "");
    let report = answer(bundle(&acme, &me(), &alone()), &none);
    let attached = &report.evidence["attached"][0];
    assert_eq!((&attached["identity"], &attached["issuer"]), (&json!(ME), &json!("CN=acme root")));
}

#[test]
fn what_a_named_list_revokes_vouches_for_nothing() {
    let acme = OwnPki::new("acme");
    let now = jiff::Timestamp::now().as_second();
    let with = |from: i64, serial: u64| {
        let list =
            RevocationList::new(from, 86_400, vec![Revoked::new(serial, from, KEY_COMPROMISE)]);
        json!({ "certificate-authorities": [acme.chain_pem(), acme.list_pem(&list)] })
    };
    check(&acme, &me(), &with(now - 60, 1), "pass", "");
    check(&acme, &me(), &with(now - 60, 3), "certificate-revoked", "(keyCompromise)");
    check(&acme, &me(), &with(now - 90_000, 1), "signature-unchecked", "is not known");
    let theirs = RevocationList::new(now - 60, 86_400, vec![Revoked::new(3, now, KEY_COMPROMISE)]);
    let theirs = OwnPki::new("mallory").list_pem(&theirs);
    let lists = json!({ "certificate-authorities": [acme.chain_pem() + &theirs] });
    check(&acme, &me(), &lists, "pass", "");
    let broken = acme.chain_pem() + &acme.root_pem().replace("CERTIFICATE", "X509 CRL");
    let broken = json!({ "certificate-authorities": [broken] });
    check(&acme, &me(), &broken, "authority-unusable", "list of revoked certificates");
}

#[test]
fn each_name_of_a_certificate_is_a_name_of_its_signer() {
    let acme = OwnPki::new("acme");
    for name in ["https://acme.example/ci", "build.acme.example", "me!acme.example", ME] {
        let written = if name.contains('!') { format!("other:{name}") } else { name.to_owned() };
        let leaf = Leaf::of(&["other@acme.example", &written]);
        check(&acme, &leaf, &by(json!({ "subject": name })), "pass", "");
    }
    let leaf = Leaf::of(&["other@acme.example", ME]);
    let report = answer(bundle(&acme, &leaf, &alone()), &json!({}));
    assert_eq!(report.evidence["attached"][0]["identity"], ME);
}

#[test]
fn who_else_is_certified_is_another_signer() {
    let acme = OwnPki::new("acme");
    let other = "it is signed by you@acme.example (for whom CN=acme root vouches)";
    check(&acme, &Leaf::of(&["you@acme.example"]), &json!({}), "signed-by-other", other);
    let issuer = by(json!({"subject": ME, "issuer": "https://issuer.example"}));
    check(&acme, &me(), &issuer, "signed-by-other", "it is signed by me@acme.example");
    check(&acme, &Leaf::of(&[]), &json!({}), "signed-by-other", "its certificate names no subject");
}

#[test]
fn a_certificate_by_another_authority_vouches_for_nobody() {
    let why = "it leads to none of the authorities that are named";
    check(&OwnPki::new("mallory"), &me(), &json!({}), "signed-by-other", why);
    // Of the same name, with another key.
    let impostor = OwnPki::new("mallory");
    let more = json!({"certificate-authorities": [OwnPki::new("acme").root_pem()]});
    check(&impostor, &me(), &more, "signed-by-other", why);
}

#[test]
fn a_certificate_is_for_code_signing_and_says_so() {
    let acme = OwnPki::new("acme");
    let why = "it is not for code signing, by its key usage or its extended key usage";
    for usage in [None, Some(SERVER_AUTH)] {
        check(&acme, &Leaf { usage, ..me() }, &json!({}), "signed-by-other", why);
    }
}

#[test]
fn a_certificate_that_ended_vouches_only_for_what_was_timed_before() {
    let acme = OwnPki::new("acme");
    let ended = Leaf { times: (SIGNED_AT - 60, SIGNED_AT + 60), ..me() };
    let until = "the certificate is valid from 2024-05-31T23:59:00Z until 2024-06-01T00:01:00Z";
    check(&acme, &ended, &json!({}), "signature-expired", until);
    let coming = Leaf { times: (4_000_000_000, 4_100_000_000), ..me() };
    let judged = "no trusted time says when it was signed; it is judged at 2";
    check(&acme, &coming, &json!({}), "signature-expired", judged);
    let root = Instance::new("acme").trusted_root().to_string();
    let timed = json!({"require": ["timestamp"], "trusted-root": root});
    let logged = json!({"require": ["transparency-log"], "trusted-root": root});
    let stamped = Order { stamped: true, ..alone() };
    for (order, more) in [(stamped, timed), (Order::default(), logged)] {
        for attached in [bundle(&acme, &ended, &order), legacy(&acme, &ended, &order)] {
            assert_eq!(rule(&answer(attached, &more)), "pass");
        }
        let late = Order { signed_at: SIGNED_AT + 61, ..order.clone() };
        for attached in [bundle(&acme, &ended, &late), legacy(&acme, &ended, &late)] {
            let report = answer(attached, &more);
            assert_eq!(rule(&report), "signature-expired", "{:?}", report.findings);
            let both = format!("it was signed at 2024-06-01T00:01:01Z, and {until}");
            assert!(finding(&report).detail.contains(&both), "{:?}", report.findings);
        }
        // What nobody asks for is not looked at: a time that could be forged makes nothing valid.
        assert_eq!(rule(&answer(bundle(&acme, &ended, &order), &json!({}))), "signature-expired");
        assert_eq!(rule(&answer(bundle(&acme, &me(), &alone()), &more)), "signature-not-logged");
    }
}

#[test]
fn an_authority_that_ended_vouches_for_nobody() {
    let ended = OwnPki::valid("acme", (SIGNED_AT - 60, SIGNED_AT + 60));
    let more = json!({"certificate-authorities": [ended.root_pem()]});
    let why = "none of the authorities was valid then";
    let report = answer(legacy(&ended, &me(), &alone()), &more);
    assert_eq!(rule(&report), "signature-expired");
    assert!(finding(&report).detail.contains(why), "{:?}", report.findings);
}

#[test]
fn the_certificates_between_come_with_the_signature_or_with_the_policy() {
    let acme = OwnPki::new("acme");
    let root = json!({"certificate-authorities": [acme.root_pem()]});
    assert_eq!(rule(&answer(legacy(&acme, &me(), &alone()), &root)), "pass");
    assert_eq!(rule(&answer(bundle(&acme, &me(), &alone()), &root)), "signed-by-other");
    // An authority that issued not itself is trusted where it stands alone.
    let issuing = json!({"certificate-authorities": [pem(&acme.issuing_certificate)]});
    assert_eq!(rule(&answer(bundle(&acme, &me(), &alone()), &issuing)), "pass");
}

#[test]
fn a_signature_by_another_key_than_the_certificates_is_a_bad_one() {
    let (acme, statement) = (OwnPki::new("acme"), statement(&image().digest(), SIGN, &Value::Null));
    let certificate = acme.certify(&Signer::new("me"), &me());
    let key = Signer::new("mallory");
    let bundle =
        Instance::new("acme").attest_with_certificate(&key, certificate, &statement, &alone());
    let attached = Attached::Bundle(Artifact::bundle(&image(), &bundle, SIGN));
    let report = answer(attached, &json!({}));
    assert_eq!(rule(&report), "bad-signature");
    let detail = &finding(&report).detail;
    assert!(detail.contains("does not verify with the key of its certificate"), "{detail}");
}

#[test]
fn p6_an_attestation_with_a_certificate_is_no_signature_and_counts_as_what_it_is() {
    let (acme, vuln) = (OwnPki::new("acme"), "https://cosign.sigstore.dev/attestation/vuln/v1");
    let attested = || said(&acme, &me(), vuln, &alone());
    assert_eq!(rule(&answer(attested(), &json!({}))), "unsigned");
    let asked =
        json!({"image-signature": "not-asked", "attestations": [{"predicate-type": "vuln"}]});
    assert_eq!(rule(&answer(attested(), &asked)), "pass");
}

#[test]
fn what_is_no_authority_makes_the_check_undecided_and_is_named() {
    let acme = OwnPki::new("acme");
    let leaf = pem(&acme.certify(&Signer::new("me"), &me()));
    let broken = acme.root_pem().replace("MII", "AAA");
    for (text, why) in [
        (leaf, "certificate 1 in it is none of a certificate authority"),
        (acme.root_pem() + &Signer::new("me").public_pem(), "a PEM block `PUBLIC KEY`"),
        (broken, "certificate 1 in it cannot be read"),
    ] {
        let more = json!({ "certificate-authorities": [text] });
        let report = answer(bundle(&acme, &me(), &alone()), &more);
        assert_eq!(rule(&report), "authority-unusable");
        let finding = finding(&report);
        let said = format!("{} {}", finding.title, finding.detail);
        assert!(said.contains(why), "{said}");
    }
}
