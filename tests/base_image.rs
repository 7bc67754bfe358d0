//! What comes from the base image and what is the function's own: `--base`, the Dockerfile behind
//! a stack.yml, and the image's own annotation; in verdicts, lists and bills of materials.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};
use tempfile::TempDir;
use testkit::image::{BuiltImage, ImageBuilder, LayerBuilder};
use testkit::program::{Ended, command, ended};
use testkit::registry::Registry;

const POLICY: &str = "checks: {build: [scan-layers]}\n";

struct Desk {
    folder: TempDir,
    registry: Registry,
}

impl Desk {
    fn new() -> Self {
        let desk = Self { folder: TempDir::new().unwrap(), registry: Registry::start() };
        let record = |name: &str| {
            json!({
                "id": format!("GHSA-{name}"), "modified": "2026-01-01T00:00:00Z",
                "database_specific": {"severity": "HIGH"},
                "affected": [{
                    "package": {"ecosystem": "npm", "name": name},
                    "ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}, {"fixed": "2.0.0"}]}],
                }],
            })
        };
        let records = json!([record("below"), record("above")]);
        fs::write(desk.at("osv.json"), records.to_string()).unwrap();
        fs::write(desk.at("policy.yml"), POLICY).unwrap();
        let made = desk.run(&["advisories", "build", "--osv", "osv.json", "--out", "index"]);
        assert_eq!(made.code, 0, "{}", made.stderr);
        desk
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn run(&self, arguments: &[&str]) -> Ended {
        let mut command = command(self.folder.path());
        command.current_dir(self.folder.path()).args(arguments);
        ended(command.output().unwrap())
    }

    fn validate(&self, arguments: &[&str]) -> Ended {
        let by = ["--policy", "policy.yml", "--advisories", "index", "--output", "json"];
        self.run(&[&["validate"], arguments, &by].concat())
    }

    /// Pushes an image, and answers its name.
    fn push(&self, image: &BuiltImage, name: &str) -> String {
        let folder = TempDir::new().unwrap();
        image.write_layout(folder.path(), "1", &[]);
        self.registry.push(folder.path(), "1", name);
        format!("{}/{name}", self.registry.host())
    }
}

fn layer(name: &str) -> LayerBuilder {
    let package = json!({"name": name, "version": "1.0.0"}).to_string();
    LayerBuilder::new().file(&format!("app/node_modules/{name}/package.json"), package)
}

fn base() -> BuiltImage {
    ImageBuilder::new().layer(layer("below")).build()
}

fn made() -> ImageBuilder {
    ImageBuilder::new().layer(layer("below")).layer(layer("above"))
}

fn parsed(ended: &Ended) -> Value {
    serde_json::from_str(&ended.stdout)
        .unwrap_or_else(|_| panic!("{}{}", ended.stdout, ended.stderr))
}

/// Each flaw's advisory, with the image that its layer came from.
fn flaws(verdict: &Value) -> Vec<(String, Option<String>)> {
    let findings = verdict["reports"][0]["findings"].as_array().unwrap();
    let flaw = |it: &Value| {
        let base = it["location"]["base"].as_str().map(str::to_owned);
        Some((it["advisory"]["id"].as_str()?.to_owned(), base))
    };
    findings.iter().filter_map(flaw).collect()
}

#[test]
fn a_base_that_is_named_tells_the_findings_apart() {
    let desk = Desk::new();
    let (below, image) = (desk.push(&base(), "acme/base:1"), desk.push(&made().build(), "fn:1"));
    let ended = desk.validate(&[&image, "--base", &below]);
    assert_eq!(ended.code, 1, "{}", ended.stderr);
    let pinned = format!("{}/acme/base@{}", desk.registry.host(), base().digest());
    let expect = [("GHSA-above".to_owned(), None), ("GHSA-below".to_owned(), Some(pinned))];
    assert_eq!(flaws(&parsed(&ended)), expect);

    let bare = desk.validate(&[&image]);
    let own = [("GHSA-above".to_owned(), None), ("GHSA-below".to_owned(), None)];
    assert_eq!((bare.code, flaws(&parsed(&bare))), (1, own.to_vec()));

    let missing = desk.validate(&[&image, "--base", &format!("{below}0")]);
    assert_eq!(missing.code, 2, "{}", missing.stderr);
    assert!(missing.stderr.contains("the base image"), "{}", missing.stderr);
}

#[test]
fn of_the_images_that_a_build_uses_the_one_below_is_the_base() {
    let desk = Desk::new();
    let below = desk.push(&base(), "acme/base:1");
    let beside = desk.push(&ImageBuilder::new().layer(layer("tool")).build(), "acme/tool:1");
    let image = desk.push(&made().build(), "fn:1");
    fs::create_dir(desk.at("fn")).unwrap();
    let dockerfile = format!("FROM {beside} AS tool\nFROM {below}\nCOPY --from=tool /app /app\n");
    fs::write(desk.at("fn/Dockerfile"), dockerfile).unwrap();
    let stack = format!(
        "provider: {{name: openfaas}}\nfunctions:\n  hello: {{lang: dockerfile, handler: ./fn, image: '{image}'}}\n"
    );
    fs::write(desk.at("stack.yml"), stack).unwrap();
    let ended = desk.validate(&["-f", "stack.yml"]);
    assert_eq!(ended.code, 1, "{}{}", ended.stdout, ended.stderr);
    let answer = parsed(&ended);
    let images = answer["images"].as_array().unwrap();
    let judged = images.iter().find(|it| it["subject"]["role"] == "made").unwrap();
    let pinned = format!("{}/acme/base@{}", desk.registry.host(), base().digest());
    assert_eq!(judged["subject"]["base"], json!(pinned));
    let expect = [("GHSA-above".to_owned(), None), ("GHSA-below".to_owned(), Some(pinned))];
    assert_eq!(flaws(judged), expect);
    let schema: Value =
        serde_json::from_str(include_str!("../docs/schema/verdict.schema.json")).unwrap();
    assert!(jsonschema::validator_for(&schema).unwrap().is_valid(judged));
}

#[test]
fn an_inventory_says_of_each_package_whose_it_is_in_every_format() {
    let desk = Desk::new();
    let below = desk.push(&base(), "acme/base:1");
    let annotated = made()
        .annotation("org.opencontainers.image.base.name", &below)
        .annotation("org.opencontainers.image.base.digest", &base().digest());
    let image = desk.push(&annotated.build(), "fn:1");
    let listed = |output: &str| {
        let ended = desk.run(&["inventory", &image, "--output", output]);
        assert_eq!(ended.code, 0, "{}", ended.stderr);
        ended.stdout
    };
    let pinned = format!("{}/acme/base@{}", desk.registry.host(), base().digest());
    let told = parsed(&desk.run(&["inventory", &image, "--output", "json"]));
    assert_eq!(told["base"], json!({"image": pinned, "layers": 1, "named_by": "annotation"}));
    let origins: Vec<_> =
        told["packages"].as_array().unwrap().iter().map(|it| it["origin"].clone()).collect();
    assert_eq!(origins, ["own", "base"]);

    let table = listed("table");
    assert!(
        table.contains(&format!("1 from the base image {pinned} (the lowest 1 layers), 1 own"))
    );
    let bom: Value = serde_json::from_str(&listed("cyclonedx")).unwrap();
    let own = json!({"name": "faas-validator:origin", "value": "own"});
    assert!(bom["components"][0]["properties"].as_array().unwrap().contains(&own), "{bom}");
    let base = json!({"name": "faas-validator:image:base", "value": pinned});
    let image_properties = &bom["metadata"]["component"]["properties"];
    assert!(image_properties.as_array().unwrap().contains(&base), "{bom}");
    let spdx: Value = serde_json::from_str(&listed("spdx")).unwrap();
    let info = spdx["packages"][2]["sourceInfo"].as_str().unwrap();
    assert!(info.contains("it comes from the base image"), "{info}");
}

#[test]
fn an_annotation_that_lies_is_shown_and_not_believed() {
    let desk = Desk::new();
    let other = ImageBuilder::new().layer(layer("above")).build();
    let below = desk.push(&other, "acme/base:1");
    let annotated = made()
        .annotation("org.opencontainers.image.base.name", &below)
        .annotation("org.opencontainers.image.base.digest", &other.digest());
    let image = desk.push(&annotated.build(), "fn:1");
    let ended = desk.run(&["inventory", &image, "--output", "json"]);
    assert_eq!((ended.code, &parsed(&ended)["base"]), (0, &Value::Null));
    assert!(ended.stderr.contains("its layers are not the lowest of this one"), "{}", ended.stderr);

    let verdict = parsed(&desk.validate(&[&image]));
    let findings = verdict["reports"][0]["findings"].as_array().unwrap();
    let note = findings.iter().find(|it| it["rule"] == "false-base").unwrap();
    assert_eq!(note["effect"], "note");
    assert!(flaws(&verdict).iter().all(|(_, base)| base.is_none()));
}
