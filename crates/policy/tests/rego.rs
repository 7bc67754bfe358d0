//! What the user's own rules say, and that no rule ends the process or holds it up.
//!
//! The evaluator is another process of the program that asks, so this test's `main` is one too.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::time::{Duration, Instant};

use libtest_mimic::{Arguments, Trial};
use policy::rego::{self, Rego, RegoAnswers, RegoError, RegoFile, RegoKind, RegoVersion};
use serde_json::json;
use verdict::Severity;

fn main() {
    rego::answer_if_asked(std::env::args_os());
    let trials = [
        trial("rules_are_named_as_conftest_names_them", rules_are_named_as_conftest_names_them),
        trial("values_are_texts_or_objects_with_msg", values_are_texts_or_objects_with_msg),
        trial("an_exception_sets_a_rule_aside", an_exception_sets_a_rule_aside),
        trial("metadata_gives_title_severity_and_remedy", metadata_gives_title_severity_and_remedy),
        trial("data_and_other_packages_are_seen", data_and_other_packages_are_seen),
        trial("old_rego_is_read_where_the_policy_says_so", old_rego_is_read),
        trial("rules_that_answer_nothing_are_no_pass", rules_that_answer_nothing_are_no_pass),
        trial("rules_are_listed_without_being_asked", rules_are_listed_without_being_asked),
        trial("r1_endless_recursion_is_an_error", r1_endless_recursion_is_an_error),
        trial("r2_nested_literals_run_into_the_time_limit", r2_nested_literals),
        trial("r3_a_huge_range_runs_into_a_limit", r3_a_huge_range_runs_into_a_limit),
        trial("r4_calls_to_the_world_are_refused", r4_calls_to_the_world_are_refused),
        trial("r6_a_builtin_that_fails_is_an_error", r6_a_builtin_that_fails_is_an_error),
        trial("r9_a_long_line_is_read", r9_a_long_line_is_read),
        trial("times_are_utc", times_are_utc),
        trial("an_input_past_the_limit_is_an_error", an_input_past_the_limit_is_an_error),
        trial("too_many_results_are_an_error", too_many_results_are_an_error),
        trial("a_large_input_and_log_do_not_block", a_large_input_and_log_do_not_block),
        trial("nothing_of_the_environment_is_seen", nothing_of_the_environment_is_seen),
    ];
    libtest_mimic::run(&Arguments::from_args(), trials.into()).exit();
}

fn trial(name: &str, test: fn()) -> Trial {
    Trial::test(name, move || {
        test();
        Ok(())
    })
}

fn rules(text: &str) -> Rego {
    let text = match text.contains("package ") {
        true => text.to_owned(),
        false => format!("package main\n{text}\n"),
    };
    Rego { modules: vec![RegoFile { path: "a.rego".into(), text }], ..Rego::default() }
}

fn ask(rego: &Rego) -> Result<RegoAnswers, RegoError> {
    let input = json!({"image": {"ref": "ghcr.io/acme/fn", "config": {"User": "root"}}});
    rego::evaluate(rego, &input, Duration::from_secs(60))
}

fn messages(text: &str) -> Vec<String> {
    let answers = ask(&rules(text)).unwrap();
    answers.results.into_iter().map(|result| result.message).collect()
}

#[track_caller]
fn refused(text: &str, expect: &str) {
    match ask(&rules(text)) {
        Err(RegoError::Refused(why)) => assert!(why.contains(expect), "{text}: {why}"),
        other => panic!("{text}: {other:?}"),
    }
}

/// Rules that would run for ever end within the limit, in an error that says what was done.
#[track_caller]
fn limited(text: &str) -> RegoError {
    let mut rego = rules(text);
    rego.limits.time_ms_max = 2_000;
    rego.limits.memory_bytes_max = 128 << 20;
    let start = Instant::now();
    let error = ask(&rego).unwrap_err();
    assert!(start.elapsed() < Duration::from_secs(4), "{:?}: {error}", start.elapsed());
    assert!(!error.to_string().contains("starting"), "{error}");
    error
}

fn rules_are_named_as_conftest_names_them() {
    let text = "
        deny contains \"a\" if input.image.config.User == \"root\"
        deny_user contains \"b\" if true
        violation_x_2 contains \"c\" if true
        warn contains \"d\" if true
        warn_y contains \"e\" if false
        warning contains \"f\" if true
        denied contains \"g\" if true
        deny_ contains \"h\" if true
        deny_f(x) := x";
    let answers = ask(&rules(text)).unwrap();
    let said: Vec<_> = answers.results.iter().map(|it| (it.message.as_str(), it.kind)).collect();
    use RegoKind::{Deny, Warn};
    assert_eq!(said, [("a", Deny), ("b", Deny), ("c", Deny), ("d", Warn)]);
    assert_eq!(answers.rules.len(), 5);
    assert_eq!(answers.results[0].source, "a.rego:3");
    assert_eq!(answers.results[0].rule, "data.main.deny");
}

fn values_are_texts_or_objects_with_msg() {
    let text =
        "deny contains {\"msg\": \"m\", \"severity\": \"CRITICAL\", \"details\": [1]} if true";
    let answers = ask(&rules(text)).unwrap();
    assert_eq!(answers.results[0].message, "m");
    assert_eq!(answers.results[0].severity, Some(Severity::Critical));
    assert_eq!(answers.results[0].metadata["details"], json!([1]));
    refused("deny contains {\"message\": \"m\"} if true", "without a string `msg`");
    refused("deny contains {\"msg\": 1} if true", "without a string `msg`");
    refused("deny contains 1 if true", "neither text nor an object");
    refused("deny contains {\"msg\": \"m\", \"severity\": \"dire\"} if true", "dire");
    refused("deny if true", "is not a set");
    refused("deny := \"x\" if true", "is not a set");
    assert_eq!(messages("deny := [\"x\"]"), ["x"]);
}

fn an_exception_sets_a_rule_aside() {
    let text = "
        deny contains \"a\" if true
        deny_b contains \"b\" if true
        warn_c contains \"c\" if true
        exception contains rules if { startswith(input.image.ref, \"ghcr.io/acme/\"); rules := [\"b\", \"c\"] }";
    let answers = ask(&rules(text)).unwrap();
    assert_eq!(answers.results.len(), 1);
    assert_eq!(answers.excepted, ["data.main.deny_b", "data.main.warn_c"]);
    assert!(messages("deny contains \"a\" if true\nexception contains [\"\"] if true").is_empty());
    let foreign = "deny contains \"a\" if true\nexception contains [\"b\"] if true";
    assert_eq!(messages(foreign), ["a"]);
}

fn metadata_gives_title_severity_and_remedy() {
    let block = "# METADATA\n# title: t\n# custom: {severity: low, remedy: r}\n";
    let one = ask(&rules(&format!("{block}deny contains \"a\" if true"))).unwrap();
    let result = &one.results[0];
    assert_eq!(result.title.as_deref(), Some("t"));
    assert_eq!(result.remedy.as_deref(), Some("r"));
    assert_eq!(result.severity, Some(Severity::Low));
    // Of two definitions nobody knows which one answered.
    let two = format!("{block}deny contains \"a\" if true\ndeny contains \"b\" if true");
    assert!(ask(&rules(&two)).unwrap().results.iter().all(|it| it.title.is_none()));
    let document = two.replace("# title", "# scope: document\n# title");
    assert!(ask(&rules(&document)).unwrap().results.iter().all(|it| it.title.is_some()));
    refused("# METADATA\n# title: [\ndeny contains \"a\" if true", "METADATA");
}

fn data_and_other_packages_are_seen() {
    let mut rego = rules(
        "import data.lib\ndeny contains m if some m in lib.names\ndeny contains data.limits.most",
    );
    rego.modules.push(RegoFile {
        path: "lib.rego".into(),
        text: "package lib\nnames contains \"n\" if true\n".into(),
    });
    rego.documents.push(RegoFile { path: "d.yaml".into(), text: "limits: {most: seven}".into() });
    rego.documents.push(RegoFile { path: "d.json".into(), text: "{\"x\": 1}".into() });
    let said: Vec<_> = ask(&rego).unwrap().results.into_iter().map(|it| it.message).collect();
    assert_eq!(said, ["n", "seven"]);
    rego.documents.push(RegoFile { path: "e.json".into(), text: "{\"x\": 2}".into() });
    assert!(ask(&rego).is_err(), "two documents disagree");
    rego.documents.truncate(2);
    rego.namespaces = vec!["lib".to_owned().try_into().unwrap()];
    assert!(ask(&rego).is_err(), "package lib has no deny");
}

fn old_rego_is_read() {
    let old = "deny[msg] { msg := \"old\" }\nwarn[{\"msg\": msg}] { msg := \"w\" }";
    refused(old, "if");
    let rego = Rego { version: RegoVersion::V0, ..rules(old) };
    assert_eq!(ask(&rego).unwrap().results.len(), 2);
}

fn rules_that_answer_nothing_are_no_pass() {
    refused("x := 1", "no deny, violation or warn rule");
    refused("package other\ndeny contains \"a\" if true", "package main has no deny");
    let mut forgotten = rules("deny contains \"a\" if true");
    let text = "package other\ndeny contains \"b\" if true".to_owned();
    forgotten.modules.push(RegoFile { path: "b.rego".into(), text });
    assert!(ask(&forgotten).unwrap_err().to_string().contains("rego.namespaces does not name"));
    refused("deny contains \"a\" if {", "a.rego cannot be read");
    refused("deny := {\"a\"} if input.nope", "is not a set");
    refused("deny.x contains \"a\" if true", "write deny_x");
    refused("deny contains m if m := unknown_function(1)", "data.main.deny fails");
    refused("deny contains m if { p := 1; p := 2; m := \"a\" }", "a.rego");
    let of_all = |text: &str| Rego { namespaces: Vec::new(), ..rules(text) };
    let nobody = ask(&of_all("x := 1")).unwrap_err().to_string();
    assert!(nobody.contains("no deny, violation or warn rule"), "{nobody}");
    let other = ask(&of_all("package other\ndeny contains \"a\" if true")).unwrap();
    assert_eq!(other.rules, ["data.other.deny"]);
    let none = Rego { modules: Vec::new(), ..Rego::default() };
    assert!(matches!(ask(&none), Err(RegoError::Refused(_))));
}

fn r1_endless_recursion_is_an_error() {
    let error = limited("f(a) := b if { b := f(a + 1) }\ndeny contains \"x\" if f(1)");
    assert!(matches!(error, RegoError::Depth { .. }), "{error:?}");
    assert!(error.to_string().contains("asking data.main.deny"), "{error}");
    refused("p if q\nq if p\ndeny contains \"x\" if p", "data.main.deny fails");
}

fn r2_nested_literals() {
    let nested = format!("deny contains {}\"x\"{} if true", "[".repeat(60), "]".repeat(60));
    let error = limited(&nested);
    assert!(error.to_string().contains("reading a.rego"), "{error}");
    let objects = format!("x := {}1{}", "{\"a\": ".repeat(60), "}".repeat(60));
    limited(&objects);
    let deep = format!("x := {}1{}", "(".repeat(100_000), ")".repeat(100_000));
    limited(&deep);
}

fn r3_a_huge_range_runs_into_a_limit() {
    let error = limited("deny contains \"x\" if count(numbers.range(1, 300000000)) > 1");
    assert!(matches!(error, RegoError::Memory { .. } | RegoError::Time { .. }), "{error:?}");
    let error = limited(
        "r := numbers.range(1, 3000)
         deny contains \"x\" if { some a in r; some b in r; some c in r; a + b + c < 0 }",
    );
    assert!(matches!(error, RegoError::Time { .. }), "{error:?}");
    let doubling: String =
        (1..40).map(|n| format!("s{n} := concat(\"\", [s{0}, s{0}])\n", n - 1)).collect();
    let error = limited(&format!("s0 := \"0123456789\"\n{doubling}deny contains s39"));
    assert!(matches!(error, RegoError::Memory { .. }), "{error:?}");
}

fn rules_are_listed_without_being_asked() {
    let listed =
        rego::check(&rules("deny contains to_number(\"x\") if true\nwarn_y contains \"a\""));
    assert_eq!(listed.unwrap(), ["data.main.deny", "data.main.warn_y"]);
    assert!(rego::check(&rules("deny contains")).is_err());
}

fn r4_calls_to_the_world_are_refused() {
    let call =
        "deny contains \"x\" if http.send({\"method\": \"get\", \"url\": \"http://localhost\"})";
    refused(call, "a.rego:2 calls http.send");
    refused("deny contains \"x\" if { false; net.lookup_ip_addr(\"localhost\") }", "calls net.");
    assert_eq!(messages("# http.send\ndeny contains \"http.send\" if true"), ["http.send"]);
}

fn r6_a_builtin_that_fails_is_an_error() {
    refused("deny contains \"x\" if to_number(\"x\") == 1", "data.main.deny fails");
}

fn times_are_utc() {
    let hour = |zone: &str| format!("deny contains h if [h, _, _] := time.clock([0, \"{zone}\"])");
    let words = |zone: &str| {
        messages(&format!(
            "deny contains sprintf(\"%v\", [h]) if {{ [h, _, _] := time.clock([0, \"{zone}\"]) }}"
        ))
    };
    assert_eq!(words("UTC"), ["0"]);
    assert_eq!(words("Etc/GMT-5"), ["5"]);
    // A zone that functions have no room for: could not be checked, and never passed.
    refused(&hour("Europe/Berlin"), "data.main.deny fails");
}

fn r9_a_long_line_is_read() {
    let long = "x".repeat(100_000);
    assert_eq!(messages(&format!("y := \"{long}\"\ndeny contains \"a\" if y")), ["a"]);
}

fn an_input_past_the_limit_is_an_error() {
    let mut rego = rules("deny contains \"a\" if true");
    rego.limits.input_bytes_max = 10;
    assert!(matches!(ask(&rego), Err(RegoError::InputTooLarge { .. })));
    let deep = format!("{}{}", "[".repeat(5_000), "]".repeat(5_000));
    let deep = serde_json::value::RawValue::from_string(deep);
    let rego = rules("deny contains \"a\" if true");
    assert!(deep.map_or(true, |it| rego::evaluate(&rego, &it, Duration::from_secs(9)).is_err()));
}

fn too_many_results_are_an_error() {
    let mut rego = rules("deny contains sprintf(\"%d\", [n]) if some n in numbers.range(1, 100)");
    assert_eq!(ask(&rego).unwrap().results.len(), 100);
    rego.limits.results_max = 99;
    assert!(matches!(ask(&rego), Err(RegoError::Refused(_))));
}

fn a_large_input_and_log_do_not_block() {
    let rego = rules("deny contains m if { some p in input.packages; print(p); m := p }");
    let packages: Vec<_> = (0..900).map(|n| format!("{n}{}", "x".repeat(1_000))).collect();
    let answers = rego::evaluate(&rego, &json!({"packages": packages}), Duration::from_secs(30));
    assert_eq!(answers.unwrap().results.len(), 900);
}

fn nothing_of_the_environment_is_seen() {
    assert_eq!(messages("deny contains \"env\" if opa.runtime().env.PATH"), [""; 0]);
}
