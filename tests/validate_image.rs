//! `faas-validator validate IMAGE`: each place an image may lie, each exit code, and what a person
//! reads when the question is wrong.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tempfile::TempDir;
use testkit::image::{Beside, BuiltImage, ImageBuilder, LayerBuilder, Packing};
use testkit::program::{Ended, run};
use testkit::signer::{Signer, signature_manifest};

const FLAWED: &str = "app/node_modules/lodash/package.json";

/// A folder with an advisory index, a policy that asks a signature of everything, and a place for
/// images.
struct Desk(TempDir);

impl Desk {
    fn new() -> Self {
        let desk = Self(TempDir::new().unwrap());
        let record = json!({
            "id": "GHSA-1", "aliases": ["CVE-1"], "modified": "2026-01-01T00:00:00Z",
            "database_specific": {"severity": "HIGH"},
            "affected": [{
                "package": {"ecosystem": "npm", "name": "lodash"},
                "ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}, {"fixed": "4.17.21"}]}],
            }],
        });
        fs::write(desk.path("osv.json"), record.to_string()).unwrap();
        let ended =
            run(["advisories", "build", "--osv", &desk.at("osv.json"), "--out", &desk.at("index")]);
        assert_eq!(ended.code, 0, "{}", ended.stderr);
        fs::write(desk.path("acme.pub"), Signer::new("acme").public_pem()).unwrap();
        desk.policy("");
        desk
    }

    fn policy(&self, more: &str) {
        let policy = format!(
            "signatures:\n  authorities: [{{name: acme, images: ['**'], keys: [acme.pub]}}]\n  required-for: {{made: always}}\n{more}"
        );
        fs::write(self.path("policy.yml"), policy).unwrap();
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn at(&self, name: &str) -> String {
        self.path(name).display().to_string()
    }

    fn validate(&self, image: &str) -> Ended {
        let (policy, index) = (self.at("policy.yml"), self.at("index"));
        run(["validate", image, "--policy", &policy, "--advisories", &index, "--output", "json"])
    }

    /// Writes an image as a layout, signed by whom it is said.
    fn layout(&self, image: &BuiltImage, signer: Option<&str>) -> String {
        let folder = self.path("layout");
        let _ = fs::remove_dir_all(&folder);
        image.write_layout(&folder, "1", &signature(image, signer));
        format!("oci:{}:1", folder.display())
    }
}

fn signature(image: &BuiltImage, signer: Option<&str>) -> Vec<Beside> {
    let sign = |name: &str| {
        let layer = Signer::new(name).sign("acme/fn", &image.digest());
        signature_manifest(&image.digest(), vec![layer]).into()
    };
    signer.into_iter().map(sign).collect()
}

fn image(version: &str) -> BuiltImage {
    let package = json!({"name": "lodash", "version": version}).to_string();
    ImageBuilder::new()
        .layer(LayerBuilder::new().packing(Packing::Plain).file(FLAWED, package))
        .build()
}

fn verdict(ended: &Ended) -> Value {
    serde_json::from_str(&ended.stdout)
        .unwrap_or_else(|_| panic!("{}{}", ended.stdout, ended.stderr))
}

/// The rules of findings that do not merely note.
fn rules(ended: &Ended) -> Vec<String> {
    let verdict = verdict(ended);
    let reports = verdict["reports"].as_array().unwrap();
    let findings = reports.iter().flat_map(|it| it["findings"].as_array().unwrap());
    let counts = findings.filter(|it| it["effect"] != "note");
    counts.map(|it| it["rule"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_sound_signed_image_is_accepted_and_its_verdict_is_valid() {
    let desk = Desk::new();
    let ended = desk.validate(&desk.layout(&image("4.17.21"), Some("acme")));
    assert_eq!(ended.code, 0, "{}{}", ended.stdout, ended.stderr);
    let schema: Value =
        serde_json::from_str(include_str!("../docs/schema/verdict.schema.json")).unwrap();
    assert!(jsonschema::validator_for(&schema).unwrap().is_valid(&verdict(&ended)));
}

#[test]
fn a_known_flaw_is_rejected_with_package_layer_fix_and_remedy() {
    let desk = Desk::new();
    let built = image("4.17.20");
    let ended = desk.validate(&desk.layout(&built, Some("acme")));
    assert_eq!((ended.code, rules(&ended)), (1, vec!["vulnerable-package".to_owned()]));
    let report = &verdict(&ended)["reports"][1];
    assert_eq!(report["check"], "scan-layers");
    let finding = &report["findings"][0];
    assert_eq!(finding["package"]["purl"], "pkg:npm/lodash@4.17.20");
    assert_eq!(finding["package"]["fixed_version"], "4.17.21");
    assert_eq!(finding["advisory"]["aliases"], json!(["CVE-1"]));
    assert_eq!(finding["location"]["path"], FLAWED);
    assert_eq!(finding["location"]["layer_digest"], json!(built.layers[0]));
    assert!(finding["remedy"].as_str().unwrap().contains("4.17.21"));
}

#[test]
fn the_four_answers_about_a_signature_are_told_apart() {
    let desk = Desk::new();
    let sound = image("4.17.21");
    let check = |image: &str, code: i32, rule: &str| {
        let ended = desk.validate(image);
        assert_eq!((ended.code, rules(&ended)), (code, vec![rule.to_owned()]), "{}", ended.stdout);
    };
    check(&desk.layout(&sound, None), 1, "unsigned");
    check(&desk.layout(&sound, Some("mallory")), 1, "signed-by-other");
    let folder = desk.path("moved");
    let mut moved: Vec<Beside> = signature(&image("1.0.0"), Some("acme"));
    moved[0].tag = format!("{}.sig", sound.digest().replace(':', "-"));
    sound.write_layout(&folder, "1", &moved);
    check(&format!("oci:{}:1", folder.display()), 1, "bad-signature");
}

#[test]
fn an_image_is_the_same_wherever_it_lies() {
    let desk = Desk::new();
    desk.policy("checks: {build: [scan-layers]}\n");
    let built = image("4.17.20");
    built.write_oci_archive(&desk.path("oci.tar"), "1", &[]);
    built.write_docker_archive(&desk.path("docker.tar"), "acme/fn:1");
    for declared in [
        desk.layout(&built, None),
        format!("oci-archive:{}", desk.at("oci.tar")),
        format!("docker-archive:{}", desk.at("docker.tar")),
        format!("docker-archive:{}:acme/fn:1", desk.at("docker.tar")),
    ] {
        let ended = desk.validate(&declared);
        let found = (ended.code, rules(&ended));
        assert_eq!(found, (1, vec!["vulnerable-package".to_owned()]), "{declared}");
    }
}

#[test]
fn what_cannot_be_judged_is_undecided_and_ends_with_2() {
    let desk = Desk::new();
    let layout = desk.layout(&image("4.17.21"), Some("acme"));
    let policy = desk.at("policy.yml");
    let without_index = run(["validate", &layout, "--policy", &policy, "--output", "json"]);
    assert_eq!(
        (without_index.code, rules(&without_index)),
        (2, vec!["advisories-missing".to_owned()])
    );
    desk.policy("on-undecided: warn\n");
    let warned = run(["validate", &layout, "--policy", &policy, "--output", "json"]);
    assert_eq!(warned.code, 0);
    assert_eq!(verdict(&warned)["outcome"], "undecided");
    let nowhere = run(["validate", "oci:/nonexistent", "--output", "json"]);
    assert_eq!(nowhere.code, 2);
    assert_eq!(verdict(&nowhere)["finding"]["rule"], "image-unreachable");
}

#[test]
fn a_waiver_lets_a_finding_through_until_its_day() {
    let desk = Desk::new();
    let layout = desk.layout(&image("4.17.20"), Some("acme"));
    let waiver = |expires: &str| {
        format!("waivers: [{{advisory: CVE-1, reason: r, owner: o, expires: {expires}}}]\n")
    };
    desk.policy(&waiver("2999-01-01"));
    assert_eq!(desk.validate(&layout).code, 0);
    desk.policy(&waiver("2020-01-01"));
    let ended = desk.validate(&layout);
    assert_eq!(ended.code, 1);
    assert_eq!(rules(&ended), ["vulnerable-package", "waiver-expired"]);
}

#[test]
fn a_wrong_question_ends_with_3_and_says_what_to_do() {
    let desk = Desk::new();
    let layout = desk.layout(&image("4.17.21"), None);
    fs::write(desk.path("typo.yml"), "vulnerabilites: {}\n").unwrap();
    for (arguments, told) in [
        (vec!["validate", &layout, "--policy", "/nonexistent"], "remedy"),
        (vec!["validate", &layout, "--policy", &desk.at("typo.yml")], "vulnerabilities"),
        (vec!["validate", &layout, "--advisories", "/nonexistent"], "advisories build"),
        (vec!["validate", &layout, "--output", "xml"], "table"),
        (vec!["validat"], "validate"),
        (vec!["policy", "check", &desk.at("typo.yml")], "vulnerabilities"),
    ] {
        let ended = run(&arguments);
        assert_eq!(ended.code, 3, "{arguments:?}: {}", ended.stderr);
        assert!(ended.stderr.contains(told), "{arguments:?}: {}", ended.stderr);
    }
}

#[test]
fn an_inventory_lists_each_package_with_its_layer_and_file() {
    let desk = Desk::new();
    let built = image("4.17.20");
    let ended = run(["inventory", &desk.layout(&built, None), "--output", "json"]);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let inventory = verdict(&ended);
    assert_eq!(inventory["digest"], json!(built.digest()));
    let package = &inventory["packages"][0];
    let layer = json!({"index": 0, "digest": built.layers[0], "diff_id": built.layers[0]});
    assert_eq!(package["layer"], layer);
    for (key, value) in [
        ("purl", "pkg:npm/lodash@4.17.20"),
        ("name", "lodash"),
        ("version", "4.17.20"),
        ("ecosystem", "npm"),
        ("path", FLAWED),
    ] {
        assert_eq!(package[key], value, "{key}");
    }
}

#[test]
fn the_plugin_is_this_program_under_another_name() {
    let home = TempDir::new().unwrap();
    let installed = testkit::program::command(home.path()).arg("install-plugin").output().unwrap();
    assert!(installed.status.success(), "{installed:?}");
    let plugin: &Path = &home.path().join(".openfaas/plugins/validate");
    let mut command = std::process::Command::new(plugin);
    let output = command.arg("oci:/nonexistent").env("HOME", home.path()).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{output:?}");
}
