//! Real programs in images: what a Go program shows is what `go version -m` says of it, stripped
//! or not, under each of its names, and a file that shows nothing costs nothing.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod go;

use std::fs;
use std::path::Path;

use inventory::{Inventory, take};
use oci_image::{Access, Limits, Opener, Platform};
use tempfile::TempDir;
use testkit::image::{ImageBuilder, LayerBuilder};

use self::go::{go, modules};

fn inventory(layers: Vec<LayerBuilder>) -> Inventory {
    let folder = TempDir::new().unwrap();
    let image = layers.into_iter().fold(ImageBuilder::new(), ImageBuilder::layer).build();
    image.write_layout(folder.path(), "1", &[]);
    let opener = Opener::new(Access::default()).unwrap();
    let declared = format!("oci:{}:1", folder.path().display());
    let image = opener.open(&declared, &Platform::linux_amd64(), &Limits::default()).unwrap();
    take(&image).unwrap()
}

/// Each package as `path name version @layer`.
fn shown(layers: Vec<LayerBuilder>) -> Vec<String> {
    let inventory = inventory(layers);
    assert!(inventory.notes.is_empty(), "{:?}", inventory.notes);
    let packages = inventory.packages.iter();
    let line = |it: &inventory::Package| {
        format!("{} {} {} @{}", it.path, it.name, it.version, it.layer.index)
    };
    packages.map(line).collect()
}

fn executable(layer: LayerBuilder, path: &str, bytes: Vec<u8>) -> LayerBuilder {
    layer.file_with(path, bytes, 0o755, 0, 0)
}

/// A program of its own module, one that it depends on, one that another replaces and one that a
/// folder replaces.
fn lay_module(folder: &Path) {
    let files = [
        (
            "go.mod",
            "module example.com/app\n\ngo 1.18\n\nrequire (\n\texample.com/a v1.2.3\n\
            \texample.com/b v0.0.0-20200520182314-0ba52f642ac2\n\texample.com/c v1.0.0\n)\n\
            replace example.com/b => example.com/fork/b/v2 v2.0.1\n\
            replace example.com/c => ./here\n",
        ),
        (
            "main.go",
            "package main\n\nimport (\n\t\"example.com/a\"\n\t\"example.com/b\"\n\
            \t\"example.com/c\"\n)\n\nfunc main() { println(a.A, b.A, c.A) }\n",
        ),
        ("here/go.mod", "module example.com/c\n\ngo 1.18\n"),
        ("vendor/example.com/a/a.go", "package a\n\nconst A = 1\n"),
        ("vendor/example.com/b/a.go", "package b\n\nconst A = 2\n"),
        ("vendor/example.com/c/a.go", "package c\n\nconst A = 3\n"),
        (
            "vendor/modules.txt",
            "# example.com/a v1.2.3\n## explicit; go 1.18\nexample.com/a\n\
            # example.com/b v0.0.0-20200520182314-0ba52f642ac2 => example.com/fork/b/v2 \
            v2.0.1\n## explicit; go 1.18\nexample.com/b\n\
            # example.com/c v1.0.0 => ./here\n## explicit; go 1.18\nexample.com/c\n\
            # example.com/b => example.com/fork/b/v2 v2.0.1\n\
            # example.com/c => ./here\n",
        ),
    ];
    for (path, text) in files {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
}

#[test]
fn a_go_program_shows_what_go_says_of_it() {
    let folder = TempDir::new().unwrap();
    let folder = folder.path();
    lay_module(folder);
    let go = |asked: &[&str]| {
        go(folder, folder, &[("GOPROXY", "off"), ("GOFLAGS", "-mod=vendor")], asked)
    };
    go(&["build", "-o", "plain", "."]);
    go(&["build", "-trimpath", "-ldflags=-s -w -buildid=", "-o", "stripped", "."]);
    let expected = modules(&go(&["version", "-m", "plain"]));
    assert_eq!(expected.len(), 5, "{expected:?}");
    assert_eq!(modules(&go(&["version", "-m", "stripped"])), expected);
    for program in ["plain", "stripped"] {
        let bytes = fs::read(folder.join(program)).unwrap();
        let layer = executable(LayerBuilder::new(), "handler", bytes);
        let expected = expected.iter().map(|it| format!("handler {it} @0"));
        let mut found = shown(vec![layer]);
        found.sort();
        assert_eq!(found, expected.collect::<Vec<_>>(), "{program}");
    }
}

/// A program that Go would know, as small as can be.
fn tiny_program() -> Vec<u8> {
    let modules = format!("{0}mod\texample.com/a\tv1.0.0\n{0}", "0123456789abcdef");
    let mut bytes = vec![0; 64];
    bytes[..6].copy_from_slice(b"\x7fELF\x02\x01");
    bytes.extend(b"\xff Go buildinf:\x08\x02");
    bytes.extend([0; 16]);
    bytes.push(8);
    bytes.extend(b"go1.22.1");
    bytes.push(u8::try_from(modules.len()).unwrap());
    bytes.extend(modules.as_bytes());
    bytes
}

#[test]
fn a_program_shows_its_packages_under_each_of_its_names() {
    let linked =
        || executable(LayerBuilder::new(), "opt/a", tiny_program()).hardlink("bin/a", "opt/a");
    let expected = |path: &str, layer| {
        ["example.com/a v1.0.0", "stdlib 1.22.1"].map(|it| format!("{path} {it} @{layer}"))
    };
    let mut both = [expected("bin/a", 0), expected("opt/a", 0)].concat();
    let mut found = shown(vec![linked()]);
    both.sort();
    found.sort();
    assert_eq!(found, both);
    assert_eq!(shown(vec![linked(), LayerBuilder::new().whiteout("opt")]), expected("bin/a", 0));
    let moved = LayerBuilder::new().whiteout("opt").whiteout("bin").hardlink("srv/a", "opt/a");
    assert_eq!(shown(vec![linked(), moved]), expected("srv/a", 1));
    let replaced = executable(LayerBuilder::new(), "bin/a", b"#!/bin/sh\n".repeat(99))
        .file("opt/a", "not a program");
    assert_eq!(shown(vec![linked(), replaced]), [""; 0]);
}

#[test]
fn a_file_may_be_a_program_and_a_package_of_another_name() {
    let name = "x/node_modules/x/package.json";
    let linked = executable(LayerBuilder::new(), "opt/a", tiny_program()).hardlink(name, "opt/a");
    let inventory = inventory(vec![linked]);
    assert_eq!(inventory.packages.len(), 4);
    assert_eq!(inventory.notes.len(), 1, "{:?}", inventory.notes);
    assert_eq!(inventory.notes[0].path, name);
}

#[test]
fn executables_that_show_nothing_are_not_held() {
    let script = || executable(LayerBuilder::new(), "bin/a", b"#!/bin/sh\n".repeat(9));
    let linked = script().hardlink("bin/b", "bin/a");
    assert_eq!(shown(vec![linked, script()]), [""; 0]);
    let many = (0..100_000).fold(LayerBuilder::new(), |layer, number| {
        executable(layer, &format!("usr/share/{number}/bin/program"), b"\x7fELF".repeat(16))
    });
    assert_eq!(shown(vec![executable(many, "bin/a", tiny_program())]).len(), 2);
}
