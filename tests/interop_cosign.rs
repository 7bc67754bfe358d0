//! Real cosign (`make interop` builds it): what it signs verifies here, and what the tests' own
//! signer signs verifies there.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;
use testkit::image::{BuiltImage, ImageBuilder, LayerBuilder};
use testkit::program::{Ended, run};
use testkit::registry::Registry;
use testkit::signer::{Signer, signature_manifest};
use testkit::sigstore::{Leaf, OwnPki, pem};

const REPOSITORY: &str = "acme/fn";

fn image() -> BuiltImage {
    ImageBuilder::new().layer(LayerBuilder::new().file("main", "x")).build()
}

/// Pushes an image and what lies beside it; answers its name by digest.
fn push(registry: &Registry, image: &BuiltImage, signature: Option<&Signer>) -> String {
    let folder = TempDir::new().unwrap();
    let beside: Vec<_> = signature
        .iter()
        .map(|signer| {
            let layer = signer.sign(REPOSITORY, &image.digest());
            signature_manifest(&image.digest(), vec![layer]).into()
        })
        .collect();
    image.write_layout(folder.path(), "1", &beside);
    registry.push(folder.path(), "1", &format!("{REPOSITORY}:1"));
    for signature in &beside {
        let signature: &testkit::image::Beside = signature;
        registry.push(folder.path(), &signature.tag, &format!("{REPOSITORY}:{}", signature.tag));
    }
    format!("{}/{REPOSITORY}@{}", registry.host(), image.digest())
}

fn cosign(folder: &Path, arguments: &[&str]) -> Output {
    Command::new("cosign")
        .args(arguments)
        .current_dir(folder)
        .env("COSIGN_PASSWORD", "")
        .env("HOME", folder)
        .output()
        .expect("cosign is not on PATH: run `make interop`, which builds it into target/tools")
}

fn succeed(folder: &Path, arguments: &[&str]) {
    let output = cosign(folder, arguments);
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "cosign {arguments:?}: {told}");
}

/// The two layouts that cosign writes, by its flag.
const LEGACY: &str = "--new-bundle-format=false";
const BUNDLE: &str = "--new-bundle-format=true";
/// Without any network but the registry's.
const ALONE: [&str; 4] =
    ["--yes", "--use-signing-config=false", "--tlog-upload=false", "--allow-http-registry"];

fn sign(folder: &Path, key: &str, layout: &str, name: &str) {
    succeed(folder, &[&["sign", "--key", key, layout], &ALONE[..], &[name]].concat());
}

fn attest(folder: &Path, key: &str, layout: &str, name: &str) {
    fs::write(folder.join("predicate.json"), "{}").unwrap();
    let what =
        ["attest", "--key", key, layout, "--type", "custom", "--predicate", "predicate.json"];
    succeed(folder, &[&what, &ALONE[..], &[name]].concat());
}

fn validate(folder: &Path, key: &str, name: &str) -> Ended {
    let policy = format!(
        "checks: {{build: [verify-signature]}}\nsignatures: {{authorities: [{{name: acme, images: ['**'], keys: [{key}]}}]}}\n"
    );
    let path = folder.join("policy.yml");
    fs::write(&path, policy).unwrap();
    let image = format!("docker://{name}");
    run(["validate", &image, "--policy", path.to_str().unwrap(), "--output", "json"])
}

fn rule(ended: &Ended) -> String {
    let verdict: Value = serde_json::from_str(&ended.stdout).unwrap();
    verdict["reports"][0]["findings"][0]["rule"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn interop_cosign_signs_and_we_verify() {
    let (registry, folder) = (Registry::start(), TempDir::new().unwrap());
    let (folder, name) = (folder.path(), push(&registry, &image(), None));
    succeed(folder, &["generate-key-pair"]);
    succeed(folder, &["generate-key-pair", "--output-key-prefix", "other"]);
    let before = validate(folder, "cosign.pub", &name);
    assert_eq!((before.code, rule(&before).as_str()), (1, "unsigned"), "{}", before.stdout);
    sign(folder, "other.key", LEGACY, &name);
    let other = validate(folder, "cosign.pub", &name);
    assert_eq!((other.code, rule(&other).as_str()), (1, "signed-by-other"), "{}", other.stdout);
    sign(folder, "cosign.key", LEGACY, &name);
    let signed = validate(folder, "cosign.pub", &name);
    assert_eq!(signed.code, 0, "{}{}", signed.stdout, signed.stderr);
}

#[test]
fn interop_cosign_verifies_what_the_tests_sign() {
    let (registry, folder) = (Registry::start(), TempDir::new().unwrap());
    let signer = Signer::new("acme");
    let name = push(&registry, &image(), Some(&signer));
    fs::write(folder.path().join("acme.pub"), signer.public_pem()).unwrap();
    let verify = |key: &str| {
        let options =
            ["--insecure-ignore-tlog=true", "--new-bundle-format=false", "--allow-http-registry"];
        let arguments = [&["verify", "--key", key][..], &options, &[&name]].concat();
        cosign(folder.path(), &arguments)
    };
    let output = verify("acme.pub");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    fs::write(folder.path().join("other.pub"), Signer::new("other").public_pem()).unwrap();
    assert!(!verify("other.pub").status.success());
}

/// A registry with an image, and a folder with two pairs of keys.
fn desk() -> (Registry, TempDir, String) {
    let (registry, folder) = (Registry::start(), TempDir::new().unwrap());
    let name = push(&registry, &image(), None);
    succeed(folder.path(), &["generate-key-pair"]);
    succeed(folder.path(), &["generate-key-pair", "--output-key-prefix", "other"]);
    (registry, folder, name)
}

#[test]
fn interop_cosign_signs_with_a_bundle_and_we_verify() {
    let (_registry, folder, name) = desk();
    let folder = folder.path();
    sign(folder, "other.key", BUNDLE, &name);
    let other = validate(folder, "cosign.pub", &name);
    assert_eq!((other.code, rule(&other).as_str()), (1, "signed-by-other"), "{}", other.stdout);
    sign(folder, "cosign.key", BUNDLE, &name);
    let signed = validate(folder, "cosign.pub", &name);
    assert_eq!(signed.code, 0, "{}{}", signed.stdout, signed.stderr);
}

#[test]
fn interop_p6_an_attestation_of_cosigns_is_no_signature() {
    let (_registry, folder, name) = desk();
    for layout in [BUNDLE, LEGACY] {
        attest(folder.path(), "cosign.key", layout, &name);
        let ended = validate(folder.path(), "cosign.pub", &name);
        assert_eq!((ended.code, rule(&ended).as_str()), (1, "unsigned"), "{}", ended.stdout);
    }
}

#[test]
fn interop_p8_a_foreign_bundle_of_cosigns_hides_no_legacy_signature() {
    let (_registry, folder, name) = desk();
    sign(folder.path(), "cosign.key", LEGACY, &name);
    sign(folder.path(), "other.key", BUNDLE, &name);
    for key in ["cosign.pub", "other.pub"] {
        let ended = validate(folder.path(), key, &name);
        assert_eq!(ended.code, 0, "{key}: {}{}", ended.stdout, ended.stderr);
    }
}

#[test]
fn interop_what_cosign_saves_is_read_with_its_signatures() {
    let (_registry, folder, name) = desk();
    sign(folder.path(), "cosign.key", LEGACY, &name);
    succeed(folder.path(), &["save", "--dir", "saved", "--allow-http-registry", &name]);
    let saved = format!("oci:{}", folder.path().join("saved").display());
    for (key, code) in [("cosign.pub", 0), ("other.pub", 1)] {
        let key = folder.path().join(key);
        let arguments = ["signature", "verify", &saved, "--skip-transparency-log-unsafe", "--key"];
        let ended = run(arguments.into_iter().chain([key.to_str().unwrap()]));
        assert_eq!(ended.code, code, "{}{}", ended.stdout, ended.stderr);
    }
}

/// A folder with a key `me.key` of cosign's form and a certificate for it by acme's own authority.
fn certified(folder: &Path) -> OwnPki {
    let (own, me) = (OwnPki::new("acme"), Signer::new("me"));
    let certificate = own.certify(&me, &Leaf::of(&["me@acme.example"]));
    for (name, text) in [
        ("me.pem", me.private_pem()),
        ("leaf.pem", pem(&certificate)),
        ("chain.pem", own.chain_pem()),
    ] {
        fs::write(folder.join(name), text).unwrap();
    }
    succeed(folder, &["import-key-pair", "--key", "me.pem", "--output-key-prefix", "me"]);
    own
}

/// `signature verify` of this subject by the authorities in a file of the folder.
fn by_own(folder: &Path, subject: &str, file: &str, name: &str) -> Ended {
    let (image, file) = (format!("docker://{name}"), folder.join(file));
    let asked = ["--certificate-identity", subject, "--ca-roots", file.to_str().unwrap()];
    let head = ["signature", "verify", &image, "--skip-transparency-log-unsafe"];
    run(head.into_iter().chain(asked))
}

#[test]
fn interop_cosign_signs_with_a_certificate_of_ones_own_and_we_verify() {
    for layout in [LEGACY, BUNDLE] {
        let (registry, folder) = (Registry::start(), TempDir::new().unwrap());
        let (folder, name) = (folder.path(), push(&registry, &image(), None));
        certified(folder);
        fs::write(folder.join("other.pem"), OwnPki::new("mallory").chain_pem()).unwrap();
        let with = ["--certificate", "leaf.pem", "--certificate-chain", "chain.pem"];
        succeed(
            folder,
            &[&["sign", "--key", "me.key", layout], &with[..], &ALONE[..], &[&name]].concat(),
        );
        for (subject, file, code) in [
            ("me@acme.example", "chain.pem", 0),
            ("you@acme.example", "chain.pem", 1),
            ("me@acme.example", "other.pem", 1),
        ] {
            let ended = by_own(folder, subject, file, &name);
            assert_eq!(ended.code, code, "{layout} {file}: {}{}", ended.stdout, ended.stderr);
        }
    }
}
