//! One manifest in two places: the root of the workspace and the root of a build folder differ
//! in their members and paths, and in nothing else. And the steps that testkit takes in a build
//! folder are the Dockerfile's.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::fs;
use std::path::PathBuf;

use testkit::build_folder;

const HEADER: &str = "\
# The root manifest of a build folder: the Dockerfile calls it Cargo.toml. It has the tables of the
# repository's own Cargo.toml, with paths as faas-cli lays them; tests/stack_manifests.rs holds the
# two together, and writes this one anew when it is run with UPDATE_MANIFESTS=1.
";

fn template() -> PathBuf {
    build_folder::workspace().join("template/rust-http")
}

/// What workspace.toml must be, from the root manifest.
fn derived(root: &str) -> String {
    let (_, tables) = root.split_once("[workspace]\n").unwrap();
    let (before, members) = tables.split_once("members = [").unwrap();
    let (_, after) = members.split_once("]\n").unwrap();
    let exclude = after.lines().next().unwrap();
    assert!(exclude.starts_with("exclude = "), "{exclude}");
    let rest = after[exclude.len() + 1..]
        .lines()
        // A function knows no other: none is in another's build folder.
        .filter(|line| !line.contains("{ path = \"functions/"))
        .map(|line| line.replace("{ path = \"crates/", "{ path = \"function/crates/") + "\n");
    format!("{HEADER}[workspace]\n{before}members = [\"main\"]\n{}", rest.collect::<String>())
}

#[test]
fn rules_know_the_same_times_on_a_desk_and_in_a_function() {
    let filter = |folder: PathBuf| {
        let text = fs::read_to_string(folder.join(".cargo/config.toml")).unwrap();
        let line = text.lines().find(|line| line.starts_with("CHRONO_TZ_TIMEZONE_FILTER"));
        line.unwrap().to_owned()
    };
    assert_eq!(filter(build_folder::workspace()), filter(template()));
}

#[test]
fn the_two_manifests_differ_in_members_and_paths_only() {
    let root = fs::read_to_string(build_folder::workspace().join("Cargo.toml")).unwrap();
    let expected = derived(&root);
    let path = template().join("workspace.toml");
    if std::env::var_os("UPDATE_MANIFESTS").is_some() {
        fs::write(&path, &expected).unwrap();
    }
    let actual = fs::read_to_string(&path).unwrap();
    let first = expected.lines().zip(actual.lines()).find(|(expected, actual)| expected != actual);
    assert!(
        expected == actual,
        "template/rust-http/workspace.toml is not what Cargo.toml makes of it, first in {first:?}: \
         run `UPDATE_MANIFESTS=1 cargo test --package tests --test stack_manifests`"
    );
}

#[test]
fn both_manifests_are_what_they_are_taken_for() {
    let root = fs::read_to_string(build_folder::workspace().join("Cargo.toml")).unwrap();
    let root: toml::Table = root.parse().unwrap();
    let derived: toml::Table =
        fs::read_to_string(template().join("workspace.toml")).unwrap().parse().unwrap();
    for table in ["package", "lints"] {
        assert_eq!(root["workspace"][table], derived["workspace"][table]);
    }
    assert_eq!(root["profile"], derived["profile"]);
    assert_eq!(derived["workspace"]["members"], vec!["main"].into());
    let paths = derived["workspace"]["dependencies"].as_table().unwrap().values();
    for path in paths.filter_map(|dependency| dependency.get("path")?.as_str()) {
        assert!(path.starts_with("function/crates/"), "{path}");
    }
}

#[test]
fn the_dockerfile_takes_the_steps_that_testkit_takes() {
    let dockerfile = fs::read_to_string(template().join("Dockerfile")).unwrap();
    let build = build_folder::BUILD
        .replace("--locked", "$locked")
        .replace(build_folder::TARGET, "\"$target\"");
    for step in ["mv workspace.toml Cargo.toml", build_folder::ADD_HANDLER, &build] {
        assert!(dockerfile.contains(step), "the Dockerfile has no `{step}`");
    }
    for (architecture, target) in
        [("amd64", build_folder::TARGET), ("arm64", build_folder::TARGET_ARM64)]
    {
        assert!(dockerfile.contains(&format!("{architecture}) target={target} ;;")));
    }
}

#[test]
fn the_builder_is_pinned_and_has_the_workspaces_rust() {
    let dockerfile = fs::read_to_string(template().join("Dockerfile")).unwrap();
    let named = |line: &str| line.strip_prefix("ARG RUST_IMAGE=").map(str::to_owned);
    let builder = dockerfile.lines().find_map(named).unwrap();
    let (image, digest) = builder.split_once("@sha256:").unwrap();
    assert!(digest.len() == 64 && digest.bytes().all(|it| it.is_ascii_hexdigit()), "{digest}");

    let root = fs::read_to_string(build_folder::workspace().join("Cargo.toml")).unwrap();
    let root: toml::Table = root.parse().unwrap();
    let rust = root["workspace"]["package"]["rust-version"].as_str().unwrap();
    assert_eq!(image, format!("docker.io/library/rust:{rust}-alpine"));
}

#[test]
fn the_sample_is_what_every_handler_replaces() {
    let function = template().join("function");
    let names = |folder: PathBuf| {
        let entries = fs::read_dir(folder).unwrap();
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        names
    };
    assert_eq!(names(function.clone()), ["Cargo.toml", "src"]);
    assert_eq!(names(function.join("src")), ["lib.rs"]);
}
