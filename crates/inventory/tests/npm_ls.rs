//! A tree that npm installed has the packages that `npm ls` lists, each at its place: nested,
//! scoped, by another name, of developers, brought along in a package; its lock names the same.
//! Fetches six small packages.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod trees;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use inventory::{Ecosystem, Inventory, Package};
use serde_json::Value;
use tempfile::TempDir;

use self::trees::{golden, inventory_of, run};

fn npm(arguments: &[&str], folder: &Path) -> Vec<u8> {
    let mut npm = Command::new("npm");
    npm.args(arguments).args(["--no-audit", "--no-fund", "--no-update-notifier", "--cache"]);
    run(npm.arg(folder.join("../cache")).current_dir(folder))
}

const FUNCTION: &str = r#"{"name": "fn", "version": "1.0.0",
    "dependencies": {"debug": "4.3.4", "ms": "2.0.0", "once-upon-a-time": "npm:ms@1.0.0",
        "@types/ms": "0.7.31", "kit": "file:kit-1.0.0.tgz", "own": "file:./own"},
    "devDependencies": {"isarray": "2.0.5"},
    "optionalDependencies": {"fsevents": "2.3.2"}}"#;
/// The function's own, beside it: a folder, which npm links, and what it depends on.
const OWN: &str = r#"{"name": "own", "version": "0.1.0", "dependencies": {"inherits": "2.0.4"}}"#;
/// A package that brings along what it depends on.
const KIT: &str = r#"{"name": "kit", "version": "1.0.0", "dependencies": {"inherits": "2.0.3"},
    "bundleDependencies": ["inherits"]}"#;

/// A function of these, installed by npm.
fn install() -> TempDir {
    let folder = TempDir::new().unwrap();
    let (app, kit) = (folder.path().join("app"), folder.path().join("kit"));
    for (path, text) in [(&app, FUNCTION), (&app.join("own"), OWN), (&kit, KIT)] {
        fs::create_dir_all(path).unwrap();
        fs::write(path.join("package.json"), text).unwrap();
    }
    npm(&["install"], &kit);
    npm(&["pack", "--pack-destination", "../app"], &kit);
    npm(&["install"], &app);
    fs::remove_dir_all(kit).unwrap();
    fs::remove_dir_all(folder.path().join("cache")).unwrap();
    folder
}

/// `place name version` of all in the answer of `npm ls`; the places from this folder.
fn listed_by_npm(tree: &Value, folder: &Path, all: &mut BTreeSet<String>) {
    for package in tree["dependencies"].as_object().into_iter().flatten().map(|(_, it)| it) {
        // What does not run here is in the answer without its version.
        let Some(version) = package["version"].as_str() else { continue };
        let place = Path::new(package["path"].as_str().unwrap()).strip_prefix(folder).unwrap();
        // A link leads to the function's own.
        if !folder.join(place).is_symlink() {
            let name = package["name"].as_str().unwrap();
            all.insert(format!("{} {name} {version}", place.display()));
        }
        listed_by_npm(package, folder, all);
    }
}

/// `name version` of each package of an ecosystem.
fn named(inventory: &Inventory, ecosystem: Ecosystem) -> BTreeSet<String> {
    let all = inventory.packages.iter().filter(|it| it.ecosystem == ecosystem);
    all.map(|it| format!("{} {}", it.name, it.version)).collect()
}

fn line(package: &Package) -> String {
    let place = package.path.strip_suffix("/package.json").unwrap();
    format!("{place} {} {}", package.name, package.version)
}

#[test]
fn a_tree_of_npm_has_what_npm_lists_where_npm_says_it_is() {
    let folder = install();
    let tree = npm(&["ls", "--all", "--json", "--long"], &folder.path().join("app"));
    let (tree, mut listed) = (serde_json::from_slice(&tree).unwrap(), BTreeSet::new());
    listed_by_npm(&tree, &folder.path().canonicalize().unwrap(), &mut listed);
    let expected = [
        "app/node_modules/@types/ms @types/ms 0.7.31",
        "app/node_modules/debug debug 4.3.4",
        "app/node_modules/debug/node_modules/ms ms 2.1.2",
        "app/node_modules/inherits inherits 2.0.4",
        "app/node_modules/isarray isarray 2.0.5",
        "app/node_modules/kit kit 1.0.0",
        "app/node_modules/kit/node_modules/inherits inherits 2.0.3",
        "app/node_modules/ms ms 2.0.0",
        "app/node_modules/once-upon-a-time ms 1.0.0",
    ];
    assert_eq!(listed.iter().collect::<Vec<_>>(), expected);

    let inventory = inventory_of(folder.path(), "nothing");
    let packages = || inventory.packages.iter();
    assert_eq!(packages().map(line).collect::<BTreeSet<_>>(), listed);
    assert_eq!(packages().count(), listed.len());
    insta::assert_snapshot!("npm", golden(&inventory));
    for package in packages() {
        // What only developers need is not taken from a lock.
        let lock: &[&str] =
            if package.name == "isarray" { &[] } else { &["app/package-lock.json"] };
        assert_eq!(package.also_at, lock, "{package:?}");
    }
}

#[test]
fn the_lock_alone_names_the_same_but_for_developers() {
    let folder = install();
    let mut installed = named(&inventory_of(folder.path(), "nothing"), Ecosystem::Npm);
    let of_lock = inventory_of(folder.path(), "node_modules");
    assert!(installed.remove("isarray 2.0.5"), "{installed:?}");
    assert_eq!(named(&of_lock, Ecosystem::Npm), installed);
    assert!(of_lock.packages.iter().all(|it| it.path == "app/package-lock.json"));
}
