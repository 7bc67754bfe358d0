//! Promise: unreachable, unsigned, signed by others, badly signed and over a limit are told apart,
//! and each says what was found and what would have been accepted.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(dead_code, reason = "the question is shared by several tests")]

mod asked;

use std::collections::BTreeMap;

use asked::{ask, finding, legacy, question, rule, times, trusting};
use serde_json::{Value, json};
use testkit::image::{BuiltImage, ImageBuilder};
use testkit::registry::{AttachedRepository, Listing, ScriptedRegistry};
use testkit::signer::Signer;
use verdict::{Effect, Report};

fn image() -> BuiltImage {
    ImageBuilder::new().build()
}

fn repository() -> AttachedRepository {
    AttachedRepository::of(&image(), "fn")
}

fn answer(registry: &ScriptedRegistry) -> Report {
    ask(&question(&registry.host(), &image().digest(), None, &trusting(&json!({}))))
}

#[test]
fn p20_five_answers_are_told_apart() {
    let digest = image().digest();
    let mut moved = legacy("acme", &testkit::image::digest(b"other"));
    moved.tag = legacy("acme", &digest).tag;
    for (repository, listing, expect, effect) in [
        (repository(), Listing::Api, "unsigned", Effect::Reject),
        (repository(), Listing::Failing(503), "signatures-unreachable", Effect::Undecided),
        (
            repository().tagged(legacy("mallory", &digest)),
            Listing::Api,
            "signed-by-other",
            Effect::Reject,
        ),
        (repository().tagged(moved), Listing::Api, "bad-signature", Effect::Reject),
    ] {
        let report = answer(&repository.serve(listing));
        assert_eq!((rule(&report), finding(&report).effect), (expect, effect));
        assert!(finding(&report).detail.contains("acme"), "what would have been accepted");
    }
    assert_eq!(
        rule(&answer(&repository().tagged(legacy("acme", &digest)).serve(Listing::Api))),
        "pass"
    );
}

#[test]
fn p20_a_signature_that_was_found_counts_though_another_place_is_silent() {
    let signed = repository().tagged(legacy("acme", &image().digest()));
    assert_eq!(rule(&answer(&signed.serve(Listing::Failing(503)))), "pass");
}

#[test]
fn an_image_that_is_not_there_is_not_unsigned() {
    let registry = ScriptedRegistry::serving(Default::default());
    assert_eq!(rule(&answer(&registry)), "image-unreachable");
}

#[test]
fn p22_over_the_limit_is_undecided_and_names_it() {
    let signed = repository().tagged(legacy("mallory", &image().digest()));
    let registry = signed.serve(Listing::Api);
    let mut request = question(&registry.host(), &image().digest(), None, &trusting(&json!({})));
    request.limits.signature_bytes_max = 10;
    let report = ask(&request);
    assert_eq!((rule(&report), finding(&report).effect), ("limit-exceeded", Effect::Undecided));
    assert!(finding(&report).detail.contains("signature_bytes_max = 10"));
    assert_eq!(times(&registry, "/blobs/"), 0);
}

#[test]
fn p23_what_was_seen_once_is_trusted_no_more_than_before() {
    let registry = repository().tagged(legacy("mallory", &image().digest())).serve(Listing::Api);
    let check = verify_signature::VerifySignature::new(asked::opener());
    let request = question(&registry.host(), &image().digest(), None, &trusting(&json!({})));
    for _ in 0..3 {
        let report = event_bus::Check::check(&check, &request);
        assert_eq!(rule(&report), "signed-by-other");
    }
}

#[test]
fn a_signature_may_be_kept_in_another_repository() {
    let mut answers = repository().answers(Listing::Missing);
    let elsewhere = AttachedRepository::of(&image(), "acme/signatures");
    answers.extend(elsewhere.tagged(legacy("acme", &image().digest())).answers(Listing::Missing));
    let registry = ScriptedRegistry::serving(answers);
    assert_eq!(rule(&answer(&registry)), "unsigned");
    let signatures =
        trusting(&json!({"repositories": [format!("{}/acme/signatures", registry.host())]}));
    let report = ask(&question(&registry.host(), &image().digest(), None, &signatures));
    assert_eq!(rule(&report), "pass");
    let wrong = trusting(&json!({"repositories": ["Not A Name"]}));
    let report = ask(&question(&registry.host(), &image().digest(), None, &wrong));
    assert_eq!(finding(&report).effect, Effect::Undecided);
}

/// A registry with an image and a repository for signatures, in one of which acme signed.
fn signed_in(place: &str) -> ScriptedRegistry {
    let mut answers = BTreeMap::new();
    for name in ["fn", "acme/signatures"] {
        let mut repository = AttachedRepository::of(&image(), name);
        if name == place {
            repository = repository.tagged(legacy("acme", &image().digest()));
        }
        answers.extend(repository.answers(Listing::Missing));
    }
    ScriptedRegistry::serving(answers)
}

/// acme, whose signatures lie in a repository of their own, and bob, who has the same key and whose
/// lie beside the image.
fn at_home_and_elsewhere(registry: &ScriptedRegistry, of_several: &str) -> Report {
    let key = [Signer::new("acme").public_pem()];
    let kept = [format!("{}/acme/signatures", registry.host())];
    let signatures = json!({"of-several": of_several, "authorities": [
        {"name": "acme", "images": ["**"], "keys": key, "repositories": kept},
        {"name": "bob", "images": ["**"], "keys": key},
    ]});
    ask(&question(&registry.host(), &image().digest(), None, &signatures))
}

#[test]
fn what_lies_in_an_authoritys_repository_counts_for_that_authority_alone() {
    for (place, lacks) in [("fn", "acme"), ("acme/signatures", "bob")] {
        let registry = signed_in(place);
        assert_eq!(rule(&at_home_and_elsewhere(&registry, "any")), "pass", "{place}");
        let report = at_home_and_elsewhere(&registry, "all");
        assert_eq!(rule(&report), "unsigned", "{place}");
        let detail = &finding(&report).detail;
        assert!(detail.contains(&format!("by: {lacks} (")), "{detail}");
    }
}

#[test]
fn a_repository_is_asked_only_for_whom_it_is_named() {
    let registry = signed_in("acme/signatures");
    let kept = [format!("{}/acme/signatures", registry.host())];
    let key = [Signer::new("acme").public_pem()];
    let mut acme = json!({"name": "acme", "images": ["**"], "keys": key, "repositories": kept});
    let request = |acme: &Value| {
        let signatures = json!({"authorities": [acme]});
        question(&registry.host(), &image().digest(), None, &signatures)
    };
    assert_eq!(rule(&ask(&request(&acme))), "pass");
    assert_eq!(times(&registry, "/v2/fn/"), 0, "its own is not asked where nothing counts there");
    acme["repositories"] = json!(["Not A Name"]);
    assert_eq!(finding(&ask(&request(&acme))).effect, Effect::Undecided);
}

#[test]
fn one_authoritys_silent_repository_is_no_news_of_another() {
    let mut answers = AttachedRepository::of(&image(), "fn").answers(Listing::Missing);
    let silent = AttachedRepository::of(&image(), "acme/signatures");
    answers.extend(silent.answers(Listing::Failing(503)));
    let registry = ScriptedRegistry::serving(answers);
    let report = at_home_and_elsewhere(&registry, "all");
    let found: Vec<(&str, bool)> = report
        .findings
        .iter()
        .map(|it| (it.rule.as_str(), it.detail.contains("by: bob (")))
        .collect();
    assert_eq!(found, [("unsigned", true), ("signatures-unreachable", false)]);
}

#[test]
fn what_lies_elsewhere_is_shown_as_such() {
    let registry = signed_in("fn");
    let kept = [format!("{}/acme/signatures", registry.host())];
    let key = [Signer::new("acme").public_pem()];
    let signatures = json!({"authorities": [
        {"name": "acme", "images": ["**"], "keys": key, "repositories": kept}]});
    let request = question(&registry.host(), &image().digest(), None, &signatures);
    let check = verify_signature::VerifySignature::new(asked::opener()).showing_everything();
    let report = event_bus::Check::check(&check, &request);
    assert_eq!(rule(&report), "unsigned");
    let attached = &report.evidence["attached"][0];
    let why = attached["why"].as_str().unwrap();
    assert!(why.ends_with("/fn, where no signatures are looked for that could be it"), "{why}");
}

#[test]
fn a_verified_image_takes_two_requests_of_its_own_and_is_not_opened() {
    let registry = repository().tagged(legacy("acme", &image().digest())).serve(Listing::Api);
    assert_eq!(rule(&answer(&registry)), "pass");
    let probes = 2; // for the other layouts, beside the first
    assert_eq!(registry.seen().len(), 2 + probes);
}

#[test]
fn p3_a_pass_is_not_asked_for_again_and_silence_is() {
    let check = verify_signature::VerifySignature::new(asked::opener());
    let ask = |registry: &ScriptedRegistry| {
        let request = question(&registry.host(), &image().digest(), None, &trusting(&json!({})));
        let report = event_bus::Check::check(&check, &request);
        (rule(&report).to_owned(), registry.seen().len())
    };
    let signed = repository().tagged(legacy("acme", &image().digest())).serve(Listing::Api);
    assert_eq!(ask(&signed), ask(&signed));
    let silent = repository().serve(Listing::Failing(503));
    let (first, second) = (ask(&silent), ask(&silent));
    assert_eq!(
        (first.0.as_str(), second.0.as_str()),
        ("signatures-unreachable", "signatures-unreachable")
    );
    assert!(second.1 > first.1, "it is asked again");
}
