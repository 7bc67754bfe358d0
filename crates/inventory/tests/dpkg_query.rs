//! A database that dpkg wrote has the packages that `dpkg-query` lists whose files are there: of two
//! architectures, of another source, rebuilt, not configured, broken, and not those that were removed.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod trees;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use self::trees::{golden, inventory_of, run};

/// What dpkg-query prints of a package, and we of ours.
const FORMAT: &str = "${Package} ${Version} ${Architecture} ${source:Package} ${source:Version} ${db:Status-Status}\n";

/// A package of these fields, with one file.
fn build(folder: &Path, file: &str, fields: &str) {
    let tree = folder.join(file).with_extension("tree");
    let control = format!("{fields}Maintainer: x <x@example.com>\nDescription: x\n");
    let script = format!("#!/bin/sh\n{}\n", if file == "broken.deb" { "exit 1" } else { "true" });
    for (path, text) in [
        ("DEBIAN/control", control.as_str()),
        ("DEBIAN/conffiles", &format!("/etc/{file}.conf\n")),
        ("DEBIAN/postinst", &script),
        (&format!("etc/{file}.conf"), "x\n"),
    ] {
        fs::create_dir_all(tree.join(path).parent().unwrap()).unwrap();
        fs::write(tree.join(path), text).unwrap();
    }
    let executable = fs::Permissions::from_mode(0o755);
    fs::set_permissions(tree.join("DEBIAN/postinst"), executable).unwrap();
    let mut dpkg = Command::new("dpkg-deb");
    run(dpkg.args(["--root-owner-group", "--build"]).args([tree, folder.join(file)]));
}

#[test]
fn a_database_of_dpkg_has_the_packages_that_dpkg_lists() {
    let (folder, root) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let same = "Package: same\nVersion: 1.0-1+b2\nMulti-Arch: same\nSource: origin (1.0-1)\n";
    for (file, fields) in [
        ("same-amd64.deb", &*format!("{same}Architecture: amd64\n")),
        ("same-i386.deb", &*format!("{same}Architecture: i386\n")),
        ("removed.deb", "Package: removed\nVersion: 2\nArchitecture: all\n"),
        ("purged.deb", "Package: purged\nVersion: 2\nArchitecture: all\n"),
        (
            "unpacked.deb",
            "Package: unpacked\nVersion: 1:3~rc1+deb12u1\nArchitecture: all\nSource: other\n",
        ),
        ("broken.deb", "Package: broken\nVersion: 4.0-0.1\nArchitecture: amd64\n"),
    ] {
        build(folder.path(), file, fields);
    }
    let admin = root.path().join("var/lib/dpkg");
    for place in ["info", "updates"] {
        fs::create_dir_all(admin.join(place)).unwrap();
    }
    fs::write(admin.join("status"), "").unwrap();
    fs::write(admin.join("arch"), "amd64\ni386\n").unwrap();
    let dpkg = |arguments: &[&str]| {
        let mut dpkg = Command::new("dpkg");
        dpkg.arg(format!("--root={}", root.path().display()));
        dpkg.args(["--force-not-root", "--force-script-chrootless", "--log=/dev/null"]);
        dpkg.args(["--force-bad-path"]).args(arguments).current_dir(folder.path());
        dpkg.output().unwrap().status.success()
    };
    let install = ["--install", "same-amd64.deb", "same-i386.deb", "removed.deb", "purged.deb"];
    assert!(dpkg(&install));
    assert!(dpkg(&["--unpack", "unpacked.deb"]));
    assert!(!dpkg(&["--install", "broken.deb"]));
    assert!(dpkg(&["--remove", "removed"]) && dpkg(&["--purge", "purged"]));

    let query = ["-W".to_owned(), format!("--admindir={}", admin.display()), "-f".to_owned()];
    let listed = run(Command::new("dpkg-query").args(query).arg(FORMAT));
    let listed = String::from_utf8(listed).unwrap();
    let (mut present, mut gone) = (Vec::new(), Vec::new());
    for (package, state) in listed.lines().map(|it| it.rsplit_once(' ').unwrap()) {
        match state {
            "config-files" => gone.push(package),
            _ => present.push(package),
        }
    }
    assert_eq!((present.len(), gone), (4, vec!["removed 2 all removed 2"]), "{listed}");

    fs::create_dir_all(root.path().join("etc")).unwrap();
    fs::write(root.path().join("etc/os-release"), "ID=debian\nVERSION_ID=\"12\"\n").unwrap();
    let inventory = inventory_of(root.path(), "nothing");
    let line = |it: &inventory::Package| {
        let (source, version) = it.source_or_self();
        let architecture = it.architecture.as_deref().unwrap();
        format!("{} {} {architecture} {source} {version}", it.name, it.version)
    };
    let mut found: Vec<String> = inventory.packages.iter().map(line).collect();
    found.sort_unstable();
    assert_eq!(found, present);
    insta::assert_snapshot!("dpkg", golden(&inventory));
}
