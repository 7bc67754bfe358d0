//! Real databases, written by Debian's rpm: they have the packages that `rpm -qa` lists.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod rpm;

use std::fs;

use inventory::{Ecosystem, Package};
use tempfile::TempDir;
use testkit::image::LayerBuilder;

use self::rpm::{install, inventory, lines, listed};

const DATABASE: &str = "var/lib/rpm/rpmdb.sqlite";
const FEDORA: &str = "ID=fedora\nVERSION_ID=43\n";
#[test]
fn a_database_has_the_packages_that_rpm_lists() {
    let folder = TempDir::new().unwrap();
    let database = install(folder.path(), &["alpha", "alpha-docs", "python3-beta"]);
    let listed = listed(folder.path(), "sqlite");
    assert_eq!(listed.len(), 3);

    let layer = LayerBuilder::new().file("etc/os-release", FEDORA).file(DATABASE, &database);
    let found = inventory(vec![layer]);
    assert_eq!(found.notes, []);
    assert_eq!(lines(&found), listed);
    let purls: Vec<&str> = found.packages.iter().map(|it| it.purl.as_str()).collect();
    let upstream = "upstream=alpha-1.2.3-4.fc43.src.rpm";
    let on = "distro=fedora-43";
    let expected = [
        format!("pkg:rpm/fedora/alpha@1.2.3-4.fc43?arch=x86_64&{on}&epoch=2&{upstream}"),
        format!("pkg:rpm/fedora/alpha-docs@1.2.3-4.fc43?arch=noarch&{on}&epoch=2&{upstream}"),
        format!("pkg:rpm/fedora/python3-beta@9~rc1%5Egit5-4.fc43?arch=x86_64&{on}&{upstream}"),
    ];
    assert_eq!(purls, expected);
    let mut golden = serde_json::to_value(&found.packages).unwrap();
    // The layer's digests are of the day, as the headers have the time of building.
    for package in golden.as_array_mut().unwrap() {
        package.as_object_mut().unwrap().remove("layer").unwrap();
    }
    insta::assert_snapshot!("rpm", serde_json::to_string_pretty(&golden).unwrap());
}

#[test]
fn a_package_belongs_to_the_layer_that_installed_it_and_goes_with_the_database() {
    let folder = TempDir::new().unwrap();
    let lower = install(folder.path(), &["alpha"]);
    let upper = install(folder.path(), &["python3-beta"]);
    let layers = || {
        let layer = |database| LayerBuilder::new().file(DATABASE, database);
        vec![layer(&lower), LayerBuilder::new().file("app", b"x"), layer(&upper)]
    };
    let found = inventory(layers());
    let layer_of = |it: &Package| (it.name.clone(), it.layer.index);
    let expected = [("alpha".to_owned(), 0), ("python3-beta".to_owned(), 2)];
    assert_eq!(found.packages.iter().map(layer_of).collect::<Vec<_>>(), expected);

    let mut gone = layers();
    gone.push(LayerBuilder::new().whiteout(DATABASE));
    assert_eq!(inventory(gone).packages, []);
}

#[test]
fn a_database_is_found_through_a_link_that_leads_to_it() {
    let folder = TempDir::new().unwrap();
    let database = install(folder.path(), &["alpha"]);
    let link = LayerBuilder::new()
        .symlink("var/lib/rpm", "../../opt/rpm")
        .file("opt/rpm/rpmdb.sqlite", &database);
    let found = inventory(vec![link]);
    assert_eq!(
        found.packages.iter().map(|it| &*it.path).collect::<Vec<_>>(),
        ["opt/rpm/rpmdb.sqlite"]
    );
}

#[test]
fn a_program_that_a_package_lists_is_that_packages() {
    let folder = TempDir::new().unwrap();
    let database = install(folder.path(), &["alpha"]);
    let perl = fs::read("/usr/bin/perl").unwrap();
    let layer = |path: &str| {
        LayerBuilder::new().file_with(path, &perl, 0o755, 0, 0).file(DATABASE, &database)
    };
    let programs = |path: &str| {
        let found = inventory(vec![layer(path)]);
        found.packages.into_iter().filter(|it| it.ecosystem == Ecosystem::Binary).count()
    };
    assert_eq!(programs("usr/bin/perl"), 0);
    assert_eq!(programs("usr/local/bin/perl"), 1);
}

#[test]
fn a_log_beside_the_database_is_told() {
    let folder = TempDir::new().unwrap();
    let database = install(folder.path(), &["alpha"]);
    let layer = || LayerBuilder::new().file(DATABASE, &database);
    for log in ["var/lib/rpm/rpmdb.sqlite-wal", "var/lib/rpm/rpmdb.sqlite-journal"] {
        assert_eq!(inventory(vec![layer().file(log, b"")]).notes, []);
        let found = inventory(vec![layer().file(log, b"\x37\x7f\x06\x82")]);
        let notes: Vec<&str> = found.notes.iter().map(|it| it.path.as_str()).collect();
        assert_eq!(notes, [log]);
        assert_eq!(found.packages.len(), 1);
    }
}

#[test]
fn what_a_package_brought_of_a_language_is_that_packages() {
    let folder = TempDir::new().unwrap();
    let database = install(folder.path(), &["python3-beta"]);
    let base = || LayerBuilder::new().file(DATABASE, &database);
    let with = |layer: LayerBuilder, folder: &str| {
        let path = format!("{folder}/site-packages/beta-9.dist-info/METADATA");
        layer.file(&path, "Name: beta\nVersion: 9\n")
    };
    let owner = |layers: Vec<LayerBuilder>| {
        let mut found = inventory(layers).packages.into_iter();
        let beta = found.find(|it| it.ecosystem == Ecosystem::Pypi).unwrap();
        beta.owned_by.unwrap_or_default()
    };
    let (own, other) = ("usr/lib/python3.14", "usr/local/lib/python3.14");
    let purl = owner(vec![with(base(), own)]);
    assert!(purl.starts_with("pkg:rpm/python3-beta@9~rc1%5Egit5-4.fc43?"), "{purl}");
    assert_eq!(owner(vec![with(base(), other)]), "");
    // What came after the package was put there by somebody else.
    assert_eq!(owner(vec![base(), with(LayerBuilder::new(), own)]), "");
}
