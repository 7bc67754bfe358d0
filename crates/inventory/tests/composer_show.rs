//! A tree that Composer installed has the packages that `composer show` lists: from an archive, of
//! developers, without files of its own, from a repository's branch; and its lock names the same but for
//! developers. Nothing is fetched.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod trees;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use inventory::{Ecosystem, Inventory};
use serde_json::{Value, json};
use tempfile::TempDir;

use self::trees::{golden, inventory_of, run};

fn composer(app: &Path, arguments: &[&str]) -> Vec<u8> {
    let mut composer = Command::new("composer");
    composer.args(arguments).arg("--no-interaction").current_dir(app);
    composer.env("COMPOSER_HOME", app.join("../home")).env("COMPOSER_ALLOW_SUPERUSER", "1");
    composer.env("COMPOSER_ROOT_VERSION", "1.0.0").env("COMPOSER_CACHE_DIR", "/dev/null");
    run(&mut composer)
}

fn git(folder: &Path, arguments: &[&str]) {
    let mut git = Command::new("git");
    git.args(["-c", "user.name=x", "-c", "user.email=x@example.com"]).args(arguments);
    run(git.current_dir(folder));
}

/// A function that requires a package of each kind, installed.
fn install() -> TempDir {
    let folder = TempDir::new().unwrap();
    let place = |name: &str| folder.path().join(name);
    for (path, text) in [
        ("log/log.php", "<?php"),
        ("forked/composer.json", r#"{"name": "acme/forked", "license": "MIT"}"#),
        ("side/composer.json", r#"{"name": "acme/side", "version": "3.0.0"}"#),
    ] {
        fs::create_dir_all(place(path).parent().unwrap()).unwrap();
        fs::write(place(path), text).unwrap();
    }
    run(Command::new("tar").args(["-cf", "log.tar", "log"]).current_dir(folder.path()));
    for arguments in [
        &["init", "--quiet", "--initial-branch=main"][..],
        &["add", "-A"],
        &["commit", "--quiet", "--message=x"],
    ] {
        git(&place("forked"), arguments);
    }
    let archive = format!("file://{}", place("log.tar").display());
    let package = |name: &str, version: &str| {
        json!({"name": name, "version": version, "license": ["MIT", "BSD-3-Clause"],
            "dist": {"type": "tar", "url": archive}})
    };
    let function = json!({
        "name": "acme/function",
        "minimum-stability": "dev",
        "repositories": [
            {"packagist.org": false},
            {"type": "package", "package": [
                package("acme/log", "1.1.4"),
                package("acme/dev_tool", "v0.2.0"),
                {"name": "acme/meta", "version": "5.0.0", "type": "metapackage"},
            ]},
            {"type": "vcs", "url": place("forked").to_str().unwrap()},
            {"type": "path", "url": "../side", "options": {"symlink": false}},
        ],
        "require": {"acme/log": "^1.0", "acme/forked": "dev-main", "acme/meta": "*", "acme/side": "*"},
        "require-dev": {"acme/dev_tool": "*"},
    });
    fs::create_dir(place("app")).unwrap();
    fs::write(place("app/composer.json"), function.to_string()).unwrap();
    composer(&place("app"), &["install"]);
    folder
}

/// `name version` of all that Composer lists, without what it copied from a folder beside: that is
/// the function's own. Of a branch it says the commit too.
fn listed_by_composer(app: &Path) -> BTreeSet<String> {
    let answer = composer(app, &["show", "--format=json"]);
    let answer: Value = serde_json::from_slice(&answer).unwrap();
    let line = |it: &Value| {
        let version = it["version"].as_str().unwrap().split(' ').next().unwrap();
        format!("{} {version}", it["name"].as_str().unwrap())
    };
    let mut all: BTreeSet<String> =
        answer["installed"].as_array().unwrap().iter().map(line).collect();
    assert!(all.remove("acme/side 3.0.0"), "{all:?}");
    all
}

fn found(inventory: &Inventory) -> BTreeSet<String> {
    let packages = inventory.packages.iter().filter(|it| it.ecosystem == Ecosystem::Composer);
    packages.map(|it| format!("{} {}", it.name, it.version)).collect()
}

#[test]
fn a_tree_of_composer_has_what_composer_lists() {
    let folder = install();
    let mut listed = listed_by_composer(&folder.path().join("app"));
    assert_eq!(listed.len(), 4, "{listed:?}");
    let app = folder.path().join("app");
    let inventory = inventory_of(&app, "nothing");
    assert_eq!(found(&inventory), listed);
    insta::assert_snapshot!("composer", golden(&inventory));
    let of_lock = inventory_of(&app, "vendor");
    assert!(listed.remove("acme/dev_tool v0.2.0"));
    assert_eq!(found(&of_lock), listed);
}
