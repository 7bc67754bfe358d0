//! The same Rego gives the same answers under real Conftest (`make interop` builds it).
//!
//! The evaluator is another process of the program that asks, so this test's `main` is one too.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;

use libtest_mimic::{Arguments, Trial};
use policy::rego::{self, Rego, RegoFile, RegoKind, RegoVersion};
use serde_json::{Value, json};

fn main() {
    rego::answer_if_asked(std::env::args_os());
    let trials = [
        trial("interop_conftest_names_and_values", names_and_values),
        trial("interop_conftest_exceptions", exceptions),
        trial("interop_conftest_data_and_helpers", data_and_helpers),
        trial("interop_conftest_old_rego", old_rego),
        trial("interop_conftest_packages", packages),
        trial("interop_conftest_refuses_what_we_refuse", refusals),
    ];
    libtest_mimic::run(&Arguments::from_args(), trials.into()).exit();
}

fn trial(name: &str, test: fn()) -> Trial {
    Trial::test(name, move || {
        test();
        Ok(())
    })
}

fn input() -> Value {
    json!({
        "apiVersion": "faas-validator/v1",
        "image": {"ref": "ghcr.io/acme/fn", "config": {"config": {"User": "root",
            "Env": ["A=1", "B_TOKEN=x"], "Labels": {"team": "a"}}}},
        "packages": [
            {"name": "musl", "version": "1.2.5-r0", "ecosystem": "apk", "licenses": ["MIT"]},
            {"name": "left-pad", "version": "1.3.0", "ecosystem": "npm", "licenses": ["WTFPL"]},
        ],
    })
}

/// What rules came to: denials and warnings as they are said, sorted, and how many were excepted.
#[derive(Debug, PartialEq)]
struct Said {
    denied: Vec<String>,
    warned: Vec<String>,
    excepted: usize,
}

fn ours(rego: &Rego) -> Said {
    let answers = rego::evaluate(rego, &input(), Duration::from_secs(20)).unwrap();
    let of = |kind| {
        let results = answers.results.iter().filter(|it| it.kind == kind);
        let mut said: Vec<String> = results.map(|it| it.message.clone()).collect();
        said.sort();
        said
    };
    Said {
        denied: of(RegoKind::Deny),
        warned: of(RegoKind::Warn),
        excepted: answers.excepted.len(),
    }
}

fn conftest(rego: &Rego) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &Path, text: &str| {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    write(Path::new("input.json"), &input().to_string());
    for file in &rego.modules {
        write(&Path::new("policy").join(&file.path), &file.text);
    }
    for file in &rego.documents {
        write(&Path::new("data").join(&file.path), &file.text);
    }
    let mut command = Command::new("conftest");
    command.current_dir(&folder).args(["test", "input.json", "--output", "json"]);
    command.args(["--policy", "policy", "--no-color"]);
    if !rego.documents.is_empty() {
        command.args(["--data", "data"]);
    }
    if rego.version == RegoVersion::V0 {
        command.args(["--rego-version", "v0"]);
    }
    for namespace in &rego.namespaces {
        command.args(["--namespace", namespace.as_str()]);
    }
    command.output().unwrap_or_else(|error| panic!("conftest on PATH (make interop): {error}"))
}

fn theirs(rego: &Rego) -> Said {
    let output = conftest(rego);
    let answers: Vec<Value> = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {output:?}"));
    let all = |key: &str| {
        let lists = answers.iter().filter_map(|answer| answer[key].as_array());
        lists.flatten().cloned().collect::<Vec<Value>>()
    };
    let said = |key: &str| {
        let mut said: Vec<String> =
            all(key).iter().map(|it| it["msg"].as_str().unwrap().to_owned()).collect();
        said.sort();
        said
    };
    Said { denied: said("failures"), warned: said("warnings"), excepted: all("exceptions").len() }
}

fn module(path: &str, text: &str) -> RegoFile {
    RegoFile { path: path.to_owned(), text: text.to_owned() }
}

fn rules(text: &str) -> Rego {
    let text = format!("package main\nimport rego.v1\n{text}\n");
    Rego { modules: vec![module("a.rego", &text)], ..Rego::default() }
}

#[track_caller]
fn same(rego: &Rego, denied: usize, warned: usize) {
    let (ours, theirs) = (ours(rego), theirs(rego));
    assert_eq!(ours, theirs);
    assert_eq!((ours.denied.len(), ours.warned.len()), (denied, warned), "{ours:?}");
}

fn names_and_values() {
    let text = r#"
deny contains "root" if input.image.config.config.User == "root"
deny_user_1 contains msg if { msg := sprintf("user %v", [input.image.config.config.User]) }
violation contains {"msg": "an object", "details": {"a": 1}} if true
violation_x contains "never" if false
warn contains p.name if some p in input.packages
warn_licence contains {"msg": sprintf("%s is %s", [p.name, l])} if {
	some p in input.packages
	some l in p.licenses
	not l in {"MIT", "Apache-2.0"}
}
warning contains "not asked" if true
denied contains "not asked" if true
deny_ contains "not asked" if true
deny__x contains "not asked" if true
"#;
    same(&rules(text), 3, 3);
}

fn exceptions() {
    let text = r#"
deny contains "bare" if true
deny_b contains "b" if true
violation_c contains "c" if true
warn_d contains "d" if true
exception contains rules if {
	startswith(input.image.ref, "ghcr.io/acme/")
	rules := ["b", "d"]
}
"#;
    same(&rules(text), 2, 0);
    same(&rules("deny contains \"a\" if true\nexception contains [\"\"] if true"), 0, 0);
    same(&rules("deny contains \"a\" if true\nexception contains [\"x\"] if true"), 1, 0);
}

fn data_and_helpers() {
    let mut rego = rules(
        r#"
import data.lib
deny contains sprintf("%s is forbidden", [p.name]) if {
	some p in input.packages
	p.name in data.forbidden
}
warn contains sprintf("%s looks like a secret", [name]) if {
	some entry in input.image.config.config.Env
	name := lib.name(entry)
	regex.match(`(^|_)TOKEN$`, name)
}
deny_without contains "no team" if not input.image.config.config.Labels.team
warn_count contains sprintf("%d packages", [count([p | some p in input.packages])]) if true
"#,
    );
    let lib = "package lib\nimport rego.v1\nname(entry) := split(entry, \"=\")[0]\n";
    rego.modules.push(module("lib/lib.rego", lib));
    rego.documents.push(module("forbidden.json", r#"{"forbidden": ["left-pad"]}"#));
    same(&rego, 1, 2);
}

fn old_rego() {
    let text = "package main\n\
        deny[msg] { input.image.config.config.User == \"root\"; msg := \"root\" }\n\
        warn[{\"msg\": msg}] { msg := input.packages[_].name }\n";
    let modules = vec![module("a.rego", text)];
    same(&Rego { modules, version: RegoVersion::V0, ..Rego::default() }, 1, 2);
}

fn packages() {
    let package = |name: &str| {
        let text = format!("package {name}\nimport rego.v1\ndeny contains \"{name}\" if true\n");
        module(&format!("{name}.rego"), &text)
    };
    let namespaces =
        ["main", "acme.images"].map(|name| name.to_owned().try_into().unwrap()).to_vec();
    let modules = vec![package("main"), package("acme.images")];
    same(&Rego { modules, namespaces, ..Rego::default() }, 2, 0);
}

/// Where Conftest fails, we do; we refuse more, as is documented (decision 060).
fn refusals() {
    for text in [
        "deny contains \"a\" if {",
        "deny contains {\"message\": \"m\"} if true",
        "deny contains {\"msg\": 1} if true",
        "p if q\nq if p\ndeny contains \"a\" if p",
        "f(a) := b if { b := f(a + 1) }\ndeny contains \"x\" if f(1)",
        "deny contains \"a\" if unknown(1)",
    ] {
        let rego = rules(text);
        assert!(rego::evaluate(&rego, &input(), Duration::from_secs(20)).is_err(), "{text}");
        let output = conftest(&rego);
        let answers = serde_json::from_slice::<Value>(&output.stdout);
        assert!(!output.status.success() && answers.is_err(), "{text}: {output:?}");
    }
}
