//! `faas-validator signature show` and `signature verify`: what is attached to an image, as a
//! tree, and whether somebody signed it, without a policy file.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::fs;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};
use tempfile::TempDir;
use testkit::bundle::{Artifact, SIGN};
use testkit::image::{BuiltImage, ImageBuilder};
use testkit::program::{Ended, run};
use testkit::registry::{Answer, AttachedRepository, Listing, ScriptedRegistry};
use testkit::signer::{SignatureManifest, Signer, signature_manifest};
use testkit::sigstore::{Identity, Instance, Leaf, Order, OwnPki, pem};

fn image() -> BuiltImage {
    ImageBuilder::new().build()
}

fn legacy(signer: &str) -> SignatureManifest {
    let digest = image().digest();
    signature_manifest(&digest, vec![Signer::new(signer).sign("fn", &digest)])
}

fn bundle(signer: &str, predicate: &str) -> Artifact {
    let bundle = Signer::new(signer).attest(&image().digest(), predicate);
    Artifact::bundle(&image(), &bundle, predicate)
}

fn repository() -> AttachedRepository {
    AttachedRepository::of(&image(), "fn")
}

/// A folder with acme's and mallory's keys, and a policy that trusts acme.
fn desk() -> TempDir {
    let desk = TempDir::new().unwrap();
    for name in ["acme", "mallory"] {
        let pem = Signer::new(name).public_pem();
        fs::write(desk.path().join(format!("{name}.pub")), pem).unwrap();
    }
    let policy = "signatures:\n  authorities: [{name: acme, images: ['**'], keys: [acme.pub]}]\n";
    fs::write(desk.path().join("policy.yml"), policy).unwrap();
    desk
}

fn name(registry: &ScriptedRegistry) -> String {
    format!("docker://{}/fn:1", registry.host())
}

fn show(registry: &ScriptedRegistry, more: &[&str]) -> Ended {
    let desk = desk();
    let (image, policy) = (name(registry), desk.path().join("policy.yml"));
    let arguments = ["signature", "show", &image, "--policy", policy.to_str().unwrap()];
    run(arguments.iter().chain(more))
}

fn verify(registry: &ScriptedRegistry, more: &[&str]) -> Ended {
    let desk = desk();
    let image = name(registry);
    let more: Vec<String> =
        more.iter().map(|it| it.replace("DESK", desk.path().to_str().unwrap())).collect();
    run(["signature", "verify", &image].into_iter().chain(more.iter().map(String::as_str)))
}

/// The text without what differs between runs.
fn plain(ended: &Ended, registry: &ScriptedRegistry) -> String {
    let text = ended.stdout.replace(&registry.host(), "REGISTRY");
    let digests = [
        (image().digest(), "IMAGE"),
        (bundle("mallory", SIGN).digest(), "sha256:BUNDLE"),
        (bundle("acme", "https://slsa.dev/provenance/v1").digest(), "sha256:PROVENANCE"),
        (testkit::image::digest(&legacy("acme").manifest), "sha256:LEGACY"),
    ];
    digests.iter().fold(text, |text, (digest, word)| text.replace(digest, word))
}

#[test]
fn all_that_is_attached_is_shown_with_what_it_means() {
    let repository = repository().tagged(legacy("acme"));
    let repository = repository.referrer(bundle("mallory", SIGN));
    let registry =
        repository.referrer(bundle("acme", "https://slsa.dev/provenance/v1")).serve(Listing::Api);
    let ended = show(&registry, &[]);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let text = plain(&ended, &registry);
    for expect in [
        "REGISTRY/fn@IMAGE\n",
        "├─ signature tag in REGISTRY/fn, sha256:LEGACY",
        "✓ signed by acme",
        "ECDSA P-256 with SHA-256",
        "├─ referrers in REGISTRY/fn, sha256:BUNDLE",
        "└─ referrers in REGISTRY/fn, sha256:PROVENANCE",
        "attestation https://slsa.dev/provenance/v1",
        "pass under the policy",
    ] {
        assert!(text.contains(expect), "{expect:?} is not in\n{text}");
    }
}

#[test]
fn what_is_shown_as_json_is_the_report() {
    let registry = repository().tagged(legacy("mallory")).serve(Listing::Missing);
    let ended = show(&registry, &["--output", "json"]);
    let report: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(report["evidence"]["attached"][0]["verified"], json!(false));
    assert_eq!(report["findings"][0]["rule"], "signed-by-other");
    // It was seen; that the policy rejects it is what was seen.
    assert_eq!(ended.code, 0);
}

#[test]
fn an_image_with_nothing_attached_and_one_that_cannot_be_asked_are_shown_apart() {
    let registry = repository().serve(Listing::Api);
    let ended = show(&registry, &[]);
    assert!(ended.stdout.contains("nothing is attached"), "{}", ended.stdout);
    assert_eq!(ended.code, 0);
    let ended = show(&ScriptedRegistry::serving(Default::default()), &[]);
    assert_eq!((ended.code, ended.stdout.as_str()), (2, ""));
}

#[test]
fn a_key_that_lies_in_a_secret_is_read_from_the_folder_that_is_named() {
    let registry = repository().tagged(legacy("acme")).serve(Listing::Missing);
    let (desk, image) = (desk(), name(&registry));
    let path = |name: &str| desk.path().join(name).display().to_string();
    let policy =
        "signatures: {authorities: [{name: acme, images: ['**'], keys: [{secret: acme.pub}]}]}";
    fs::write(path("secret.yml"), policy).unwrap();
    let words = ["signature", "show", &image, "--policy", &path("secret.yml")];
    let without = run(words);
    assert_eq!(without.code, 2, "{}{}", without.stdout, without.stderr);
    assert!(without.stdout.contains("authority-unusable"), "{}", without.stdout);
    let with = run(words.iter().copied().chain(["--secrets", &path("")]));
    assert_eq!(with.code, 0, "{}{}", with.stdout, with.stderr);
    assert!(with.stdout.contains("signed by acme"), "{}", with.stdout);
}

#[test]
fn a_terminal_obeys_nothing_that_was_pushed() {
    let hostile = Artifact::about(
        &image().descriptor(),
        Some("x\u{1b}[2J\nsigned by acme"),
        json!({}),
        vec![("x/y", b"z".to_vec())],
    );
    let ended = show(&repository().referrer(hostile).serve(Listing::Api), &[]);
    assert!(!ended.stdout.contains('\u{1b}'), "{}", ended.stdout);
    assert!(!ended.stdout.contains("\nsigned by acme"));
}

#[test]
fn p1_a_tag_is_resolved_once_and_the_answer_names_its_digest() {
    // The tag names a signed image when it is asked for first, and another one ever after.
    let other = ImageBuilder::new().config("author", "mallory").build();
    let tag = "/v2/fn/manifests/1";
    let mut answers = repository().tagged(legacy("acme")).answers(Listing::Missing);
    let mut moved = AttachedRepository::of(&other, "fn").answers(Listing::Missing);
    let (first, later) = (answers.remove(tag).unwrap(), moved.remove(tag).unwrap());
    answers.extend(moved);
    let asked = AtomicUsize::new(0);
    let registry = ScriptedRegistry::start(move |seen| match answers.get(&seen.path) {
        Some(answer) => answer.clone(),
        None if seen.path != tag => Answer::status(404),
        None if asked.fetch_add(1, Ordering::Relaxed) == 0 => first.clone(),
        None => later.clone(),
    });
    let json = ["--key", "DESK/acme.pub", "--skip-transparency-log-unsafe", "--output", "json"];
    for (image, code, times) in [(image(), 0, 1), (other, 1, 2)] {
        let ended = verify(&registry, &json);
        assert_eq!(ended.code, code, "{}{}", ended.stdout, ended.stderr);
        let verdict: Value = serde_json::from_str(&ended.stdout).unwrap();
        let pinned = format!("{}/fn@{}", registry.host(), image.digest());
        assert_eq!(verdict["subject"]["image"], pinned);
        assert_eq!(registry.seen().iter().filter(|it| it.path == tag).count(), times);
    }
}

#[test]
fn p19_a_key_is_enough_and_only_the_images_registry_is_asked() {
    let registry = repository().tagged(legacy("acme")).serve(Listing::Missing);
    let unlogged = "--skip-transparency-log-unsafe";
    for (key, code) in [("acme", 0), ("mallory", 1)] {
        let ended = verify(&registry, &["--key", &format!("DESK/{key}.pub"), unlogged]);
        assert_eq!(ended.code, code, "{key}: {}{}", ended.stdout, ended.stderr);
    }
    // The image by its tag once, manifest and configuration; then by digest alone, both times.
    assert!(registry.seen().iter().all(|it| it.host == registry.host()));
    let by_tag = registry.seen().iter().filter(|it| it.path.ends_with("manifests/1")).count();
    assert_eq!(by_tag, 2);
}

#[test]
fn a_bundle_by_the_key_verifies_too() {
    let registry = repository().referrer(bundle("acme", SIGN)).serve(Listing::Empty);
    let key = ["--key", "DESK/acme.pub", "--skip-transparency-log-unsafe"];
    let ended = verify(&registry, &key);
    assert_eq!(ended.code, 0, "{}{}", ended.stdout, ended.stderr);
    let ended = verify(&registry, &[&key[..], &["--output", "json"]].concat());
    let verdict: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(verdict["reports"][0]["evidence"]["attached"][0]["authority"], "command line");
}

#[test]
fn an_identity_under_a_trusted_root_verifies_by_certificate() {
    let (instance, digest) = (Instance::new("acme"), image().digest());
    let ada = Identity::new("ada@acme.example", "https://issuer.example");
    let statement = testkit::bundle::statement(&digest, SIGN, &Value::Null);
    let bundle = instance.attest(&ada, &statement, &Order::default());
    let registry =
        repository().referrer(Artifact::bundle(&image(), &bundle, SIGN)).serve(Listing::Api);
    let folder = TempDir::new().unwrap();
    let root = folder.path().join("root.json");
    fs::write(&root, instance.trusted_root().to_string()).unwrap();
    let root = root.display().to_string();
    for (flag, subject, code) in [
        ("--certificate-identity", "ada@acme.example", 0),
        ("--certificate-identity-regexp", "[a-z]+@acme\\.example", 0),
        ("--certificate-identity", "eve@acme.example", 1),
        // Anchored: a part of the subject is not the subject.
        ("--certificate-identity-regexp", "ada@acme", 1),
    ] {
        let issuer = ["--certificate-oidc-issuer", "https://issuer.example"];
        let ended =
            verify(&registry, &[&issuer[..], &[flag, subject, "--trusted-root", &root]].concat());
        assert_eq!(ended.code, code, "{subject}: {}{}", ended.stdout, ended.stderr);
    }
}

#[test]
fn a_key_whose_signature_is_not_logged_is_rejected_unless_it_is_waived() {
    let registry = repository().tagged(legacy("acme")).serve(Listing::Missing);
    let ended = verify(&registry, &["--key", "DESK/acme.pub", "--output", "json"]);
    let verdict: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(
        (ended.code, verdict["reports"][0]["findings"][0]["rule"].as_str()),
        (1, Some("signature-not-logged"))
    );
}

#[test]
fn a_certificate_by_ones_own_authority_verifies_without_an_issuer() {
    let (key, own) = (Signer::new("me"), OwnPki::new("acme"));
    let mut layer = key.sign("fn", &image().digest());
    let certificate = own.certify(&key, &Leaf::of(&["me@acme.example"]));
    layer.beside = vec![("certificate", pem(&certificate)), ("chain", own.chain_pem())];
    let signed = repository().tagged(signature_manifest(&image().digest(), vec![layer]));
    let registry = signed.serve(Listing::Missing);
    let folder = TempDir::new().unwrap();
    let file = |name: &str, text: String| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let (roots, chain) = (file("roots.pem", own.root_pem()), file("chain.pem", own.chain_pem()));
    let other = file("other.pem", OwnPki::new("mallory").root_pem());
    let waived = "--skip-transparency-log-unsafe";
    for (identity, flag, authorities, more, code) in [
        ("me@acme.example", "--ca-roots", &roots, &[waived][..], 0),
        ("me@acme.example", "--certificate-chain", &chain, &[waived], 0),
        ("me@acme.example", "--ca-roots", &other, &[waived], 1),
        ("you@acme.example", "--ca-roots", &roots, &[waived], 1),
        ("me@acme.example", "--ca-roots", &roots, &[], 1), // no log holds it
        ("me@acme.example", "--ca-roots", &roots, &[waived, "--certificate-chain", &chain], 3),
    ] {
        let asked = ["--certificate-identity", identity, flag, authorities.as_str()];
        let ended = verify(&registry, &[&asked[..], more].concat());
        assert_eq!(ended.code, code, "{asked:?} {more:?}: {}{}", ended.stdout, ended.stderr);
    }
}

#[test]
fn whoever_is_not_named_whole_is_a_wrong_question() {
    let registry = repository().serve(Listing::Api);
    for arguments in [
        &[][..],
        &["--certificate-identity", "a@b.c"],
        &["--certificate-oidc-issuer", "https://x"],
        &["--ca-roots", "DESK/acme.pub"],
        &["--key", "DESK/acme.pub", "--ca-roots", "DESK/acme.pub"],
        &["--key", "DESK/acme.pub", "--certificate-identity", "a@b.c"],
        &["--key", "DESK/none.pub"],
    ] {
        assert_eq!(verify(&registry, arguments).code, 3, "{arguments:?}");
    }
}

#[test]
fn docker_content_trust_is_recognised_and_refused_with_what_to_do_instead() {
    let registry = repository().serve(Listing::Api);
    let folder = TempDir::new().unwrap();
    let root = r#"{"signed":{"_type":"Root","expires":"2034-01-01T00:00:00Z"},"signatures":[{}]}"#;
    fs::write(folder.path().join("root.json"), root).unwrap();
    let key = folder.path().join("root.json").display().to_string();
    let ended = verify(&registry, &["--key", &key]);
    assert_eq!(ended.code, 3);
    for expect in ["Docker Content Trust's root metadata", "2026-12-08", "cosign sign --key"] {
        assert!(ended.stderr.contains(expect), "{expect:?} is not in {}", ended.stderr);
    }
    let image = name(&registry);
    let mut shown = testkit::program::command(folder.path());
    shown.args(["signature", "show", &image]).env("DOCKER_CONTENT_TRUST", "1");
    let ended = testkit::program::ended(shown.output().unwrap());
    assert!(ended.stderr.contains("DOCKER_CONTENT_TRUST is set and decides nothing here"));
}
