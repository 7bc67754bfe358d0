//! The floors of the house: dependencies point down, and only down. Read from the `Cargo.toml`s.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use toml::{Table, Value};

/// From the top. A crate may depend on crates of lower floors only.
const FLOORS: &[(&str, &[&str])] = &[
    ("who asks", &["cli"]),
    (
        "who answers",
        &["orchestrator", "scan-layers", "verify-signature", "check-policy", "check-runtime"],
    ),
    ("how it is asked", &["image-function"]),
    ("how we judge", &["inventory", "advisories", "signature", "policy", "snapshot", "sbom"]),
    ("how we reach the world", &["oci-image", "openfaas", "event-bus"]),
    ("what we say", &["verdict"]),
    ("what we reckon with", &["sha256-pair"]),
];

/// Arrows along a floor, each with its reason.
const SIDEWAYS: &[(&str, &str)] = &[
    ("advisories", "inventory"), // a package is what is matched
    ("sbom", "inventory"),       // an inventory is what is written
    ("event-bus", "openfaas"),   // the gateway is a transport, and only openfaas speaks to it
];

/// Apart from the floors: tests, what tests stand on, and the template, which knows nothing of us.
const APART: &[&str] = &["tests", "testkit", "bench", "main", "handler"];

#[test]
fn dependencies_point_down() {
    let members = members();
    for (name, manifest) in &members {
        if APART.contains(&name.as_str()) {
            continue;
        }
        for dependency in ours(manifest, "dependencies", &members) {
            assert!(
                dependency != "testkit" && floor(&dependency) > floor(name)
                    || SIDEWAYS.contains(&(name.as_str(), dependency.as_str())),
                "{name} must not depend on {dependency}: see ARCHITECTURE.md, \"Floors\""
            );
        }
    }
}

#[test]
fn the_template_depends_on_nothing_of_ours() {
    let members = members();
    for name in ["main", "handler"] {
        let ours: Vec<_> = ours(&members[name], "dependencies", &members)
            .into_iter()
            .filter(|it| it != "handler")
            .collect();
        assert!(ours.is_empty(), "template crate {name} depends on {ours:?}");
    }
}

#[test]
fn members_inherit_versions_and_lints() {
    for (name, manifest) in members() {
        // The template's sample is a stranger's crate from its first day.
        if name == "handler" {
            continue;
        }
        let inherits = |table: &Table, key: &str| {
            table.get(key).and_then(|it| it.get("workspace")).and_then(Value::as_bool) == Some(true)
        };
        assert!(
            manifest.get("lints").and_then(Value::as_table).is_some()
                && inherits(&manifest, "lints"),
            "{name} does not inherit the workspace's lints"
        );
        for kind in ["dependencies", "dev-dependencies"] {
            let Some(table) = manifest.get(kind).and_then(Value::as_table) else { continue };
            for dependency in table.keys() {
                let itself = *dependency == name || dependency == "handler";
                assert!(
                    itself || inherits(table, dependency),
                    "{name} writes a version for {dependency}: versions stand in the root Cargo.toml"
                );
            }
        }
    }
}

#[test]
fn every_crate_has_a_row_in_the_readmes_map() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    for (folder, _) in folders() {
        let row = format!("`{folder}/`");
        assert!(readme.contains(&row), "README.md has no row for {row} in its map");
    }
}

fn floor(name: &str) -> usize {
    let holds = |(_, crates): &(&str, &[&str])| crates.contains(&name);
    FLOORS.iter().position(holds).unwrap_or_else(|| panic!("{name} stands on no floor"))
}

fn ours(manifest: &Table, kind: &str, members: &BTreeMap<String, Table>) -> Vec<String> {
    let dependencies = manifest.get(kind).and_then(Value::as_table);
    dependencies
        .into_iter()
        .flat_map(Table::keys)
        .filter(|name| members.contains_key(*name))
        .cloned()
        .collect()
}

fn members() -> BTreeMap<String, Table> {
    folders()
        .into_iter()
        .map(|(_, path)| {
            let manifest: Table =
                fs::read_to_string(path.join("Cargo.toml")).unwrap().parse().unwrap();
            (manifest["package"]["name"].as_str().unwrap().to_owned(), manifest)
        })
        .collect()
}

/// The workspace's folders with a manifest, by their path from the root.
fn folders() -> Vec<(String, PathBuf)> {
    let manifest: Table = fs::read_to_string(root().join("Cargo.toml")).unwrap().parse().unwrap();
    let members = manifest["workspace"]["members"].as_array().unwrap();
    members.iter().map(|it| it.as_str().unwrap()).flat_map(expand).collect()
}

fn expand(member: &str) -> Vec<(String, PathBuf)> {
    match member.strip_suffix("/*") {
        None => vec![(member.to_owned(), root().join(member))],
        Some(parent) => fs::read_dir(root().join(parent))
            .unwrap()
            .map(|entry| entry.unwrap())
            .filter(|entry| entry.path().join("Cargo.toml").exists())
            .map(|entry| {
                (format!("{parent}/{}", entry.file_name().to_str().unwrap()), entry.path())
            })
            .collect(),
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}
