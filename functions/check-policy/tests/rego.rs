//! The user's own rules over real images. The evaluator is another process of the program that
//! asks, so this test's `main` is one too.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod asked;

use std::collections::BTreeMap;

use asked::{Said, ask, effect, of, said};
use libtest_mimic::{Arguments, Trial};
use testkit::image::{ImageBuilder, LayerBuilder};
use verdict::{CheckOutcome, Effect, Report, Severity};

fn main() {
    check_policy::before_serving();
    let trials = [
        trial("rules_see_configuration_packages_and_function", rules_see_the_image),
        trial("metadata_is_mapped_onto_findings", metadata_is_mapped_onto_findings),
        trial("rules_that_cannot_be_asked_are_undecided", rules_that_cannot_be_asked),
    ];
    libtest_mimic::run(&Arguments::from_args(), trials.into()).exit();
}

fn trial(name: &str, test: fn()) -> Trial {
    Trial::test(name, move || {
        test();
        Ok(())
    })
}

fn asked(rules: &str) -> Report {
    let database = "P:musl\nV:1.2.5-r0\nA:x86_64\nL:MIT\n\n";
    let layer = LayerBuilder::new()
        .file("etc/os-release", "ID=alpine\nVERSION_ID=3.20.0\n")
        .file("lib/apk/db/installed", database);
    let files = BTreeMap::from([("a.rego".to_owned(), format!("package main\n{rules}\n"))]);
    let policy = "rego: {paths: [a.rego], limits: {time-ms-max: 3000}}";
    ask(ImageBuilder::new().layer(layer), Said { files, ..said(policy) })
}

fn rules_see_the_image() {
    let report = asked(
        "deny contains sprintf(\"%s runs as %s\", [input.function.name, input.image.config.config.User]) if input.apiVersion == \"faas-validator/v1\"
         warn contains p.name if { some p in input.packages; p.ecosystem == \"apk\"; p.version == \"1.2.5-r0\" }
         warn_media contains input.image.manifest.config.mediaType if input.phase == \"build\"",
    );
    let denied = of(&report, "policy-denied");
    assert_eq!(denied[0].title, "figlet runs as 10001", "{:?}", report.findings);
    assert_eq!(denied[0].location.source.as_deref(), Some("a.rego:2"));
    let warned: Vec<_> = of(&report, "policy-warned").iter().map(|it| it.title.as_str()).collect();
    assert_eq!(warned, ["application/vnd.oci.image.config.v1+json", "musl"]);
    assert_eq!(report.outcome(), CheckOutcome::Fail);
    assert_eq!(report.evidence["rego"]["rules"][0], "data.main.deny");
    assert_eq!(asked("deny contains \"x\" if false").outcome(), CheckOutcome::Pass);
}

fn metadata_is_mapped_onto_findings() {
    let report = asked(
        "# METADATA
# title: teams answer for functions
# custom: {severity: critical, remedy: add a label}
deny contains \"no team\" if input.function.labels.team == \"a\"",
    );
    let denied = of(&report, "policy-denied")[0];
    assert_eq!(denied.severity, Severity::Critical);
    assert_eq!(denied.remedy, "add a label");
    assert!(denied.detail.contains("teams answer for functions"), "{}", denied.detail);
}

fn rules_that_cannot_be_asked() {
    let endless = "f(a) := b if { b := f(a + 1) }\ndeny contains \"x\" if f(1)";
    let nested = format!("deny contains {}1{} if true", "[".repeat(40), "]".repeat(40));
    let call = "deny contains \"x\" if http.send({})";
    for rules in ["x := 1", "deny contains", endless, &nested, call] {
        let report = asked(rules);
        assert_eq!(effect(&report, "rego-failed"), Some(Effect::Undecided), "{rules}");
        assert_eq!(report.outcome(), CheckOutcome::Undecided);
    }
}
