//! `faas-validator validate up`: what is deployed is what was judged, and after the first image
//! that is not accepted nothing is pushed. dockerd and the registry are real; faas-cli is a script
//! that notes how it was called and pushes with skopeo.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use serde_json::{Value, json};
use tempfile::TempDir;
use testkit::dockerd::Dockerd;
use testkit::image::{BuiltImage, ImageBuilder, LayerBuilder};
use testkit::program::{self, Ended};
use testkit::registry::Registry;

const POLICY: &str = "signatures: {required-for: {used: never, made: never}}\n";

/// A function whose image lies in the daemon, as if faas-cli had just built it.
struct Desk {
    folder: TempDir,
    dockerd: Dockerd,
    registry: Registry,
}

impl Desk {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let (dockerd, registry) = (Dockerd::start(), Registry::start());
        let desk = Self { folder, dockerd, registry };
        let record = json!({
            "id": "GHSA-1", "modified": "2026-01-01T00:00:00Z",
            "database_specific": {"severity": "HIGH"},
            "affected": [{
                "package": {"ecosystem": "npm", "name": "lodash"},
                "ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}, {"fixed": "4.17.21"}]}],
            }],
        });
        fs::write(desk.at("osv.json"), record.to_string()).unwrap();
        fs::write(desk.at("policy.yml"), POLICY).unwrap();
        fs::create_dir(desk.at("fn")).unwrap();
        fs::write(desk.at("fn/Dockerfile"), "FROM scratch\nCOPY . /\n").unwrap();
        let stack = format!(
            "provider: {{name: openfaas}}\nfunctions:\n  hello:\n    lang: dockerfile\n    \
             handler: ./fn\n    image: {}\n    labels: {{kept: 'yes'}}\n",
            desk.image()
        );
        fs::write(desk.at("stack.yml"), stack).unwrap();
        let (osv, index) = (desk.at("osv.json"), desk.at("index"));
        let arguments = ["advisories", "build", "--osv", osv.to_str().unwrap(), "--out"];
        let ended = program::run(arguments.into_iter().chain(index.to_str()));
        assert_eq!(ended.code, 0, "{}", ended.stderr);
        desk
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn image(&self) -> String {
        format!("{}/acme/hello:1", self.registry.host())
    }

    /// What faas-cli is to find built, and what it then pushes.
    fn faas_cli(&self, built: &BuiltImage, pushed: &BuiltImage) {
        built.write_docker_archive(&self.at("built.tar"), &self.image());
        self.dockerd.load(&self.at("built.tar"));
        fs::remove_dir_all(self.at("layout")).ok();
        pushed.write_layout(&self.at("layout"), "1", &[]);
        let at = |name: &str| self.at(name).display().to_string();
        let script = format!(
            "#!/bin/sh\necho \"$1\" >>{log}\ncase $1 in\n  push) skopeo --insecure-policy copy -q \
             --dest-tls-verify=false --preserve-digests oci:{layout}:1 docker://{image};;\n  \
             deploy) cp \"$3\" {deployed};;\nesac\n",
            log = at("log"),
            layout = at("layout"),
            image = self.image(),
            deployed = at("deployed.json"),
        );
        fs::create_dir_all(self.at("bin")).unwrap();
        fs::write(self.at("bin/faas-cli"), script).unwrap();
        fs::set_permissions(self.at("bin/faas-cli"), fs::Permissions::from_mode(0o755)).unwrap();
    }

    fn up(&self) -> Ended {
        let path = format!("{}:{}", self.at("bin").display(), std::env::var("PATH").unwrap());
        let mut command = program::command(self.folder.path());
        command
            .current_dir(self.folder.path())
            .env("PATH", path)
            .env("DOCKER_HOST", format!("unix://{}", self.dockerd.socket().display()))
            .args(["validate", "up", "-f", "stack.yml", "--policy", "policy.yml"])
            .args(["--advisories", "index", "--output", "json"]);
        program::ended(command.output().unwrap())
    }

    /// How faas-cli was called, in order.
    fn called(&self) -> Vec<String> {
        let log = fs::read_to_string(self.at("log")).unwrap_or_default();
        log.lines().map(str::to_owned).collect()
    }
}

fn image(lodash: &str) -> BuiltImage {
    let package = json!({"name": "lodash", "version": lodash}).to_string();
    let layer = LayerBuilder::new().file("app/node_modules/lodash/package.json", package);
    ImageBuilder::new().run("User", "10001").layer(layer).build()
}

#[test]
fn what_was_judged_is_deployed_by_digest() {
    let desk = Desk::new();
    let sound = image("4.17.21");
    desk.faas_cli(&sound, &sound);
    let ended = desk.up();
    assert_eq!(ended.code, 0, "{}{}", ended.stdout, ended.stderr);
    assert_eq!(desk.called(), ["build", "push", "deploy"]);
    let deployed: Value =
        serde_json::from_slice(&fs::read(desk.at("deployed.json")).unwrap()).unwrap();
    let function = &deployed["functions"]["hello"];
    let pinned = format!("{}/acme/hello@{}", desk.registry.host(), sound.digest());
    assert_eq!(function["image"], json!(pinned));
    assert_eq!(function["labels"], json!({"kept": "yes"}));
}

#[test]
fn nothing_is_pushed_of_an_image_that_is_rejected() {
    let desk = Desk::new();
    let flawed = image("4.17.20");
    desk.faas_cli(&flawed, &flawed);
    let ended = desk.up();
    assert_eq!(ended.code, 1, "{}{}", ended.stdout, ended.stderr);
    assert!(ended.stdout.contains("GHSA-1"), "{}", ended.stdout);
    assert_eq!(desk.called(), ["build"]);
}

#[test]
fn an_image_that_was_swapped_on_its_way_is_not_deployed() {
    let desk = Desk::new();
    desk.faas_cli(&image("4.17.21"), &image("4.17.22"));
    let ended = desk.up();
    assert_eq!(ended.code, 1, "{}{}", ended.stdout, ended.stderr);
    assert!(ended.stderr.contains("is not the image that was judged"), "{}", ended.stderr);
    assert_eq!(desk.called(), ["build", "push"]);
}
