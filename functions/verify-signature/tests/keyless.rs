//! Promise: a certificate is anybody's for the asking, so an image passes only if it is of whom the
//! policy names, vouched for by whom it names, logged and timed as it asks.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(dead_code, reason = "the question is shared by several tests")]

mod asked;

use asked::{ask, question, rule};
use serde_json::{Value, json};
use testkit::bundle::{Artifact, SIGN, statement};
use testkit::image::{BuiltImage, ImageBuilder};
use testkit::registry::{AttachedRepository, Listing};
use testkit::signer::Signer;
use testkit::sigstore::{CERTIFICATE_SECONDS, Identity, Instance, Logged, Order, SIGNED_AT};
use verdict::Report;

const ISSUER: &str = "https://issuer.example";
const WORKFLOW: &str = "https://forge.example/acme/fn/.ci/release.yml@refs/tags/v1";
const SOURCE: u8 = 12;

fn image() -> BuiltImage {
    ImageBuilder::new().build()
}

fn instance() -> Instance {
    Instance::new("acme")
}

fn workflow() -> Identity {
    let mut identity = Identity::new(WORKFLOW, ISSUER);
    identity.extensions.push((SOURCE, "https://forge.example/acme/fn".to_owned()));
    identity
}

fn signed(identity: &Identity, order: &Order) -> Artifact {
    let statement = statement(&image().digest(), SIGN, &Value::Null);
    Artifact::bundle(&image(), &instance().attest(identity, &statement, order), SIGN)
}

/// An authority that trusts the workflow by acme's own instance, with these keys besides.
fn authority(more: &Value) -> Value {
    let mut authority = json!({
        "name": "acme", "images": ["**"],
        "identities": [{"subject": WORKFLOW, "issuer": ISSUER}],
        "trusted-root": instance().trusted_root().to_string(),
    });
    for (key, value) in more.as_object().unwrap() {
        authority[key] = value.clone();
    }
    authority
}

fn answer(artifacts: Vec<Artifact>, authority: &Value) -> Report {
    let repository = AttachedRepository::of(&image(), "fn");
    let repository = artifacts.into_iter().fold(repository, AttachedRepository::referrer);
    let registry = repository.serve(Listing::Api);
    let signatures = json!({"authorities": [authority]});
    ask(&question(&registry.host(), &image().digest(), None, &signatures))
}

fn check(artifacts: Vec<Artifact>, more: &Value, expect: &str) {
    let report = answer(artifacts, &authority(more));
    assert_eq!(rule(&report), expect, "{more}: {:?}", report.findings);
}

fn by(identity: Value) -> Value {
    json!({ "identities": [identity] })
}

#[test]
fn the_identity_that_the_policy_names_passes_in_every_log() {
    let order = Order::default;
    for order in [
        order(),
        Order { stamped: true, ..order() },
        Order { logged: Logged::V2, stamped: true, ..order() },
    ] {
        check(vec![signed(&workflow(), &order)], &json!({}), "pass");
    }
}

#[test]
fn p12_who_it_is_and_who_says_so_are_both_compared() {
    let pass = |identity: Value, expect: &str| {
        check(vec![signed(&workflow(), &Order::default())], &by(identity), expect);
    };
    let release = "https://forge.example/acme/*/.ci/release.yml@refs/tags/*";
    pass(json!({"subject": {"glob": release}, "issuer": ISSUER}), "pass");
    pass(
        json!({"subject": {"regex": "https://forge\\.example/acme/.*"}, "issuer": ISSUER}),
        "pass",
    );
    pass(
        json!({"subject": {"regex": "https://forge\\.example/acme/fn"}, "issuer": ISSUER}),
        "signed-by-other",
    );
    pass(
        json!({"subject": {"glob": "https://forge.example/acme/*"}, "issuer": ISSUER}),
        "signed-by-other",
    );
    pass(json!({"subject": WORKFLOW, "issuer": "https://issuer.example.org"}), "signed-by-other");
    pass(json!({"subject": "https://forge.example/acme/fn", "issuer": ISSUER}), "signed-by-other");
    let with = |name: &str, value: &str| json!({"subject": WORKFLOW, "issuer": ISSUER, "extensions": {name: value}});
    pass(with("source-repository-uri", "https://forge.example/acme/fn"), "pass");
    pass(with("source-repository-uri", "https://forge.example/acme/fn2"), "signed-by-other");
    pass(with("build-trigger", "push"), "signed-by-other");
}

#[test]
fn an_identity_may_be_fulcios_other_name() {
    let named = signed(&Identity::new("other:me!acme.example", ISSUER), &Order::default());
    let asked = |subject: &str| by(json!({"subject": subject, "issuer": ISSUER}));
    check(vec![named.clone()], &asked("me!acme.example"), "pass");
    check(vec![named], &asked("you!acme.example"), "signed-by-other");
}

#[test]
fn p9_one_workflow_at_two_refs_is_one_signer() {
    let at = |tag: &str| Identity::new(&WORKFLOW.replace("v1", tag), ISSUER);
    let any = json!({"subject": {"glob": "https://forge.example/acme/*/.ci/**"}, "issuer": ISSUER});
    let two = json!({"threshold": 2, "identities": [any]});
    let order = Order::default();
    check(vec![signed(&at("v1"), &order), signed(&at("v2"), &order)], &two, "too-few-signers");
    let other = Identity::new(&WORKFLOW.replace("/fn/", "/other/"), ISSUER);
    check(vec![signed(&at("v1"), &order), signed(&other, &order)], &two, "pass");
    // A key and an identity are two.
    let mut both = two.clone();
    both["keys"] = json!([Signer::new("a").public_pem()]);
    let keyed = Signer::new("a").sign_as_bundle(&image().digest());
    let keyed = Artifact::bundle(&image(), &keyed, SIGN);
    check(vec![signed(&at("v1"), &order), keyed], &both, "pass");
}

#[test]
fn p10_time_is_the_logs_and_not_now() {
    let late = Order { certified_at: SIGNED_AT - CERTIFICATE_SECONDS - 10, ..Order::default() };
    check(vec![signed(&workflow(), &late)], &json!({}), "signature-expired");
    // Without a trusted time nobody knows, whatever is given up.
    let untimed = Order { logged: Logged::V2, ..Order::default() };
    check(vec![signed(&workflow(), &untimed)], &json!({}), "signature-not-logged");
    let report = answer(
        vec![signed(&workflow(), &untimed)],
        &authority(&json!({"skip-transparency-log-unsafe": true})),
    );
    let rules: Vec<&str> = report.findings.iter().map(|it| it.rule.as_str()).collect();
    assert_eq!(rules, ["signature-not-logged", "unsafe-option"], "{:?}", report.findings);
}

#[test]
fn logs_may_be_given_up_only_by_a_word_that_says_unsafe() {
    let unlogged = || Order { logged: Logged::Nowhere, stamped: true, ..Order::default() };
    check(vec![signed(&workflow(), &unlogged())], &json!({}), "signature-not-logged");
    let skip = json!({"skip-transparency-log-unsafe": true});
    check(vec![signed(&workflow(), &unlogged())], &skip, "unsafe-option");
    let unproven = || Order { certificate_logged: false, ..Order::default() };
    let refused = answer(vec![signed(&workflow(), &unproven())], &authority(&json!({})));
    assert_ne!(rule(&refused), "pass");
    let skip = json!({"skip-certificate-log-unsafe": true});
    check(vec![signed(&workflow(), &unproven())], &skip, "unsafe-option");
}

#[test]
fn a_timestamp_that_is_asked_for_must_be_there() {
    let asks = json!({"require": ["timestamp"]});
    check(vec![signed(&workflow(), &Order::default())], &asks, "signature-not-logged");
    let stamped = Order { stamped: true, ..Order::default() };
    check(vec![signed(&workflow(), &stamped)], &asks, "pass");
}

#[test]
fn another_instances_certificate_is_another_signers() {
    let other = json!({"trusted-root": Instance::new("mallory").trusted_root().to_string()});
    let report = answer(vec![signed(&workflow(), &Order::default())], &authority(&other));
    assert_ne!(rule(&report), "pass");
    let broken = json!({"trusted-root": "{}"});
    check(vec![signed(&workflow(), &Order::default())], &broken, "authority-unusable");
    // The public-good instance knows nothing of ours.
    let good = json!({"trusted-root": "public-good"});
    let report = answer(vec![signed(&workflow(), &Order::default())], &authority(&good));
    assert_ne!(rule(&report), "pass");
}

#[test]
fn a_key_may_have_to_be_logged_or_stamped() {
    let key = Signer::new("release");
    let made = |order: &Order| {
        let statement = statement(&image().digest(), SIGN, &Value::Null);
        Artifact::bundle(&image(), &instance().attest_with_key(&key, &statement, order), SIGN)
    };
    let asks =
        |proofs: Value| json!({"identities": [], "keys": [key.public_pem()], "require": proofs});
    let stamped = Order { logged: Logged::Nowhere, stamped: true, ..Order::default() };
    check(vec![made(&Order::default())], &asks(json!(["transparency-log"])), "pass");
    check(vec![made(&stamped)], &asks(json!(["transparency-log"])), "signature-not-logged");
    check(vec![made(&stamped)], &asks(json!(["timestamp"])), "pass");
    check(vec![made(&Order::default())], &asks(json!(["timestamp"])), "signature-not-logged");
    let both = Order { stamped: true, ..Order::default() };
    check(vec![made(&both)], &asks(json!(["timestamp", "transparency-log"])), "pass");
}

#[test]
fn what_an_identity_attests_to_is_asked_of_that_identity() {
    let kind = "https://slsa.dev/provenance/v1";
    let attested = |identity: &Identity| {
        let mut statement = statement(&image().digest(), kind, &Value::Null);
        statement["predicate"] = json!({"runDetails": {"builder": {"id": "https://b"}}});
        Artifact::bundle(
            &image(),
            &instance().attest(identity, &statement, &Order::default()),
            kind,
        )
    };
    let asks = json!({
        "image-signature": "not-asked",
        "attestations": [{"predicate-type": "slsaprovenance1", "builder": "https://b"}],
    });
    check(vec![attested(&workflow())], &asks, "pass");
    check(vec![attested(&Identity::new("me@mail.example", ISSUER))], &asks, "attestation-missing");
}
