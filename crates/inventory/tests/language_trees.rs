//! Trees that pip and npm installed have the packages that `pip list` and `npm ls` list, each once,
//! though a lock file names them too; the lock alone names the same. Fetches two small packages.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use inventory::{Ecosystem, Inventory, take};
use oci_image::{Access, Limits, Opener, Platform};
use serde_json::Value;
use tempfile::TempDir;
use testkit::image::{ImageBuilder, Packing};

fn run(command: &mut Command) -> Vec<u8> {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

fn pip(arguments: &[&str], folder: &Path) -> Vec<u8> {
    let mut pip = Command::new("python3");
    pip.args(["-m", "pip", "--disable-pip-version-check", "--no-cache-dir"]).args(arguments);
    run(pip.arg(folder).env("PIP_ROOT_USER_ACTION", "ignore"))
}

fn npm(arguments: &[&str], folder: &Path, cache: &Path) -> Vec<u8> {
    let mut npm = Command::new("npm");
    npm.args(arguments).args(["--no-audit", "--no-fund", "--no-update-notifier", "--cache"]);
    run(npm.arg(cache).current_dir(folder))
}

/// The inventory of an image of one layer that holds this folder, without what is named.
fn inventory_of(folder: &Path, without: &str) -> Inventory {
    let mut tar = Command::new("tar");
    tar.arg(format!("--exclude={without}")).arg("-C").arg(folder).args(["-cf", "-", "."]);
    let layout = TempDir::new().unwrap();
    let image = ImageBuilder::new().layer_tar(&run(&mut tar), Packing::Plain).build();
    image.write_layout(layout.path(), "1", &[]);
    let opener = Opener::new(Access::default()).unwrap();
    let declared = format!("oci:{}:1", layout.path().display());
    let image = opener.open(&declared, &Platform::linux_amd64(), &Limits::default()).unwrap();
    let inventory = take(&image).unwrap();
    assert_eq!(inventory.notes, []);
    inventory
}

/// `name version` of each, and that no package is there twice.
fn named(inventory: &Inventory, ecosystem: Ecosystem) -> BTreeSet<String> {
    let all = inventory.packages.iter().filter(|it| it.ecosystem == ecosystem);
    let lines: Vec<String> = all.map(|it| format!("{} {}", it.name, it.version)).collect();
    let set: BTreeSet<String> = lines.iter().cloned().collect();
    assert_eq!(set.len(), lines.len(), "{lines:?}");
    set
}

#[test]
fn a_tree_of_pip_has_what_pip_lists() {
    let folder = TempDir::new().unwrap();
    let tree = folder.path().join("python");
    pip(&["install", "--quiet", "jinja2==3.1.4", "--target"], &tree);
    let listed: Value =
        serde_json::from_slice(&pip(&["list", "--format=json", "--path"], &tree)).unwrap();
    let text = |it: &Value, key: &str| it[key].as_str().unwrap().to_owned();
    let line = |it: &Value| format!("{} {}", text(it, "name"), text(it, "version"));
    let listed: BTreeSet<String> = listed.as_array().unwrap().iter().map(line).collect();
    assert_eq!(listed.len(), 2, "{listed:?}");
    let pins = listed.iter().map(|it| it.replace(' ', "==").to_uppercase());
    let pins: Vec<String> = pins.chain(["other==1.0".to_owned()]).collect();
    fs::create_dir(folder.path().join("function")).unwrap();
    fs::write(folder.path().join("function/requirements.txt"), pins.join("\n")).unwrap();

    let inventory = inventory_of(folder.path(), "nothing");
    let mut found = named(&inventory, Ecosystem::Pypi);
    assert!(found.remove("other 1.0"), "a pin that is not installed stays: {found:?}");
    assert_eq!(found, listed);
    let installed = inventory.packages.iter().filter(|it| it.path.starts_with("python/"));
    for package in installed {
        assert_eq!(package.also_at, ["function/requirements.txt"], "{package:?}");
    }
}

/// `name version` of all in the answer of `npm ls --all --json`.
fn listed_by_npm(tree: &Value, all: &mut BTreeSet<String>) {
    for (name, package) in tree["dependencies"].as_object().into_iter().flatten() {
        if let Some(version) = package["version"].as_str() {
            all.insert(format!("{name} {version}"));
            listed_by_npm(package, all);
        }
    }
}

#[test]
fn a_tree_of_npm_has_what_npm_lists_and_its_lock_names_the_same() {
    let (folder, cache) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let app = folder.path().join("app");
    fs::create_dir(&app).unwrap();
    fs::write(app.join("package.json"), r#"{"name":"fn","version":"1.0.0"}"#).unwrap();
    npm(&["install", "debug@4.3.4"], &app, cache.path());
    let tree = serde_json::from_slice(&npm(&["ls", "--all", "--json"], &app, cache.path()));
    let mut listed = BTreeSet::new();
    listed_by_npm(&tree.unwrap(), &mut listed);
    assert!(listed.len() >= 2, "{listed:?}");

    let inventory = inventory_of(folder.path(), "nothing");
    assert_eq!(named(&inventory, Ecosystem::Npm), listed);
    for package in &inventory.packages {
        assert!(package.path.starts_with("app/node_modules/"), "{package:?}");
        assert_eq!(package.also_at, ["app/package-lock.json"], "{package:?}");
    }
    let of_lock = inventory_of(folder.path(), "node_modules");
    assert_eq!(named(&of_lock, Ecosystem::Npm), listed);
    assert!(of_lock.packages.iter().all(|it| it.path == "app/package-lock.json"));
}
