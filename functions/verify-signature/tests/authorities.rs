//! Promise: an authority vouches only if all that it asks is there, by as many different signers
//! as it asks for.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(dead_code, reason = "the question is shared by several tests")]

mod asked;

use asked::{ask, legacy, opener, question, rule};
use event_bus::Check as _;
use serde_json::{Value, json};
use testkit::bundle::{Artifact, IN_TOTO, SIGN, statement};
use testkit::image::{BuiltImage, ImageBuilder};
use testkit::registry::{AttachedRepository, Listing, ScriptedRegistry};
use testkit::signer::{Signer, signature_manifest};
use verdict::{Effect, Report, Request};
use verify_signature::VerifySignature;

const VULN: &str = "https://cosign.sigstore.dev/attestation/vuln/v1";
const PROVENANCE: &str = "https://slsa.dev/provenance/v1";

fn image() -> BuiltImage {
    ImageBuilder::new().build()
}

fn repository() -> AttachedRepository {
    AttachedRepository::of(&image(), "fn")
}

fn key(name: &str) -> String {
    Signer::new(name).public_pem()
}

fn signed_by(signer: &str) -> Artifact {
    Artifact::bundle(&image(), &Signer::new(signer).sign_as_bundle(&image().digest()), SIGN)
}

fn noting(signer: &str, annotations: &Value) -> Artifact {
    said(signer, &statement(&image().digest(), SIGN, annotations))
}

fn attested(signer: &str, predicate_type: &str, predicate: &Value) -> Artifact {
    let mut statement = statement(&image().digest(), predicate_type, &Value::Null);
    statement["predicate"] = predicate.clone();
    said(signer, &statement)
}

fn said(signer: &str, statement: &Value) -> Artifact {
    let signer = Signer::new(signer);
    let bundle = signer.bundle(&signer.envelope(IN_TOTO, statement.to_string().as_bytes()));
    Artifact::bundle(&image(), &bundle, statement["predicateType"].as_str().unwrap())
}

fn serve(artifacts: Vec<Artifact>) -> ScriptedRegistry {
    artifacts.into_iter().fold(repository(), AttachedRepository::referrer).serve(Listing::Api)
}

/// The question under this policy's `signatures:`, made of authorities over all images.
fn asking(registry: &ScriptedRegistry, more: &Value, authorities: &[Value]) -> Request {
    let with_images = |authority: &Value| {
        let mut authority = authority.clone();
        authority["images"] = json!(["**"]);
        authority
    };
    let mut signatures = more.clone();
    signatures["authorities"] = authorities.iter().map(with_images).collect();
    question(&registry.host(), &image().digest(), None, &signatures)
}

fn answer(artifacts: Vec<Artifact>, authority: &Value) -> Report {
    ask(&asking(&serve(artifacts), &json!({}), std::slice::from_ref(authority)))
}

fn check(artifacts: Vec<Artifact>, authority: &Value, expect: &str) {
    let report = answer(artifacts, authority);
    assert_eq!(rule(&report), expect, "{:?}", report.findings);
}

#[test]
fn p9_a_threshold_counts_different_signers_and_not_signatures() {
    let two = json!({"name": "acme", "keys": [key("a"), key("b"), key("c")], "threshold": 2});
    check(vec![signed_by("a")], &two, "too-few-signers");
    check(vec![signed_by("a"), noting("a", &json!({"again": 1}))], &two, "too-few-signers");
    check(vec![signed_by("a"), signed_by("mallory")], &two, "too-few-signers");
    check(vec![signed_by("a"), signed_by("b")], &two, "pass");
    check(vec![signed_by("mallory")], &two, "signed-by-other");
    // The same key in both layouts is one signer, and named twice it is one too.
    let both = repository().tagged(legacy("a", &image().digest())).referrer(signed_by("a"));
    let twice = json!({"name": "acme", "keys": [key("a"), key("b"), key("a")], "threshold": 2});
    let report = ask(&asking(&both.serve(Listing::Api), &json!({}), &[twice]));
    assert_eq!(rule(&report), "too-few-signers");
    assert!(report.findings[0].detail.contains("signatures: 1 of 2 signers"), "{report:?}");
    let across = repository().tagged(legacy("a", &image().digest())).referrer(signed_by("b"));
    assert_eq!(rule(&ask(&asking(&across.serve(Listing::Api), &json!({}), &[two]))), "pass");
}

#[test]
fn p9_who_does_not_answer_may_be_the_second_signer() {
    let two = json!({"name": "acme", "keys": [key("a"), key("b")], "threshold": 2});
    let half = repository().tagged(legacy("a", &image().digest())).serve(Listing::Failing(503));
    let report = ask(&asking(&half, &json!({}), &[two]));
    assert_eq!(rule(&report), "signatures-unreachable");
}

#[test]
fn p13_annotations_are_compared_as_json() {
    let acme =
        json!({"name": "acme", "keys": [key("a")], "annotations": {"stage": "prod", "try": 2}});
    check(vec![noting("a", &json!({"stage": "prod", "try": 2, "more": true}))], &acme, "pass");
    for other in [
        json!({}),
        json!({"stage": "prod"}),
        json!({"stage": "prod", "try": "2"}),
        json!({"stage": "PROD", "try": 2}),
        json!({"Stage": "prod", "try": 2}),
    ] {
        check(vec![noting("a", &other)], &acme, "annotation-missing");
    }
    // Two signatures that note one each are not one that notes both.
    let halves = vec![noting("a", &json!({"stage": "prod"})), noting("a", &json!({"try": 2}))];
    check(halves, &acme, "annotation-missing");
    let signer = Signer::new("a");
    let mut document: Value =
        serde_json::from_slice(&Signer::payload("fn", &image().digest())).unwrap();
    document["optional"] = json!({"stage": "prod", "try": 2});
    let layer = signer.sign_bytes(document.to_string().into_bytes());
    let registry = repository().tagged(signature_manifest(&image().digest(), vec![layer]));
    let report = ask(&asking(&registry.serve(Listing::Api), &json!({}), &[acme]));
    assert_eq!(rule(&report), "pass");
}

#[test]
fn p6_an_attestation_is_no_signature_and_a_signature_no_attestation() {
    let acme =
        json!({"name": "acme", "keys": [key("a")], "attestations": [{"predicate-type": "vuln"}]});
    check(vec![signed_by("a")], &acme, "attestation-missing");
    check(vec![attested("a", VULN, &json!({}))], &acme, "unsigned");
    check(vec![signed_by("a"), attested("a", VULN, &json!({}))], &acme, "pass");
    check(
        vec![signed_by("a"), attested("mallory", VULN, &json!({}))],
        &acme,
        "attestation-missing",
    );
    check(
        vec![signed_by("a"), attested("a", PROVENANCE, &json!({}))],
        &acme,
        "attestation-missing",
    );
    let alone = json!({
        "name": "acme", "keys": [key("a")], "image-signature": "not-asked",
        "attestations": [{"predicate-type": "vuln"}],
    });
    check(vec![attested("a", VULN, &json!({}))], &alone, "pass");
    check(vec![signed_by("a")], &alone, "attestation-missing");
}

#[test]
fn an_attestation_must_say_what_is_asked() {
    let acme = json!({
        "name": "acme", "keys": [key("a")], "image-signature": "not-asked",
        "attestations": [{
            "predicate-type": "slsaprovenance1",
            "builder": {"glob": "https://acme.example/builders/*"},
            "source": "https://github.com/acme/fn",
            "parameters": {"debug": false},
            "predicate": {"/runDetails/metadata/invocationId": {"regex": "[0-9]+"}},
        }],
    });
    let predicate = |builder: &str, source: &str, debug: Value, id: &str| {
        json!({
            "runDetails": {"builder": {"id": builder}, "metadata": {"invocationId": id}},
            "buildDefinition": {
                "externalParameters": {"workflow": {"repository": source}, "debug": debug},
            },
        })
    };
    let (builder, source) = ("https://acme.example/builders/1", "https://github.com/acme/fn");
    let good = predicate(builder, source, json!(false), "7");
    check(vec![attested("a", PROVENANCE, &good)], &acme, "pass");
    for bad in [
        predicate("https://acme.example/builders/1/2", source, json!(false), "7"),
        predicate(builder, "https://github.com/acme/fn2", json!(false), "7"),
        predicate(builder, source, json!("false"), "7"),
        predicate(builder, source, json!(false), "7x"),
        json!({}),
    ] {
        check(vec![attested("a", PROVENANCE, &bad)], &acme, "attestation-unmet");
        // Whoever else may have said something wrong, what is asked was said too.
        let both = vec![attested("a", PROVENANCE, &bad), attested("a", PROVENANCE, &good)];
        check(both, &acme, "pass");
    }
    let absent = said("a", &{
        let mut statement = statement(&image().digest(), PROVENANCE, &Value::Null);
        statement.as_object_mut().unwrap().remove("predicate");
        statement
    });
    check(vec![absent], &acme, "attestation-unmet");
}

#[test]
fn several_authorities_vouch_each_or_one_for_all() {
    let (a, b) =
        (json!({"name": "a", "keys": [key("a")]}), json!({"name": "b", "keys": [key("b")]}));
    let ask_several = |of: &str, artifacts| {
        ask(&asking(&serve(artifacts), &json!({"of-several": of}), &[a.clone(), b.clone()]))
    };
    assert_eq!(rule(&ask_several("any", vec![signed_by("b")])), "pass");
    assert_eq!(rule(&ask_several("all", vec![signed_by("b")])), "signed-by-other");
    assert_eq!(rule(&ask_several("all", vec![signed_by("a"), signed_by("b")])), "pass");
    let made_up = json!({"name": "x", "all": [a, {"name": "y", "any": [b, {"name": "no", "static": "reject"}]}]});
    check(vec![signed_by("a")], &made_up, "signed-by-other");
    check(vec![signed_by("a"), signed_by("b")], &made_up, "pass");
}

#[test]
fn a_fixed_answer_asks_no_registry() {
    let registry = serve(vec![]);
    let report = ask(&asking(&registry, &json!({}), &[json!({"name": "a", "static": "accept"})]));
    assert_eq!(rule(&report), "pass");
    let refusing = json!({"name": "a", "static": "reject", "message": "ask the platform team"});
    let report = ask(&asking(&registry, &json!({}), &[refusing]));
    assert_eq!(rule(&report), "refused-by-policy");
    assert!(report.findings[0].detail.contains("ask the platform team"));
    assert!(registry.seen().is_empty());
}

#[test]
fn an_authority_that_warns_rejects_nothing() {
    let acme = json!({"name": "acme", "keys": [key("a")], "mode": "warn"});
    for artifacts in [vec![], vec![signed_by("mallory")]] {
        let report = answer(artifacts, &acme);
        assert_eq!(report.findings[0].effect, Effect::Warn);
    }
    check(vec![signed_by("a")], &acme, "pass");
}

#[test]
fn a_key_in_a_secret_is_read_where_the_check_runs_or_nothing_is_known() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("acme-key"), key("a")).unwrap();
    std::fs::write(folder.path().join("broken"), "no key").unwrap();
    let registry = serve(vec![signed_by("a")]);
    let named = |secret: &str| json!({"name": "acme", "keys": [{"secret": secret}, key("b")]});
    let request = |secret: &str| asking(&registry, &json!({}), &[named(secret)]);
    let with = || VerifySignature::new(opener()).with_secrets(folder.path());
    assert_eq!(rule(&with().check(&request("acme-key"))), "pass");
    for secret in ["gone", "broken"] {
        let report = with().check(&request(secret));
        assert_eq!(rule(&report), "authority-unusable");
        assert_eq!(report.findings[0].effect, Effect::Undecided);
    }
    let report = ask(&request("acme-key"));
    assert_eq!(rule(&report), "authority-unusable", "nobody said where secrets are");
}

#[test]
fn p23_what_was_seen_at_an_image_is_never_trusted_afterwards() {
    let registry = serve(vec![signed_by("mallory")]);
    let request = asking(&registry, &json!({}), &[json!({"name": "acme", "keys": [key("a")]})]);
    let check = VerifySignature::new(opener());
    for _ in 0..3 {
        assert_eq!(rule(&check.check(&request)), "signed-by-other");
    }
}

#[test]
fn an_unsafe_option_is_said_in_every_verdict_that_used_it() {
    let acme = json!({
        "name": "acme", "keys": [key("a")], "skip-transparency-log-unsafe": true,
        "identities": [{"any-identity-unsafe": true}],
    });
    let report = answer(vec![signed_by("a")], &acme);
    assert_eq!((rule(&report), report.findings[0].effect), ("unsafe-option", Effect::Warn));
    let title = &report.findings[0].title;
    assert!(title.contains("skip-transparency-log-unsafe"), "{title}");
    assert!(title.contains("any-identity-unsafe"), "{title}");
}

#[test]
fn a_log_that_is_asked_for_is_missed() {
    let acme = json!({"name": "acme", "keys": [key("a")], "require": ["transparency-log"]});
    check(vec![signed_by("a")], &acme, "signature-not-logged");
    let timed = json!({"name": "acme", "keys": [key("a")], "require": ["timestamp"]});
    check(vec![signed_by("a")], &timed, "signature-not-logged");
}
