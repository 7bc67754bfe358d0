//! Trees of Ruby have the gems that `gem list` lists: the default ones, those that Debian's packages
//! bring, and those that were installed from files; and Bundler's lock names what Bundler lists.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod trees;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use inventory::{Ecosystem, Inventory};
use tempfile::TempDir;

use self::trees::{golden, inventory_of, run};

/// A program of Ruby's that finds gems in these folders, as they would be named in `GEM_PATH`.
fn ruby(program: &str, home: &Path, folders: &str) -> Command {
    let mut ruby = Command::new(program);
    ruby.env("GEM_HOME", home).env("GEM_PATH", folders).env("HOME", home);
    ruby.envs([("BUNDLE_SILENCE_ROOT_WARNING", "1"), ("BUNDLE_DISABLE_VERSION_CHECK", "1")]);
    ruby
}

/// `name version` of all in the answer of `gem list`: `name (default: 1.0, 0.9 x86_64-linux)`.
fn listed_by_gem(home: &Path, folders: &str) -> BTreeSet<String> {
    let answer = run(ruby("gem", home, folders).args(["list", "--local", "--all", "--quiet"]));
    let text = String::from_utf8(answer).unwrap();
    let mut all = BTreeSet::new();
    for (name, versions) in text.lines().filter_map(|it| it.strip_suffix(')')?.split_once(" (")) {
        for version in versions.split(", ") {
            let version = version.trim_start_matches("default: ").split(' ').next().unwrap();
            all.insert(format!("{name} {version}"));
        }
    }
    all
}

fn found(inventory: &Inventory) -> BTreeSet<String> {
    let gems = inventory.packages.iter().filter(|it| it.ecosystem == Ecosystem::Gem);
    gems.map(|it| format!("{} {}", it.name, it.version)).collect()
}

#[test]
fn debians_own_ruby_has_the_gems_that_gem_lists() {
    let (image, home) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    // Those places that Debian's packages install into, and the defaults, which lie elsewhere.
    let places = [
        "usr/lib/ruby/gems",
        "usr/lib/x86_64-linux-gnu/rubygems-integration",
        "usr/share/rubygems-integration",
    ];
    let version = run(Command::new("ruby").args(["-e", "print RbConfig::CONFIG['ruby_version']"]));
    let version = String::from_utf8(version).unwrap();
    let mut folders = Vec::new();
    for place in places {
        let (from, to) = (Path::new("/").join(place), image.path().join(place));
        if from.exists() {
            fs::create_dir_all(to.parent().unwrap()).unwrap();
            run(Command::new("cp").args(["-a", "-T"]).args([&from, &to]));
            folders.extend([from.join(&version), from.join("all")]);
        }
    }
    let folders: Vec<&str> = folders.iter().map(|it| it.to_str().unwrap()).collect();
    let listed = listed_by_gem(home.path(), &folders.join(":"));
    assert!(listed.len() > 60, "{listed:?}");
    assert_eq!(found(&inventory_of(image.path(), "nothing")), listed);
}

/// A gem as its makers write it.
fn build(folder: &Path, name: &str, version: &str, more: &str) {
    let specification = format!(
        "Gem::Specification.new do |it|\n  it.name = '{name}'\n  it.version = '{version}'\n  \
         it.summary = 'x'\n  it.authors = ['x']\n  it.licenses = ['MIT']\n  {more}\nend\n"
    );
    fs::write(folder.join(format!("{name}.gemspec")), specification).unwrap();
    let gemspec = format!("{name}.gemspec");
    run(Command::new("gem").args(["build", "--quiet", &gemspec]).current_dir(folder));
}

#[test]
fn gems_from_files_are_what_gem_and_bundler_list() {
    let (folder, built) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let home = folder.path().join("usr/local/bundle");
    for (name, version, more) in [
        ("plain", "1.2.3", ""),
        ("before", "2.0.0.rc1", ""),
        ("native", "0.3", "it.platform = Gem::Platform::CURRENT"),
        ("with-parts_of.a-name", "4", "it.add_dependency 'plain', '~> 1.2'"),
    ] {
        build(built.path(), name, version, more);
    }
    build(built.path(), "plain", "1.2.4", "");
    let files: Vec<_> = fs::read_dir(built.path()).unwrap().map(|it| it.unwrap().path()).collect();
    let gems = files.iter().filter(|it| it.extension().is_some_and(|it| it == "gem"));
    let install = ["install", "--quiet", "--local", "--no-document", "--force"];
    run(ruby("gem", &home, home.to_str().unwrap()).args(install).args(gems));

    let app = folder.path().join("app");
    fs::create_dir(&app).unwrap();
    let wanted = "source 'https://rubygems.org'\ngem 'with-parts_of.a-name'\ngem 'native'\ngem 'plain', '1.2.3'\n";
    fs::write(app.join("Gemfile"), wanted).unwrap();
    let mut bundle = ruby("bundle", &home, home.to_str().unwrap());
    run(bundle.args(["install", "--local", "--quiet"]).current_dir(&app));
    let mut bundle = ruby("bundle", &home, home.to_str().unwrap());
    let bundled = run(bundle.args(["list"]).current_dir(&app));
    let bundled = String::from_utf8(bundled).unwrap();
    let bundled: BTreeSet<String> = bundled
        .lines()
        .filter_map(|it| it.trim().strip_prefix("* ")?.strip_suffix(')'))
        .map(|it| it.replace(" (", " "))
        .collect();
    assert_eq!(bundled.len(), 3, "{bundled:?}");

    let listed = listed_by_gem(&home, home.to_str().unwrap());
    let expected =
        ["before 2.0.0.rc1", "native 0.3", "plain 1.2.3", "plain 1.2.4", "with-parts_of.a-name 4"];
    for it in expected {
        assert!(listed.contains(it), "{it}: {listed:?}");
    }
    let inventory = inventory_of(folder.path(), "cache");
    // The defaults are a part of Ruby, which is not here.
    let own: BTreeSet<String> = expected.map(str::to_owned).into();
    assert_eq!(found(&inventory), own);
    let of_lock = inventory.packages.iter().filter(|it| !it.also_at.is_empty());
    let of_lock = of_lock.map(|it| format!("{} {}", it.name, it.version));
    assert_eq!(of_lock.collect::<BTreeSet<_>>(), bundled);
    insta::assert_snapshot!("gem", golden(&inventory));
}
