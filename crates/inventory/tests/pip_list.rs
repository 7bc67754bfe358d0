//! Trees of Python have the packages that `pip list` lists, however they came there: from a wheel,
//! from source, to be edited, as an egg, by Debian. Fetches four small packages.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod trees;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use inventory::{Ecosystem, Inventory};
use serde_json::Value;
use tempfile::TempDir;

use self::trees::{golden, inventory_of, run};

fn pip(python: &Path, arguments: &[&str]) -> Vec<u8> {
    let mut pip = Command::new(python);
    pip.args(["-m", "pip", "--disable-pip-version-check", "--no-cache-dir"]).args(arguments);
    run(pip.env("PIP_ROOT_USER_ACTION", "ignore"))
}

/// `name version` of all that pip lists.
fn listed_by_pip(python: &Path, arguments: &[&str]) -> BTreeSet<String> {
    let answer = pip(python, &[&["list", "--format=json"], arguments].concat());
    let listed: Value = serde_json::from_slice(&answer).unwrap();
    let text = |it: &Value, key: &str| it[key].as_str().unwrap().to_owned();
    let line = |it: &Value| format!("{} {}", normal(&text(it, "name")), text(it, "version"));
    listed.as_array().unwrap().iter().map(line).collect()
}

/// Names as PyPI compares them: pip writes some as they were given, some as the metadata has them.
fn normal(name: &str) -> String {
    name.to_lowercase().replace(['_', '.'], "-")
}

/// `name version` of all of Python's that are found.
fn found(inventory: &Inventory) -> BTreeSet<String> {
    let all = inventory.packages.iter().filter(|it| it.ecosystem == Ecosystem::Pypi);
    // Setuptools carries copies of others where no path of Python leads to, and one egg to test
    // itself: `pip list` is silent of them. Of the copies the code runs.
    let carried = ["/setuptools/_vendor/", "/pkg_resources/tests/"];
    let own = all.filter(|it| !carried.iter().any(|place| it.path.contains(place)));
    own.map(|it| format!("{} {}", normal(&it.name), it.version)).collect()
}

#[test]
fn a_tree_of_pip_has_what_pip_lists_and_pins_are_its_locks() {
    let folder = TempDir::new().unwrap();
    let (python, tree) = (Path::new("python3"), folder.path().join("python"));
    let place = tree.to_str().unwrap();
    pip(python, &["install", "--quiet", "jinja2==3.1.4", "markupsafe==2.1.5", "--target", place]);
    let listed = listed_by_pip(python, &["--path", place]);
    assert_eq!(listed.len(), 2, "{listed:?}");
    let pins = listed.iter().map(|it| it.replace(' ', "==").to_uppercase());
    let pins: Vec<String> = pins.chain(["other==1.0".to_owned()]).collect();
    fs::create_dir(folder.path().join("function")).unwrap();
    fs::write(folder.path().join("function/requirements.txt"), pins.join("\n")).unwrap();

    let inventory = inventory_of(folder.path(), "nothing");
    let mut found = found(&inventory);
    assert!(found.remove("other 1.0"), "a pin that is not installed stays: {found:?}");
    assert_eq!(found, listed);
    insta::assert_snapshot!("pip", golden(&inventory));
    let installed = inventory.packages.iter().filter(|it| it.path.starts_with("python/"));
    for package in installed {
        assert_eq!(package.also_at, ["function/requirements.txt"], "{package:?}");
    }
}

enum Egg {
    Archive,
    Folder,
}

/// A project of setuptools, named as its folder. An egg of it is an archive or a folder.
fn project(folder: &Path, name: &str, egg: Egg) -> PathBuf {
    let project = folder.join(name);
    fs::create_dir_all(&project).unwrap();
    let setup = format!(
        "from setuptools import setup\nsetup(name='{name}', version='1.0', py_modules=['{name}'], \
         zip_safe={})\n",
        if matches!(egg, Egg::Archive) { "True" } else { "False" }
    );
    fs::write(project.join("setup.py"), setup).unwrap();
    fs::write(project.join(format!("{name}.py")), "").unwrap();
    project
}

#[test]
fn an_environment_has_what_pip_lists_however_it_came_there() {
    let folder = TempDir::new().unwrap();
    let home = folder.path().join("venv");
    run(Command::new("python3").args(["-m", "venv"]).arg(&home));
    let python = home.join("bin/python");
    pip(&python, &["install", "--quiet", "setuptools==75.6.0", "six==1.16.0"]);
    // From source, without fetching what builds it.
    let from_source = ["install", "--quiet", "--no-build-isolation"];
    pip(&python, &[from_source.as_slice(), &["--no-binary=docopt", "docopt==0.6.2"]].concat());
    let edited = project(folder.path(), "edited", Egg::Folder);
    pip(&python, &[from_source.as_slice(), &["--editable", edited.to_str().unwrap()]].concat());
    for (name, egg, arguments) in [
        ("egg", Egg::Folder, &[][..]),
        ("zipped", Egg::Archive, &[]),
        ("info", Egg::Folder, &["--single-version-externally-managed", "--record=record"]),
    ] {
        let project = project(folder.path(), name, egg);
        let setup = ["-W", "ignore", "setup.py", "--quiet", "install"];
        run(Command::new(&python).args(setup).args(arguments).current_dir(&project));
        fs::remove_dir_all(project).unwrap();
    }
    let listed = listed_by_pip(&python, &[]);
    for it in ["six 1.16.0", "docopt 0.6.2", "edited 1.0", "egg 1.0", "zipped 1.0", "info 1.0"] {
        assert!(listed.contains(it), "{it}: {listed:?}");
    }

    let inventory = inventory_of(folder.path(), "nothing");
    let paths: Vec<&str> = inventory.packages.iter().map(|it| it.path.as_str()).collect();
    for ending in ["/egg-1.0-py", "/zipped-1.0-py", "/info-1.0-py", "/setuptools/_vendor/"] {
        assert!(paths.iter().any(|it| it.contains(ending)), "{ending}: {paths:?}");
    }
    assert_eq!(found(&inventory), listed);
}

#[test]
fn debians_own_tree_has_what_pip_lists() {
    let tree = "usr/lib/python3/dist-packages";
    let place = Path::new("/").join(tree);
    let listed = listed_by_pip(Path::new("python3"), &["--path", place.to_str().unwrap()]);
    assert!(!listed.is_empty(), "no package of Debian's is here");
    assert_eq!(found(&inventory_of(&place, "*.so")), listed);
}
