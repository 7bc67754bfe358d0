//! Programs that Go built have the modules that `go version -m` lists, however they were built: plain,
//! stripped and position independent, from vendored sources; and `go.mod` has what `go list -m`
//! lists. Fetches eight small modules.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod go;
mod trees;

use std::collections::BTreeSet;
use std::fs;

use tempfile::TempDir;

use self::go::{go, modules};
use self::trees::{golden, inventory_of};

/// A pseudo-version before any release, one after a release, a major version without its path, another in
/// one's place, a folder in one's place.
const MODULE: &str = "module example.com/function\n
go 1.18\n
require (
	example.com/local v1.0.0
	github.com/docker/distribution v2.8.2+incompatible
	github.com/docker/go-units v0.5.0
	github.com/pkg/errors v0.9.1
	github.com/satori/go.uuid v1.2.1-0.20181028125025-b2ce2384e17b
	golang.org/x/xerrors v0.0.0-20220907171357-04be3eba64a2
)\n
replace example.com/local => ./local
replace github.com/docker/go-units => github.com/docker/go-units v0.4.0
";
const MAIN: &str = r#"package main

import (
	"fmt"

	"example.com/local"
	"github.com/docker/distribution/digestset"
	"github.com/docker/go-units"
	"github.com/pkg/errors"
	"github.com/satori/go.uuid"
	"golang.org/x/xerrors"
)

func main() {
	fmt.Println(errors.New("x"), xerrors.New("y"), uuid.Nil, units.HumanSize(1), local.A, digestset.NewSet())
}
"#;

#[test]
fn a_program_of_go_has_what_go_lists_however_it_was_built() {
    let (folder, image) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let folder = folder.path();
    for (path, text) in [
        ("src/go.mod", MODULE),
        ("src/main.go", MAIN),
        ("src/local/go.mod", "module example.com/local\n"),
        ("src/local/local.go", "package local\n\nconst A = 1\n"),
    ] {
        fs::create_dir_all(folder.join(path).parent().unwrap()).unwrap();
        fs::write(folder.join(path), text).unwrap();
    }
    let sources = folder.join("src");
    let go =
        |asked: &[&str]| go(folder, &sources, &[("GOFLAGS", "-modcacherw -buildvcs=false")], asked);
    go(&["mod", "tidy"]);
    let build = |name: &str, options: &[&str]| {
        let out = image.path().join(name);
        go(&[&["build", "-o", out.to_str().unwrap()], options].concat());
    };
    build("plain", &[]);
    build("pie", &["-buildmode=pie", "-trimpath", "-ldflags=-s -w -buildid="]);
    go(&["mod", "vendor"]);
    build("vendored", &["-mod=vendor"]);
    fs::create_dir(image.path().join("src")).unwrap();
    fs::copy(folder.join("src/go.mod"), image.path().join("src/go.mod")).unwrap();

    let inventory = inventory_of(image.path(), "nothing");
    let found = |path: &str| -> BTreeSet<String> {
        let packages = inventory.packages.iter().filter(|it| it.path == path);
        packages.map(|it| format!("{} {}", it.name, it.version)).collect()
    };
    let says =
        |name: &str| modules(&go(&["version", "-m", image.path().join(name).to_str().unwrap()]));
    let listed = says("plain");
    assert_eq!(listed.len(), 9, "{listed:?}");
    for name in ["plain", "pie", "vendored"] {
        assert_eq!(says(name), listed, "{name}");
        assert_eq!(found(name), listed, "{name}");
    }
    let format = "{{with .Replace}}{{if .Version}}{{.Path}} {{.Version}}{{else}}{{$.Path}} (devel){{end}}\
                  {{else}}{{if .Version}}{{.Path}} {{.Version}}{{end}}{{end}}";
    let listed_by_go = go(&["list", "-mod=mod", "-m", "-f", format, "all"]);
    let known: BTreeSet<String> = listed_by_go.lines().map(str::to_owned).collect();
    let required = found("src/go.mod");
    assert!(required.is_subset(&known), "{required:?} {known:?}");
    let toolchain = listed.iter().find_map(|it| it.strip_prefix("stdlib ")).unwrap();
    let unversioned =
        |it: &&String| !it.starts_with("stdlib ") && !it.starts_with("example.com/function ");
    let used: BTreeSet<String> = listed.iter().filter(unversioned).cloned().collect();
    assert!(used.is_subset(&required), "{used:?} {required:?}");
    insta::assert_snapshot!("go", golden(&inventory).replace(toolchain, "GO"));
}
