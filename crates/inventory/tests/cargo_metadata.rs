//! A workspace's lock names the crates that `cargo metadata` lists: its own, those of the registry,
//! developers' and builders'. Fetches two small crates.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod trees;

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use self::trees::{golden, inventory_of, run};

const FUNCTION: &str = r#"
[package]
name = "function"
version = "1.0.0"

[dependencies]
itoa = "=1.0.11"
own = { path = "own" }

[dev-dependencies]
older = { package = "cfg-if", version = "=0.1.10" }

[workspace]
"#;
const OWN: &str = "[package]\nname = \"own\"\nversion = \"0.1.0\"\n";

#[test]
fn a_lock_of_cargo_has_what_cargo_lists() {
    let folder = TempDir::new().unwrap();
    for (place, manifest) in [("app", FUNCTION), ("app/own", OWN)] {
        let place = folder.path().join(place);
        fs::create_dir_all(place.join("src")).unwrap();
        fs::write(place.join("src/lib.rs"), "").unwrap();
        fs::write(place.join("Cargo.toml"), manifest).unwrap();
    }
    let mut cargo = Command::new("cargo");
    cargo.args(["metadata", "--format-version", "1"]).current_dir(folder.path().join("app"));
    let answer: Value = serde_json::from_slice(&run(&mut cargo)).unwrap();
    let text = |it: &Value, key: &str| it[key].as_str().unwrap().to_owned();
    let line = |it: &Value| format!("{} {}", text(it, "name"), text(it, "version"));
    let listed: BTreeSet<String> =
        answer["packages"].as_array().unwrap().iter().map(line).collect();
    let expected = ["cfg-if 0.1.10", "function 1.0.0", "itoa 1.0.11", "own 0.1.0"];
    assert_eq!(listed.iter().collect::<Vec<_>>(), expected);

    let inventory = inventory_of(folder.path(), "nothing");
    let found = inventory.packages.iter().map(|it| format!("{} {}", it.name, it.version));
    assert_eq!(found.collect::<BTreeSet<_>>(), listed);
    insta::assert_snapshot!("cargo", golden(&inventory));
}
