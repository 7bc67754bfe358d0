//! A workspace's lock names the crates that `cargo metadata` lists: its own, those of the registry,
//! developers' and builders'. A program that `cargo auditable` built has those that `cargo tree` lists of
//! what is in it. Fetches four small crates.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod trees;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
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

const PROGRAM: &str = r#"
[package]
name = "program"
version = "1.2.3-rc.1"

[dependencies]
itoa = "=1.0.11"
same = { package = "cfg-if", version = "=1.0.0" }
own = { path = "own" }
unused = { package = "ryu", version = "=1.0.18", optional = true }

[build-dependencies]
older = { package = "cfg-if", version = "=0.1.10" }

[dev-dependencies]
ryu = "=1.0.18"

[profile.release]
strip = true

[workspace]
"#;

#[test]
fn a_program_has_the_crates_that_cargo_says_are_in_it() {
    let (folder, image) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    for (path, text) in [
        ("Cargo.toml", PROGRAM),
        ("src/main.rs", "fn main() {}"),
        ("build.rs", "fn main() {}"),
        ("own/Cargo.toml", OWN),
        ("own/src/lib.rs", ""),
    ] {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let mut cargo = Command::new("cargo");
    cargo.args(["auditable", "build", "--quiet", "--release"]).current_dir(folder.path());
    // Where `make tools` lays it.
    let tools = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/tools/bin");
    cargo.env("PATH", format!("{}:{}", tools.display(), std::env::var("PATH").unwrap()));
    run(cargo.env("CARGO_TARGET_DIR", folder.path().join("target")));
    fs::copy(folder.path().join("target/release/program"), image.path().join("program")).unwrap();

    let mut cargo = Command::new("cargo");
    cargo.args(["tree", "--edges", "normal", "--prefix", "none"]).current_dir(folder.path());
    let tree = String::from_utf8(run(&mut cargo)).unwrap();
    // `name v1.0.0 (/a/folder)`
    let crates = tree.lines().map(|it| it.replacen(" v", " ", 1));
    let listed: BTreeSet<String> =
        crates.map(|it| it.split(' ').take(2).collect::<Vec<_>>().join(" ")).collect();
    let expected = ["cfg-if 1.0.0", "itoa 1.0.11", "own 0.1.0", "program 1.2.3-rc.1"];
    assert_eq!(listed.iter().collect::<Vec<_>>(), expected);

    let inventory = inventory_of(image.path(), "nothing");
    let found = inventory.packages.iter().map(|it| format!("{} {}", it.name, it.version));
    assert_eq!(found.collect::<BTreeSet<_>>(), listed);
    insta::assert_snapshot!("auditable", golden(&inventory));
}
