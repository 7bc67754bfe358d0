//! Promise: policy-controller's Rego over an attestation lets the same pass here as there, and
//! what of it cannot be said here is refused by name.
//!
//! The evaluator is another process of the program that asks, so this test's `main` is one too.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::time::Duration;

use libtest_mimic::{Arguments, Trial};
use policy::Policy;
use policy::import::{ImportError, cluster_image_policies, to_yaml};
use policy::rego::{self, RegoAnswers, RegoError, RegoKind};
use serde_json::{Value, json};
use verdict::PolicyDocument;

fn main() {
    rego::answer_if_asked(std::env::args_os());
    let trials = [
        trial("a_value_that_is_true_complies", a_value_that_is_true_complies),
        trial("an_object_whose_result_is_true_complies", an_object_whose_result_is_true),
        trial("rules_that_fail_are_no_compliance", rules_that_fail_are_no_compliance),
        trial("what_has_no_equivalent_is_named", what_has_no_equivalent_is_named),
    ];
    libtest_mimic::run(&Arguments::from_args(), trials.into()).exit();
}

fn trial(name: &str, test: fn()) -> Trial {
    Trial::test(name, move || {
        test();
        Ok(())
    })
}

fn imported(policy: &Value) -> Result<Policy, ImportError> {
    let document = json!({
        "apiVersion": "policy.sigstore.dev/v1beta1", "kind": "ClusterImagePolicy",
        "metadata": {"name": "scanned"},
        "spec": {"images": [{"glob": "ghcr.io/acme/**"}], "authorities": [{
            "key": {"data": "-----BEGIN PUBLIC KEY-----\nx\n-----END PUBLIC KEY-----\n"},
            "attestations": [{"name": "scan", "predicateType": "vuln", "policy": policy}],
        }]},
    });
    let signatures = cluster_image_policies(&document.to_string())?;
    let (body, faults) = to_yaml(&signatures).unwrap();
    assert!(faults.is_empty(), "{faults:?}");
    Ok(Policy::parse(&PolicyDocument { body, files: Default::default() }).unwrap())
}

/// What the imported rules say of a statement with this predicate.
fn ask(module: &str, predicate: &Value) -> Result<RegoAnswers, RegoError> {
    let policy = imported(&json!({"type": "rego", "data": module})).unwrap();
    let modules = policy.signatures.modules();
    assert_eq!(modules.len(), 1);
    let statement = json!({"predicateType": "v", "predicate": predicate});
    rego::evaluate(&policy.rego.of_module(modules[0].clone()), &statement, Duration::from_secs(60))
}

#[track_caller]
fn check(module: &str, predicate: Value, denied: &[&str], warned: &[&str]) {
    let answers = ask(module, &predicate).unwrap();
    let of = |kind| {
        let of_kind = answers.results.iter().filter(|it| it.kind == kind);
        of_kind.map(|it| it.message.as_str()).collect::<Vec<_>>()
    };
    assert_eq!(of(RegoKind::Deny), denied, "{predicate}");
    assert_eq!(of(RegoKind::Warn), warned, "{predicate}");
}

fn a_value_that_is_true_complies() {
    let not_true = ["isCompliant is not true"];
    let with_default = "package sigstore\ndefault isCompliant = false\nisCompliant {\n\tinput.predicate.ok\n\tcount(input.predicate.list) == 0\n}\n";
    let without = "# by acme\npackage sigstore\nisCompliant { input.predicate.ok }\n";
    for module in [with_default, without] {
        check(module, json!({"ok": true, "list": []}), &[], &[]);
        check(module, json!({"ok": false, "list": []}), &not_true, &[]);
        check(module, json!({}), &not_true, &[]);
    }
    check(with_default, json!({"ok": true, "list": [1]}), &not_true, &[]);
    let text = "package sigstore\nisCompliant = \"true\" { true }\n";
    check(text, json!({}), &not_true, &[]);
}

fn an_object_whose_result_is_true() {
    let module = "package sigstore
isCompliant[response] {
	result := input.predicate.score > 7
	errors := [m | m := \"the score is low\"; not result]
	warnings := [m | m := \"the score is not high\"; input.predicate.score < 9]
	response := {\"result\": result, \"error\": concat(\"\", errors), \"warning\": concat(\"\", warnings)}
}
";
    let none = "isCompliant has no result that is true";
    check(module, json!({"score": 10}), &[], &[]);
    check(module, json!({"score": 8}), &[], &["the score is not high"]);
    check(module, json!({"score": 2}), &[none, "the score is low"], &[]);
    let two = format!(
        "{module}\nisCompliant[response] {{\n\tresponse := {{\"result\": input.predicate.waived}}\n}}\n"
    );
    check(&two, json!({"score": 2, "waived": true}), &[], &[]);
    check(&two, json!({"score": 2, "waived": false}), &[none, "the score is low"], &[]);
    let silent =
        "package sigstore\nisCompliant[response] { response := input.predicate.response }\n";
    check(silent, json!({}), &[none], &[]);
    check(silent, json!({"response": {"result": "true"}}), &[none], &[]);
}

fn rules_that_fail_are_no_compliance() {
    let fails = "package sigstore\nisCompliant { to_number(input.predicate.n) == 1 }\n";
    check(fails, json!({"n": "1"}), &[], &[]);
    assert!(ask(fails, &json!({"n": "x"})).is_err());
    let broken = "package sigstore\nisCompliant { \n";
    assert!(ask(broken, &json!({})).is_err());
    let function = "package sigstore\nisCompliant(x) { x == 1 }\n";
    check(function, json!({}), &["isCompliant is not true"], &[]);
}

fn what_has_no_equivalent_is_named() {
    let module = "package sigstore\nisCompliant { true }\n";
    let refused = |policy: Value, expect: &str| {
        let error = imported(&policy).unwrap_err().to_string();
        let expect = format!("spec.authorities[0].attestations[0].policy.{expect}");
        assert!(error.starts_with(&expect), "{error}");
    };
    let data = |module: &str| json!({"type": "rego", "data": module});
    refused(json!({"type": "cue", "data": "predicate: x"}), "type: cue has no equivalent");
    refused(
        json!({"type": "rego", "remote": {"url": "https://x.example"}}),
        "remote has no equivalent",
    );
    refused(
        json!({"type": "rego", "configMapRef": {"name": "x"}}),
        "configMapRef has no equivalent",
    );
    refused(
        json!({"type": "rego", "data": module, "includeSpec": true}),
        "includeSpec has no equivalent",
    );
    refused(json!({"type": "rego"}), "data is missing");
    refused(json!({"data": module}), "type is missing");
    refused(
        data("package signature\nallow { true }\n"),
        "data: package signature has no equivalent",
    );
    refused(data("package sigstore\nallow { true }\n"), "data: a module without isCompliant");
    refused(data(&format!("{module}deny_x[m] {{ m := 1 }}\n")), "data: the rule deny_x");
    refused(
        data(&format!("{module}isCompliant[x] {{ x := 1 }}\n")),
        "data: isCompliant as a value",
    );
    refused(
        data("package sigstore\nimport rego.v1\nisCompliant if true\n"),
        "data: import rego.v1",
    );
}
