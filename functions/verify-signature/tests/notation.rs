//! Promise: a Notation signature is found at the image, and counts only as Notation's trust policy
//! in policy.yml says.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(dead_code, reason = "the question is shared by several tests")]

mod asked;

use std::fs;

use asked::{ask, finding, legacy, opener, question, rule};
use event_bus::Check as _;
use serde_json::{Value, json};
use testkit::bundle::Artifact;
use testkit::image::{BuiltImage, ImageBuilder};
use testkit::notation::{Certificate, JWS, Pki, artifact, list_pem, payload, trust_policy};
use testkit::registry::{AttachedRepository, Listing, ScriptedRegistry};
use testkit::revocation::{KEY_COMPROMISE, RevocationList, Revoked, distribution_point};
use testkit::signer::Signer;
use verdict::{CheckOutcome, Effect, Report};
use verify_signature::VerifySignature;

fn image() -> BuiltImage {
    ImageBuilder::new().build()
}

fn acme() -> Pki {
    Pki::new("acme")
}

fn signed_by(pki: &Pki) -> Artifact {
    artifact(&image(), JWS, pki.sign(&image()).to_string().into_bytes())
}

fn serve(artifacts: Vec<Artifact>) -> ScriptedRegistry {
    let repository = AttachedRepository::of(&image(), "fn");
    artifacts.into_iter().fold(repository, AttachedRepository::referrer).serve(Listing::Api)
}

/// An authority by this trust policy, with acme's root for its store.
fn authority(trust_policy: &Value) -> Value {
    json!({
        "name": "acme", "images": ["**"], "notation": trust_policy.to_string(),
        "trust-stores": {"ca:acme": acme().root_pem()},
    })
}

fn answer(registry: &ScriptedRegistry, authorities: &[Value]) -> Report {
    let signatures = json!({"authorities": authorities});
    ask(&question(&registry.host(), &image().digest(), None, &signatures))
}

fn level(level: &str) -> Value {
    let mut policy = trust_policy(&acme());
    policy["trustPolicies"][0]["signatureVerification"]["level"] = json!(level);
    policy
}

#[test]
fn a_notation_signature_of_a_trusted_signer_passes() {
    let report = answer(&serve(vec![signed_by(&acme())]), &[authority(&level("strict"))]);
    assert_eq!(rule(&report), "pass");
    let shown = &report.evidence["attached"][0];
    assert!(shown["identity"].as_str().unwrap().contains("CN=signer"), "{shown}");
    assert!(shown["issuer"].as_str().unwrap().contains("CN=root"), "{shown}");
    assert_eq!((&shown["algorithm"], &shown["verified"]), (&json!("ES256"), &json!(true)));
}

#[test]
fn others_and_none_are_told_apart() {
    let authority = [authority(&level("strict"))];
    assert_eq!(rule(&answer(&serve(vec![]), &authority)), "unsigned");
    let mallory = answer(&serve(vec![signed_by(&Pki::new("mallory"))]), &authority);
    assert_eq!(rule(&mallory), "signed-by-other");
    let told = &finding(&mallory).detail;
    assert!(told.contains("O=mallory") && told.contains("ca:acme"), "{told}");
    assert!(told.contains("whom Notation's trust policy trusts"), "{told}");
    let garbled = artifact(&image(), JWS, b"{}".to_vec());
    assert_eq!(rule(&answer(&serve(vec![garbled]), &authority)), "bad-signature");
    let both = serve(vec![signed_by(&Pki::new("mallory")), signed_by(&acme())]);
    assert_eq!(rule(&answer(&both, &authority)), "pass");
    let with_key = json!({"name": "k", "images": ["**"], "keys": [Signer::new("k").public_pem()]});
    let other = answer(&serve(vec![signed_by(&acme())]), &[with_key]);
    assert_eq!(rule(&other), "signed-by-other");
    assert!(finding(&other).detail.contains("names no trust policy"), "{other:?}");
}

#[test]
fn what_a_manifest_calls_itself_makes_no_signature_of_it() {
    let envelope = acme().sign(&image()).to_string().into_bytes();
    let authority = [authority(&level("strict"))];
    let about = |kind: &str, layers| {
        let artifact = Artifact::about(&image().descriptor(), Some(kind), json!({}), layers);
        rule(&answer(&serve(vec![artifact]), &authority)).to_owned()
    };
    let notation = testkit::notation::ARTIFACT;
    assert_eq!(about("application/json", vec![(JWS, envelope.clone())]), "unsigned");
    assert_eq!(about(notation, vec![("application/json", envelope.clone())]), "unsigned");
    let two = vec![(JWS, envelope.clone()), (JWS, envelope.clone())];
    assert_eq!(about(notation, two), "unsigned");
    // A list may call it what it likes.
    let repository = AttachedRepository::of(&image(), "fn").referrer(signed_by(&acme()));
    assert_eq!(rule(&answer(&repository.serve(Listing::ByConfig), &authority)), "pass");
}

#[test]
fn a_signature_of_another_image_or_of_another_size_is_none() {
    let authority = [authority(&level("strict"))];
    let other = ImageBuilder::new().config("x", 1).build();
    let moved = artifact(&image(), JWS, acme().sign(&other).to_string().into_bytes());
    let report = answer(&serve(vec![moved]), &authority);
    assert_eq!(rule(&report), "bad-signature");
    let mut said = testkit::notation::payload(&image());
    said["targetArtifact"]["size"] = json!(7);
    let envelope = acme().jws(&testkit::notation::protected(), &said, &acme().own_chain());
    let sized = artifact(&image(), JWS, envelope.to_string().into_bytes());
    let report = answer(&serve(vec![sized]), &authority);
    assert!(finding(&report).detail.contains("of 7 bytes"), "{report:?}");
    assert_eq!(rule(&report), "bad-signature");
}

#[test]
fn audit_warns_and_disarms_no_other() {
    let theirs = serve(vec![signed_by(&Pki::new("mallory"))]);
    let audit = authority(&level("audit"));
    let report = answer(&theirs, std::slice::from_ref(&audit));
    assert_eq!(report.outcome(), CheckOutcome::Pass);
    let rules: Vec<_> = report.findings.iter().map(|it| (it.rule.as_ref(), it.effect)).collect();
    assert_eq!(rules, [("signed-by-other", Effect::Warn), ("unsafe-option", Effect::Warn)]);
    assert!(report.findings[1].title.contains("authenticity log"), "{report:?}");
    // Nothing attached is no signature at any level.
    assert_eq!(answer(&serve(vec![]), std::slice::from_ref(&audit)).outcome(), CheckOutcome::Fail);
    let key = json!({"name": "k", "images": ["**"], "keys": [Signer::new("k").public_pem()]});
    assert_eq!(answer(&theirs, &[audit.clone(), key.clone()]).outcome(), CheckOutcome::Fail);
    let member = |mut it: Value| {
        it.as_object_mut().unwrap().remove("images");
        it
    };
    let any = json!({"name": "x", "images": ["**"], "any": [member(audit), member(key)]});
    assert_eq!(answer(&theirs, &[any]).outcome(), CheckOutcome::Fail);
}

#[test]
fn skip_is_no_pass() {
    let skip = json!({"version": "1.0", "trustPolicies": [{
        "name": "none", "registryScopes": ["*"], "signatureVerification": {"level": "skip"}}]});
    let report = answer(&serve(vec![signed_by(&acme())]), &[authority(&skip)]);
    assert_eq!(rule(&report), "signed-by-other");
    assert!(finding(&report).detail.contains("skips verification"), "{report:?}");
}

#[test]
fn whoever_is_trusted_by_an_asterisk_is_said_in_the_verdict() {
    let mut policy = trust_policy(&acme());
    policy["trustPolicies"][0]["trustedIdentities"] = json!(["*"]);
    let report = answer(&serve(vec![signed_by(&acme())]), &[authority(&policy)]);
    assert_eq!(rule(&report), "unsafe-option");
    assert_eq!(report.evidence["unsafe"], json!(["acme: notation trustedIdentities *"]));
}

#[test]
fn what_is_only_logged_is_warned_of() {
    let mut signed = testkit::notation::protected();
    signed["io.cncf.notary.expiry"] = json!("2024-07-01T00:00:00Z");
    signed["crit"] = json!(["io.cncf.notary.signingScheme", "io.cncf.notary.expiry"]);
    let envelope = acme().jws(&signed, &testkit::notation::payload(&image()), &acme().own_chain());
    let expired = || artifact(&image(), JWS, envelope.to_string().into_bytes());
    let strict = answer(&serve(vec![expired()]), &[authority(&level("strict"))]);
    assert_eq!(rule(&strict), "signature-expired");
    let permissive = [authority(&level("permissive"))];
    let report = answer(&serve(vec![expired()]), &permissive);
    let rules: Vec<&str> = report.findings.iter().map(|it| it.rule.as_ref()).collect();
    assert_eq!(
        (report.outcome(), rules.as_slice()),
        (CheckOutcome::Pass, &["only-logged", "unsafe-option"][..])
    );
    assert!(report.findings[0].detail.contains("2024-07-01"), "{report:?}");
    // One beside it without any fault needs no word.
    let report = answer(&serve(vec![expired(), signed_by(&acme())]), &permissive);
    assert_eq!(report.findings.len(), 1, "{report:?}");
}

#[test]
fn a_revoked_certificate_is_told_and_one_that_nobody_knows_of_is_undecided() {
    let now = jiff::Timestamp::now().as_second();
    let uri = distribution_point("http://acme.example/crl");
    let signer =
        Certificate { extensions: vec![uri], ..Certificate::signer(&acme().signer_name()) };
    let chain = acme().chain(&signer);
    let envelope = acme().jws(&testkit::notation::protected(), &payload(&image()), &chain);
    let registry = serve(vec![artifact(&image(), JWS, envelope.to_string().into_bytes())]);
    let with = |serial: u64| {
        let revoked = vec![Revoked::new(serial, now - 60, KEY_COMPROMISE)];
        let list = RevocationList::new(now - 60, 3_600, revoked);
        let list = list_pem(&list, &acme().authority_name(), acme().authority_key());
        let mut authority = authority(&level("strict"));
        authority["trust-stores"]["crl:acme"] = json!(list);
        answer(&registry, &[authority])
    };
    assert_eq!(rule(&with(signer.serial + 1)), "pass");
    let revoked = with(signer.serial);
    assert_eq!((rule(&revoked), revoked.outcome()), ("certificate-revoked", CheckOutcome::Fail));
    assert!(finding(&revoked).detail.contains("(keyCompromise)"), "{revoked:?}");
    let unknown = answer(&registry, &[authority(&level("strict"))]);
    assert_eq!(
        (rule(&unknown), unknown.outcome()),
        ("signature-unchecked", CheckOutcome::Undecided)
    );
}

#[test]
fn a_trust_store_comes_from_a_secret_too() {
    let folder = tempfile::tempdir().unwrap();
    let registry = serve(vec![signed_by(&acme())]);
    let mut authority = authority(&level("strict"));
    authority["trust-stores"] = json!({"ca:acme": {"secret": "acme-root"}});
    let signatures = json!({"authorities": [authority]});
    let request = question(&registry.host(), &image().digest(), None, &signatures);
    let check = VerifySignature::new(opener()).with_secrets(folder.path());
    assert_eq!(rule(&check.check(&request)), "authority-unusable");
    fs::write(folder.path().join("acme-root"), acme().root_pem()).unwrap();
    assert_eq!(rule(&check.check(&request)), "pass");
}

#[test]
fn a_trust_policy_that_cannot_be_used_decides_nothing() {
    let registry = serve(vec![signed_by(&acme())]);
    let mut without = authority(&level("strict"));
    without["trust-stores"] = json!({});
    for broken in [without, authority(&json!({"version": "1.0"})), authority(&level("lax"))] {
        let report = answer(&registry, &[broken]);
        assert_eq!(
            (rule(&report), report.outcome()),
            ("authority-unusable", CheckOutcome::Undecided)
        );
    }
}

#[test]
fn notation_and_cosign_stand_beside_one_another() {
    let repository = AttachedRepository::of(&image(), "fn")
        .tagged(legacy("k", &image().digest()))
        .referrer(signed_by(&acme()));
    let registry = repository.serve(Listing::Missing);
    let key = json!({"name": "k", "images": ["**"], "keys": [Signer::new("k").public_pem()]});
    let signatures =
        json!({"authorities": [authority(&level("strict")), key], "of-several": "all"});
    let report = ask(&question(&registry.host(), &image().digest(), None, &signatures));
    assert_eq!(rule(&report), "pass");
}
