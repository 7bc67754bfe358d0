//! Programs that Go built have the modules that `go version -m` lists, however they were built: plain,
//! stripped and position independent, from vendored sources; and `go.mod` has what `go list -m`
//! lists. Fetches eight small modules.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod trees;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use self::trees::{golden, inventory_of, run};

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

fn go(folder: &Path, arguments: &[&str]) -> String {
    let path = std::env::var("PATH").unwrap();
    let mut go = Command::new("go");
    go.args(arguments)
        .current_dir(folder.join("src"))
        .env("PATH", format!("{path}:/usr/local/go/bin"))
        .env("GOCACHE", folder.join("cache"))
        .env("GOPATH", folder.join("path"))
        .envs([("GOFLAGS", "-modcacherw -buildvcs=false"), ("CGO_ENABLED", "0")])
        .env("GOTOOLCHAIN", "local");
    String::from_utf8(run(&mut go)).unwrap()
}

/// What `go version -m` says of a program, as names and versions.
fn go_says(folder: &Path, program: &str) -> BTreeSet<String> {
    let text = go(folder, &["version", "-m", program]);
    let mut lines = text.lines();
    let toolchain = lines.next().unwrap().rsplit_once(": go").unwrap().1;
    let mut said = vec![format!("stdlib {toolchain}")];
    for line in lines {
        match line.trim().split('\t').collect::<Vec<&str>>()[..] {
            ["mod" | "dep", name, version, ..] => said.push(format!("{name} {version}")),
            // A folder is the module in a version that nobody knows.
            ["=>", folder, ..] if folder.starts_with('.') => {
                let replaced = said.pop().unwrap();
                said.push(format!("{} (devel)", replaced.split_once(' ').unwrap().0));
            }
            ["=>", name, version, ..] => {
                said.pop();
                said.push(format!("{name} {version}"));
            }
            _ => {}
        }
    }
    said.into_iter().collect()
}

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
    go(folder, &["mod", "tidy"]);
    let build = |name: &str, options: &[&str]| {
        let out = image.path().join(name);
        go(folder, &[&["build", "-o", out.to_str().unwrap()], options].concat());
    };
    build("plain", &[]);
    build("pie", &["-buildmode=pie", "-trimpath", "-ldflags=-s -w -buildid="]);
    go(folder, &["mod", "vendor"]);
    build("vendored", &["-mod=vendor"]);
    fs::create_dir(image.path().join("src")).unwrap();
    fs::copy(folder.join("src/go.mod"), image.path().join("src/go.mod")).unwrap();

    let inventory = inventory_of(image.path(), "nothing");
    let found = |path: &str| -> BTreeSet<String> {
        let packages = inventory.packages.iter().filter(|it| it.path == path);
        packages.map(|it| format!("{} {}", it.name, it.version)).collect()
    };
    let listed = go_says(folder, image.path().join("plain").to_str().unwrap());
    assert_eq!(listed.len(), 9, "{listed:?}");
    for name in ["plain", "pie", "vendored"] {
        let said = go_says(folder, image.path().join(name).to_str().unwrap());
        assert_eq!(said, listed, "{name}");
        assert_eq!(found(name), listed, "{name}");
    }
    let format = "{{with .Replace}}{{if .Version}}{{.Path}} {{.Version}}{{else}}{{$.Path}} (devel){{end}}\
                  {{else}}{{if .Version}}{{.Path}} {{.Version}}{{end}}{{end}}";
    let modules = go(folder, &["list", "-mod=mod", "-m", "-f", format, "all"]);
    let modules: BTreeSet<String> = modules.lines().map(str::to_owned).collect();
    let required = found("src/go.mod");
    assert!(required.is_subset(&modules), "{required:?} {modules:?}");
    let toolchain = listed.iter().find_map(|it| it.strip_prefix("stdlib ")).unwrap();
    let unversioned =
        |it: &&String| !it.starts_with("stdlib ") && !it.starts_with("example.com/function ");
    let used: BTreeSet<String> = listed.iter().filter(unversioned).cloned().collect();
    assert!(used.is_subset(&required), "{used:?} {required:?}");
    insta::assert_snapshot!("go", golden(&inventory).replace(toolchain, "GO"));
}
