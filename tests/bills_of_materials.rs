//! `inventory --output cyclonedx|spdx`: what the formats' own schemas and validators accept, the
//! same to the byte each time, with every package of the inventory in it. The validators are in
//! target/tools (`make tools`).
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;
use testkit::image::{ImageBuilder, LayerBuilder};
use testkit::program::run;

const APK: &str = "P:musl\nV:1.2.5-r0\nA:x86_64\nL:MIT\no:musl\n\n\
    P:busybox\nV:1.36.1-r29\nA:x86_64\nL:GPL-2.0-only\n\n\
    P:ssl_client\nV:1.36.1-r29\no:busybox\nL:MIT BSD GPL2+\n\n\
    P:none\nV:1-r0\n\nP:ref\nV:1-r0\nL:LicenseRef-own\n";

/// An image with licences of every kind, the same package twice, a source of another name, odd
/// characters, and a file that cannot be read.
fn layout(folder: &Path) -> String {
    let base = LayerBuilder::new()
        .file("etc/os-release", "ID=alpine\nVERSION_ID=3.20.3\nPRETTY_NAME=\"Alpine 3.20\"\n")
        .file("lib/apk/db/installed", APK);
    let packages = [
        ("a", r#""name":"a","version":"1.0.0","licenses":["MIT","ISC"]"#),
        ("@s/b", r#""name":"@s/b","version":"1.0.0","license":"SEE LICENSE IN x""#),
        ("c/node_modules/a", r#""name":"a","version":"1.0.0""#),
        ("d", r##""name":"d\u0001\u202e\"#?","version":"1 .0\n","license":"MIT OR\u0000""##),
        ("torn", ""),
    ];
    let file = |layer: LayerBuilder, (name, fields): (&str, &str)| {
        let path = format!("app/node_modules/{name}/package.json");
        layer.file(&path, if fields.is_empty() { "{".to_owned() } else { format!("{{{fields}}}") })
    };
    let own = packages.into_iter().fold(LayerBuilder::new(), file);
    let own = own.file("app/requirements.txt", "Flask==3.0.0\n");
    let image =
        ImageBuilder::new().layer(base).layer(own).config("created", "2026-05-01T02:03:04Z");
    image.build().write_layout(folder, "1", &[]);
    format!("oci:{}:1", folder.display())
}

/// What the program prints of an image of which one file could not be read.
fn listed(image: &str, output: &str) -> String {
    let ended = run(["inventory", image, "--output", output]);
    assert_eq!(ended.code, 2, "{}", ended.stderr);
    ended.stdout
}

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// The package URLs of all elements that have one, each as often as it is there.
fn purls<'v>(elements: &'v Value, purl: impl Fn(&'v Value) -> &'v Value) -> Vec<&'v str> {
    let mut purls: Vec<&str> =
        elements.as_array().unwrap().iter().filter_map(|it| purl(it).as_str()).collect();
    purls.sort_unstable();
    purls
}

#[test]
fn the_formats_own_validators_accept_both() {
    let folder = TempDir::new().unwrap();
    let image = layout(folder.path());
    let (cyclonedx, spdx) = (folder.path().join("bom.json"), folder.path().join("bom.spdx.json"));
    fs::write(&cyclonedx, listed(&image, "cyclonedx")).unwrap();
    fs::write(&spdx, listed(&image, "spdx")).unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let tools = root.join("target/tools/sbom");
    assert!(tools.exists(), "{} is missing: run tools/install", tools.display());
    let mut validator = Command::new("python3");
    validator.arg(root.join("tests/sbom/validate.py")).env("PYTHONPATH", tools);
    validator.arg(format!("cyclonedx={}", cyclonedx.display()));
    let output = validator.arg(format!("spdx={}", spdx.display())).output().unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{told}{}", String::from_utf8_lossy(&output.stderr));

    let schema = parsed(include_str!("vectors/spdx/spdx-schema-2.3.json"));
    let validator = jsonschema::validator_for(&schema).unwrap();
    let document = parsed(&fs::read_to_string(&spdx).unwrap());
    let faults: Vec<String> = validator.iter_errors(&document).map(|it| it.to_string()).collect();
    assert_eq!(faults, Vec::<String>::new());
}

#[test]
fn the_same_image_gives_the_same_bytes_with_the_time_that_it_names() {
    let folder = TempDir::new().unwrap();
    let image = layout(folder.path());
    for (output, alias) in [("cyclonedx", "cyclonedx-json"), ("spdx", "spdx-json")] {
        let document = listed(&image, output);
        assert_eq!(document, listed(&image, alias));
        assert!(document.contains("\"2026-05-01T02:03:04Z\""), "{document}");
    }
}

#[test]
fn every_package_is_in_both_with_its_layer_and_path() {
    let folder = TempDir::new().unwrap();
    let image = layout(folder.path());
    let inventory = parsed(&listed(&image, "json"));
    let expected = purls(&inventory["packages"], |it| &it["purl"]);
    assert_eq!(expected.len(), 10);

    let bom = parsed(&listed(&image, "cyclonedx"));
    assert_eq!(purls(&bom["components"], |it| &it["purl"]), expected);
    let spdx = parsed(&listed(&image, "spdx"));
    let of_packages: Value = spdx["packages"].as_array().unwrap()[1..].into();
    assert_eq!(purls(&of_packages, |it| &it["externalRefs"][0]["referenceLocator"]), expected);

    let nested = "app/node_modules/c/node_modules/a/package.json";
    let layer = inventory["packages"][0]["layer"]["diff_id"].as_str().unwrap();
    let component = |purl: &str| {
        let mut components = bom["components"].as_array().unwrap().iter();
        components.find(|it| it["purl"].as_str().is_some_and(|it| it.starts_with(purl))).unwrap()
    };
    let musl = component("pkg:apk/alpine/musl@");
    let properties: BTreeSet<(&str, &str)> = musl["properties"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| (it["name"].as_str().unwrap(), it["value"].as_str().unwrap()))
        .collect();
    assert!(properties.contains(&("faas-validator:path", "/lib/apk/db/installed")));
    assert!(properties.contains(&("faas-validator:layer:diffID", layer)));
    assert_eq!(musl["licenses"][0]["expression"], "MIT");
    assert_eq!(component("pkg:npm/a@")["licenses"][0]["expression"], "MIT AND ISC");
    let words = &component("pkg:npm/%40s/b@")["licenses"][0]["license"];
    assert_eq!(words["name"], "SEE LICENSE IN x");
    let told = spdx["packages"].as_array().unwrap().iter().map(|it| it["sourceInfo"].as_str());
    assert!(told.flatten().any(|it| it.contains(nested)), "{spdx}");
}

#[test]
fn what_could_not_be_read_makes_the_list_incomplete() {
    let folder = TempDir::new().unwrap();
    let image = layout(folder.path());
    let bom = parsed(&listed(&image, "cyclonedx"));
    assert_eq!(bom["compositions"][0]["aggregate"], "incomplete");
    let unread = bom["metadata"]["properties"][0]["value"].as_str().unwrap();
    assert!(unread.starts_with("/app/node_modules/torn/package.json: "), "{unread}");
    let comment = parsed(&listed(&image, "spdx"))["comment"].as_str().unwrap().to_owned();
    assert!(comment.contains("Not read: /app/node_modules/torn/package.json: "), "{comment}");
}
