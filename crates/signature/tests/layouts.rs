//! Promise: whatever is attached to an image is found, in whichever layout it lies and however its
//! registry lists it; none hides another, and what could not be asked is said.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::time::Duration;

use oci_image::{Access, Addresses, Digest, ImageError, Images, Limits, Opener, Platform};
use serde_json::json;
use signature::{Attached, Kind, Layout, Material, Wanted, attached};
use testkit::bundle::Artifact;
use testkit::image::{BuiltImage, ImageBuilder};
use testkit::registry::{Answer, AttachedRepository, Gathering, Listing, ScriptedRegistry};
use testkit::signer::{SignatureManifest, Signer, signature_manifest};

fn image() -> BuiltImage {
    ImageBuilder::new().build()
}

fn repository() -> AttachedRepository {
    AttachedRepository::of(&image(), "fn")
}

fn legacy(signer: &str) -> SignatureManifest {
    let digest = image().digest();
    signature_manifest(&digest, vec![Signer::new(signer).sign("fn", &digest)])
}

fn bundle(signer: &str) -> Artifact {
    let bundle = Signer::new(signer).sign_as_bundle(&image().digest());
    Artifact::bundle(&image(), &bundle, testkit::bundle::SIGN)
}

fn attestation(predicate: &str) -> Artifact {
    let bundle = Signer::new("acme").attest(&image().digest(), predicate);
    Artifact::bundle(&image(), &bundle, predicate)
}

fn opener() -> Opener {
    let access = Access {
        addresses: Addresses::Any,
        answer_time_max: Duration::from_secs(60),
        ..Access::default()
    };
    Opener::new(access).unwrap()
}

fn find_with(registry: &ScriptedRegistry, wanted: Wanted, limits: &Limits) -> Attached {
    let opener = opener();
    let repository = opener.repository(&format!("{}/fn", registry.host()), limits).unwrap();
    let digest: Digest = image().digest().parse().unwrap();
    attached(&[digest], &[repository], wanted, limits)
}

fn find(registry: &ScriptedRegistry) -> Attached {
    find_with(registry, Wanted::Signatures, &Limits::default())
}

/// What was found, in short.
fn found(attached: &Attached) -> Vec<(Layout, &'static str)> {
    let word = |material: &Material| match material {
        Material::Simple(_) => "simple",
        Material::Bundle(_) => "bundle",
        Material::Envelope(..) => "envelope",
        Material::Notation(_) => "envelope of Notation",
        Material::Other(Kind::Notation) => "notation",
        Material::Other(Kind::Attestation(_)) => "attestation",
        Material::Other(Kind::Artifact(_)) => "artifact",
    };
    let short = |it: &signature::Attachment| {
        (it.origin.layout, it.content.as_ref().map_or("unreadable", word))
    };
    attached.attachments.iter().map(short).collect()
}

/// The paths that were asked for after the image itself, without the digests in them.
fn asked(registry: &ScriptedRegistry) -> Vec<String> {
    let digest = image().digest();
    let plain = digest.replace(':', "-");
    let short = |path: String| path.replace(&digest, "IMAGE").replace(&plain, "IMAGE");
    let mut paths: Vec<String> =
        registry.seen().into_iter().map(|it| short(it.path.replace("/v2/fn/", ""))).collect();
    paths.sort();
    paths
}

#[test]
fn p7_a_bundle_is_found_however_the_registry_lists_it() {
    let pages = Listing::Pages(1);
    for listing in [Listing::Api, Listing::ByConfig, pages, Listing::Missing, Listing::Empty] {
        let others = [attestation("https://slsa.dev/provenance/v1"), bundle("mallory")];
        let repository = others.into_iter().fold(repository(), |it, other| it.referrer(other));
        let attached = find(&repository.referrer(bundle("acme")).serve(listing));
        let layout = match listing {
            Listing::Missing | Listing::Empty => Layout::FallbackTag,
            _ => Layout::Referrers,
        };
        let expect = [(layout, "attestation"), (layout, "bundle"), (layout, "bundle")];
        assert_eq!(found(&attached), expect, "{listing:?}");
        assert!(attached.unanswered.is_empty());
    }
}

#[test]
fn p8_a_foreign_bundle_hides_no_legacy_signature() {
    for listing in [Listing::Api, Listing::Missing] {
        let repository = repository().tagged(legacy("acme")).referrer(bundle("mallory"));
        let attached = find(&repository.serve(listing));
        let words: Vec<_> = found(&attached).iter().map(|it| it.1).collect();
        assert_eq!(words, ["simple", "bundle"], "{listing:?}");
    }
}

#[test]
fn p7_an_artifact_type_neither_makes_nor_hides_a_signature() {
    let signed = legacy("acme");
    for artifact_type in [true, false] {
        let artifact = Artifact::legacy(&image(), &signed, artifact_type);
        let attached = find(&repository().referrer(artifact).serve(Listing::Api));
        assert_eq!(found(&attached), [(Layout::Referrers, "simple")]);
    }
    let lying = Artifact::about(
        &image().descriptor(),
        Some(testkit::bundle::BUNDLE),
        json!({}),
        vec![("text/plain", b"hello".to_vec())],
    );
    let attached = find(&repository().referrer(lying).serve(Listing::Api));
    assert_eq!(found(&attached), [(Layout::Referrers, "artifact")]);
}

#[test]
fn what_lies_under_the_tag_and_in_the_list_is_found_once() {
    let (listed, tagged) = (bundle("acme"), bundle("mallory"));
    let index = json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": [listed.listed(None), tagged.listed(None)],
    });
    let path = format!("manifests/{}", image().digest().replace(':', "-"));
    let mut answers = repository().referrer(listed).answers(Listing::Api);
    answers.extend(
        repository()
            .referrer(tagged)
            .answering(&path, Answer::bytes(index.to_string()))
            .answers(Listing::Failing(404))
            .into_iter()
            .filter(|it| !it.0.contains("referrers")),
    );
    let attached = find(&ScriptedRegistry::serving(answers));
    assert_eq!(found(&attached), [(Layout::Referrers, "bundle"), (Layout::FallbackTag, "bundle")]);
}

#[test]
fn a_legacy_signature_takes_two_requests_and_the_other_layouts_one_each_beside_the_first() {
    let registry = repository().tagged(legacy("acme")).serve(Listing::Missing);
    assert_eq!(find(&registry).attachments.len(), 1);
    let asked = asked(&registry);
    let own = ["manifests/IMAGE.sig", "blobs/"];
    assert_eq!(asked.iter().filter(|it| own.iter().any(|own| it.starts_with(own))).count(), 2);
    assert_eq!(asked[1..], ["manifests/IMAGE", "manifests/IMAGE.sig", "referrers/IMAGE"]);
}

#[test]
fn a_bundle_takes_three_requests_and_the_other_layouts_one_each_beside_the_first() {
    let registry = repository().referrer(bundle("acme")).serve(Listing::Api);
    assert_eq!(find(&registry).attachments.len(), 1);
    let asked = asked(&registry);
    let probes = ["manifests/IMAGE", "manifests/IMAGE.sig", "referrers/IMAGE"];
    let (beside, own): (Vec<_>, Vec<_>) =
        asked.iter().partition(|it| probes[..2].contains(&it.as_str()));
    assert_eq!((beside.len(), own.len()), (2, 3), "{asked:?}");
}

#[test]
fn all_layouts_are_asked_side_by_side() {
    // Nobody is answered before all have asked; one after the other would wait for ever.
    let gathering = Gathering::of(3);
    let mut answers = repository().tagged(legacy("acme")).answers(Listing::Empty);
    let tags = image().digest().replace(':', "-");
    let probes = [
        format!("manifests/{tags}.sig"),
        format!("manifests/{tags}"),
        format!("referrers/{}", image().digest()),
    ];
    for probe in probes {
        let answer = answers.get_mut(&format!("/v2/fn/{probe}")).unwrap();
        *answer = answer.clone().gathered(&gathering);
    }
    let attached = find(&ScriptedRegistry::serving(answers));
    assert_eq!(found(&attached), [(Layout::SignatureTag, "simple")]);
    assert!(attached.unanswered.is_empty());
}

#[test]
fn several_signers_of_the_same_bytes_are_fetched_once() {
    let digest = image().digest();
    let layers = ["a", "b", "c"].map(|it| Signer::new(it).sign("fn", &digest)).into();
    let registry = repository().tagged(signature_manifest(&digest, layers)).serve(Listing::Api);
    assert_eq!(find(&registry).attachments.len(), 3);
    assert_eq!(asked(&registry).iter().filter(|it| it.starts_with("blobs/")).count(), 1);
}

#[test]
fn p20_a_list_that_fails_is_unanswered_and_the_rest_is_found() {
    let attached = find(&repository().tagged(legacy("acme")).serve(Listing::Failing(503)));
    assert_eq!(found(&attached), [(Layout::SignatureTag, "simple")]);
    assert_eq!(attached.unanswered.len(), 1);
    assert_eq!(attached.unanswered[0].layout, Layout::Referrers);
}

#[test]
fn registries_without_the_list_say_so_in_several_ways() {
    for status in [400, 404, 405, 501] {
        assert!(find(&repository().serve(Listing::Failing(status))).unanswered.is_empty());
    }
}

#[test]
fn a_list_that_is_none_or_leads_elsewhere_is_unanswered() {
    let path = format!("referrers/{}", image().digest());
    let index = r#"{"schemaVersion":2,"manifests":[]}"#;
    let elsewhere = Answer::bytes(index).header("link", "</v2/other/referrers/x>; rel=\"next\"");
    let round = Answer::bytes(index).header("link", &format!("</v2/fn/{path}>; rel=\"next\""));
    for answer in [Answer::bytes("<html>"), Answer::bytes("{}"), elsewhere, round] {
        let mut answers = repository().answers(Listing::Missing);
        answers.insert(format!("/v2/fn/{path}"), answer);
        assert_eq!(find(&ScriptedRegistry::serving(answers)).unanswered.len(), 1);
    }
}

#[test]
fn p22_more_than_the_limits_let_be_looked_at_is_said_and_not_fetched() {
    let repository = (0..5).fold(repository(), |it, n| it.referrer(bundle(&format!("s{n}"))));
    let registry = repository.serve(Listing::Pages(2));
    let limits = Limits { signatures_max: 3, ..Limits::default() };
    let attached = find_with(&registry, Wanted::Signatures, &limits);
    let words: Vec<_> = found(&attached).iter().map(|it| it.1).collect();
    assert_eq!(words, ["bundle", "bundle", "bundle", "unreadable", "unreadable"]);
    let over = attached.attachments[4].content.as_ref().unwrap_err();
    assert!(matches!(over.image_error(), Some(ImageError::Limit { limit: "signatures_max", .. })));
    assert_eq!(asked(&registry).iter().filter(|it| it.starts_with("blobs/")).count(), 3);
}

#[test]
fn attestations_are_fetched_only_where_they_are_wanted() {
    let registry = repository().referrer(attestation("https://x/y")).serve(Listing::Api);
    assert_eq!(found(&find(&registry)), [(Layout::Referrers, "attestation")]);
    let attached = find_with(&registry, Wanted::Everything, &Limits::default());
    assert_eq!(found(&attached), [(Layout::Referrers, "bundle")]);
}

#[test]
fn a_notation_signature_is_recognised() {
    let notation = Artifact::about(
        &image().descriptor(),
        Some("application/vnd.cncf.notary.signature"),
        json!({}),
        vec![("application/jose+json", b"{}".to_vec())],
    );
    let two = Artifact::about(
        &image().descriptor(),
        Some("application/vnd.cncf.notary.signature"),
        json!({}),
        vec![("application/cose", b"1".to_vec()), ("application/cose", b"2".to_vec())],
    );
    let repository = repository().referrer(notation).referrer(two);
    let attached = find(&repository.serve(Listing::Api));
    let expect = ["envelope of Notation", "notation"];
    assert_eq!(found(&attached), expect.map(|it| (Layout::Referrers, it)));
}

#[test]
fn a_layout_folder_holds_referrers_by_their_subject() {
    let folder = tempfile::tempdir().unwrap();
    let beside = [bundle("acme"), attestation("https://x/y")].map(|it| testkit::image::Beside {
        tag: String::new(),
        media_type: "application/vnd.oci.image.manifest.v1+json".to_owned(),
        manifest: it.manifest,
        blobs: it.blobs,
    });
    image().write_layout(folder.path(), "1", &beside);
    let name = format!("oci:{}:1", folder.path().display());
    let limits = Limits::default();
    let image = opener().open(&name, &Platform::linux_amd64(), &limits).unwrap();
    let subject = image.pinned().digest;
    let attached = attached(&[subject], &[image.repository()], Wanted::Signatures, &limits);
    assert_eq!(
        found(&attached),
        [(Layout::Referrers, "bundle"), (Layout::Referrers, "attestation")]
    );
}

#[test]
fn p2_bytes_that_are_not_those_of_their_digest_are_never_looked_at() {
    let (signed, signature) = (bundle("acme"), legacy("acme"));
    let (manifest, json) = (signed.digest(), testkit::image::digest(&signed.blobs[1]));
    let payload = testkit::image::digest(&signature.blobs[1]);
    let repository = repository().tagged(signature).referrer(signed);
    let answers = repository.answers(Listing::Api);
    for path in
        [format!("manifests/{manifest}"), format!("blobs/{json}"), format!("blobs/{payload}")]
    {
        let mut lying = answers.clone();
        let path = format!("/v2/fn/{path}");
        // The registry may claim what it likes in its headers.
        let lie = Answer::bytes("{}").header("docker-content-digest", &manifest);
        assert!(lying.insert(path.clone(), lie).is_some(), "{path}");
        let attached = find(&ScriptedRegistry::serving(lying));
        let unreadable = attached.attachments.iter().filter(|it| it.content.is_err()).count();
        assert_eq!((attached.attachments.len(), unreadable), (2, 1), "{path}");
    }
}
