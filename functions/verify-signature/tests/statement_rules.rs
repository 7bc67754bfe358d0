//! Promise: what the user's own rules have against an attestation rejects, and rules that do not
//! answer are no consent. The evaluator is another process of the program that asks, so this
//! test's `main` is one too.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(dead_code, reason = "the question is shared by several tests")]

mod asked;

use std::collections::BTreeMap;

use asked::{ask, finding, question, rule};
use libtest_mimic::{Arguments, Trial};
use serde_json::{Value, json};
use testkit::bundle::{Artifact, IN_TOTO, statement};
use testkit::image::{BuiltImage, ImageBuilder};
use testkit::registry::{AttachedRepository, Listing};
use testkit::signer::Signer;
use verdict::{CheckOutcome, Effect, PolicyDocument, Report};

const VULN: &str = "https://cosign.sigstore.dev/attestation/vuln/v1";
const NO_CRITICAL: &str = "package acme

deny contains msg if {
    some finding in input.predicate.scanner.result
    finding.severity == \"CRITICAL\"
    msg := sprintf(\"%s is critical\", [finding.id])
}

deny contains \"no scanner is named\" if not input.predicate.scanner.uri

deny_kind contains input.predicateType if input.predicateType != \"https://cosign.sigstore.dev/attestation/vuln/v1\"

deny_subject contains \"another image\" if not startswith(input.subject[0].digest.sha256, data.digests.prefix)

warn contains \"the scan is of a trial\" if input.predicate.scanner.uri == \"pkg:trial\"
";

fn main() {
    verify_signature::before_serving();
    let trials = [
        trial("rules_see_the_whole_statement", rules_see_the_whole_statement),
        trial("what_rules_deny_rejects_and_is_told", what_rules_deny_rejects),
        trial("rules_that_do_not_answer_are_undecided", rules_that_do_not_answer),
        trial("an_attestation_without_a_predicate_is_denied", without_a_predicate),
        trial("one_that_is_true_suffices_of_several", one_that_is_true_suffices),
        trial("what_rules_warn_of_is_told_and_passes", what_rules_warn_of),
        trial("rules_are_not_asked_about_what_no_trusted_signer_says", strangers_ask_nothing),
        trial("silence_about_one_attestation_outweighs_what_another_lacks", silence_outweighs),
    ];
    libtest_mimic::run(&Arguments::from_args(), trials.into()).exit();
}

fn trial(name: &str, test: fn()) -> Trial {
    Trial::test(name, move || {
        test();
        Ok(())
    })
}

fn image() -> BuiltImage {
    ImageBuilder::new().build()
}

fn scan(uri: &str, severities: &[&str]) -> Value {
    let result: Vec<Value> =
        severities.iter().map(|it| json!({"id": format!("CVE-{it}"), "severity": it})).collect();
    json!({"scanner": {"uri": uri, "result": result}})
}

fn attested(signer: &str, predicate: &Value) -> Artifact {
    let mut statement = statement(&image().digest(), VULN, &Value::Null);
    statement["predicate"] = predicate.clone();
    let signer = Signer::new(signer);
    let bundle = signer.bundle(&signer.envelope(IN_TOTO, statement.to_string().as_bytes()));
    Artifact::bundle(&image(), &bundle, VULN)
}

/// What it comes to if acme must attest to these, by the rules of each.
fn answer(artifacts: Vec<Artifact>, asked: &[(&str, &str)], rego: Value) -> Report {
    let repository = AttachedRepository::of(&image(), "fn");
    let repository = artifacts.into_iter().fold(repository, AttachedRepository::referrer);
    let registry = repository.serve(Listing::Api);
    let demand = |(kind, rego): &(&str, &str)| json!({"predicate-type": kind, "rego": rego});
    let signatures = json!({"authorities": [{
        "name": "acme", "images": ["**"], "keys": [Signer::new("acme").public_pem()],
        "image-signature": "not-asked",
        "attestations": asked.iter().map(demand).collect::<Vec<_>>(),
    }]});
    let mut request = question(&registry.host(), &image().digest(), None, &signatures);
    let prefix = image().digest()["sha256:".len()..][..8].to_owned();
    let files = BTreeMap::from([
        ("scan.rego".to_owned(), NO_CRITICAL.to_owned()),
        ("digests.json".to_owned(), json!({"digests": {"prefix": prefix}}).to_string()),
    ]);
    let mut rego = rego;
    rego["data"] = json!(["digests.json"]);
    let body = json!({"signatures": signatures, "rego": rego}).to_string();
    request.policy = PolicyDocument { body, files };
    ask(&request)
}

#[track_caller]
fn check(predicate: &Value, rego: &str, expect: &str) -> Report {
    let report = answer(
        vec![attested("acme", predicate)],
        &[(VULN, rego)],
        json!({"limits": {"time-ms-max": 3000}}),
    );
    assert_eq!(rule(&report), expect, "{:?}", report.findings);
    report
}

fn rules_see_the_whole_statement() {
    check(&scan("pkg:scanner", &["LOW"]), "scan.rego", "pass");
    check(&scan("pkg:scanner", &["LOW"]), NO_CRITICAL, "pass");
    let other = NO_CRITICAL.replace("startswith(", "endswith(");
    let report = check(&scan("pkg:scanner", &["LOW"]), &other, "attestation-unmet");
    assert!(finding(&report).detail.contains("another image"), "{:?}", report.findings);
}

fn what_rules_deny_rejects() {
    let report =
        check(&scan("pkg:scanner", &["LOW", "CRITICAL"]), "scan.rego", "attestation-unmet");
    let detail = &finding(&report).detail;
    // It is what a person is told first, and what would have been accepted last.
    assert!(
        detail.lines().next().unwrap().contains(
            "the rules say: CVE-CRITICAL is critical (data.acme.deny at scan.rego:3), layer 0 of "
        ),
        "{detail}"
    );
    assert!(detail.lines().last().unwrap().starts_with("accepted would be"), "{detail}");
    let report = check(&json!({}), NO_CRITICAL, "attestation-unmet");
    let detail = &finding(&report).detail;
    assert!(
        detail.contains("no scanner is named (data.acme.deny at policy.yml (acme):3)"),
        "{detail}"
    );
    let denying =
        "package a\ndeny contains n if some n in [\"1\",\"2\",\"3\",\"4\",\"5\",\"6\",\"7\"]";
    let report = check(&scan("pkg:scanner", &["CRITICAL"]), denying, "attestation-unmet");
    assert!(finding(&report).detail.contains("; and 2 more"), "{:?}", report.findings);
}

fn rules_that_do_not_answer() {
    let endless = "package a\nf(a) := b if { b := f(a + 1) }\ndeny contains \"x\" if f(1)";
    let slow = "package a\ndeny contains \"x\" if {\n some a in numbers.range(1, 3000)\n some b in numbers.range(1, 3000)\n some c in numbers.range(1, 3000)\n a + b + c < 0\n}";
    let hungry = "package a\ndeny contains \"x\" if count(numbers.range(1, 300000000)) == 1";
    for (rego, why) in [
        (endless, "recurse too deep"),
        (slow, "longer than 3000 ms"),
        (hungry, "rego.limits"),
        ("package a\ndeny contains", "cannot be read"),
        ("package a\nallow := true", "no deny, violation or warn rule"),
        ("package a\ndeny := true", "is not a set"),
        ("package a\ndeny contains \"x\" if http.send({})", "reach nothing outside"),
        ("package a\ndeny contains \"x\" if to_number(input.predicateType) == 1", "fails"),
    ] {
        let report = check(&scan("pkg:scanner", &["LOW"]), rego, "attestation-rules-failed");
        let finding = finding(&report);
        assert_eq!(finding.effect, Effect::Undecided);
        assert!(
            finding.detail.contains(why)
                || (rego == hungry && finding.detail.contains("longer than")),
            "{rego}: {}",
            finding.detail
        );
        assert_eq!(report.outcome(), CheckOutcome::Undecided);
    }
    let limits = json!({"limits": {"input-bytes-max": 64}});
    let scan = attested("acme", &scan("pkg:scanner", &[]));
    let report = answer(vec![scan], &[(VULN, NO_CRITICAL)], limits);
    assert_eq!(rule(&report), "attestation-rules-failed");
    assert!(finding(&report).detail.contains("input-bytes-max is 64"), "{:?}", report.findings);
}

fn without_a_predicate() {
    let never = "package a\ndeny contains \"x\" if input.predicate.bad";
    let report = check(&Value::Null, never, "attestation-unmet");
    assert!(finding(&report).detail.contains("it has no predicate"), "{:?}", report.findings);
}

fn one_that_is_true_suffices() {
    let good = attested("acme", &scan("pkg:scanner", &[]));
    let bad = attested("acme", &scan("pkg:scanner", &["CRITICAL"]));
    let report = answer(vec![bad, good], &[(VULN, "scan.rego")], json!({}));
    assert_eq!(rule(&report), "pass", "{:?}", report.findings);
}

fn what_rules_warn_of() {
    let report = check(&scan("pkg:trial", &[]), "scan.rego", "attestation-warned");
    assert!(finding(&report).title.contains("the scan is of a trial"), "{:?}", report.findings);
    assert_eq!(report.outcome(), CheckOutcome::Pass);
}

fn strangers_ask_nothing() {
    let endless = "package a\nf(a) := b if { b := f(a + 1) }\ndeny contains \"x\" if f(1)";
    let stranger = attested("stranger", &scan("pkg:scanner", &[]));
    let report = answer(vec![stranger], &[(VULN, endless)], json!({}));
    assert_eq!(rule(&report), "attestation-missing", "{:?}", report.findings);
}

fn silence_outweighs() {
    let broken = "package a\ndeny contains \"x\" if to_number(input.predicateType) == 1";
    let scan = attested("acme", &scan("pkg:scanner", &[]));
    let report = answer(vec![scan], &[(VULN, NO_CRITICAL), (VULN, broken)], json!({}));
    assert_eq!(rule(&report), "attestation-rules-failed", "{:?}", report.findings);
}
