//! Promise: a multi-platform image is vouched for by its index or by the platform's own manifest,
//! as the policy says; an index speaks only for what it lists.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(dead_code, reason = "the question is shared by several tests")]

mod asked;

use asked::{ask, finding, legacy, question, rule, times, trusting};
use serde_json::{Value, json};
use testkit::image::{Beside, BuiltImage, ImageBuilder};
use testkit::registry::{AttachedRepository, Listing, ScriptedRegistry};
use verdict::Report;

fn image(architecture: &str) -> BuiltImage {
    ImageBuilder::new().config("architecture", architecture).build()
}

fn index() -> Beside {
    let (amd64, arm64) = (image("amd64"), image("arm64"));
    Beside::index("1", &[("linux/amd64", &amd64), ("linux/arm64", &arm64)])
}

/// A repository with the index of two images, and signatures of these manifests.
fn serve(signed: &[(&str, &str)]) -> ScriptedRegistry {
    let repository = AttachedRepository::of(&image("amd64"), "fn").tagged(index());
    let signed = signed.iter().map(|(signer, digest)| legacy(signer, digest));
    signed.fold(repository, AttachedRepository::tagged).serve(Listing::Missing)
}

fn answer(registry: &ScriptedRegistry, index: Option<&str>, demand: &str) -> Report {
    let signatures = trusting(&json!({"multi-platform": demand}));
    ask(&question(&registry.host(), &image("amd64").digest(), index, &signatures))
}

fn check(signed: &[(&str, &str)], demand: &str, expect: &str) {
    let registry = serve(signed);
    let report = answer(&registry, Some(&index().digest()), demand);
    assert_eq!(rule(&report), expect, "{demand}: {report:?}");
}

#[test]
fn p5_an_index_that_is_signed_vouches_for_what_it_lists_if_the_policy_lets_it() {
    let (whole, own) = (index().digest(), image("amd64").digest());
    for (demand, by_index, by_own) in [
        ("either", "pass", "pass"),
        ("index", "pass", "unsigned"),
        ("platform", "unsigned", "pass"),
    ] {
        check(&[("acme", &whole)], demand, by_index);
        check(&[("acme", &own)], demand, by_own);
        check(&[("mallory", &own), ("mallory", &whole)], demand, "signed-by-other");
    }
}

#[test]
fn p5_the_report_says_which_manifest_was_signed() {
    let (whole, own) = (index().digest(), image("amd64").digest());
    for (signed, expect) in [(&whole, "index"), (&own, "image")] {
        let report = answer(&serve(&[("acme", signed)]), Some(&whole), "either");
        let attached: &Value = &report.evidence["attached"];
        assert_eq!((&attached[0]["of"], &attached[0]["subject"]), (&json!(expect), &json!(signed)));
    }
}

#[test]
fn p5_an_index_that_does_not_list_the_image_vouches_for_nothing() {
    let other = Beside::index("2", &[("linux/amd64", &image("riscv64"))]);
    let repository = AttachedRepository::of(&image("amd64"), "fn").tagged(other.clone());
    let repository = repository.tagged(legacy("acme", &other.digest()));
    let registry = repository.serve(Listing::Missing);
    let report = answer(&registry, Some(&other.digest()), "either");
    assert_eq!(rule(&report), "bad-signature");
    assert!(finding(&report).detail.contains("an index that does not list the image"));
}

#[test]
fn an_index_is_read_only_if_something_is_attached_to_it() {
    let registry = serve(&[("acme", &image("amd64").digest())]);
    let whole = index().digest();
    assert_eq!(rule(&answer(&registry, Some(&whole), "either")), "pass");
    assert_eq!(times(&registry, &format!("manifests/{whole}")), 0);
}

#[test]
fn an_image_without_an_index_is_vouched_for_by_its_own_manifest() {
    let registry = serve(&[("acme", &image("amd64").digest())]);
    assert_eq!(rule(&answer(&registry, None, "index")), "pass");
}
