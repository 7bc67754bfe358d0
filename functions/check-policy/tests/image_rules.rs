//! What each rule finds in real images, and what the policy makes of it.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod asked;

use asked::{Said, ask, effect, of, said};
use serde_json::json;
use testkit::image::{ImageBuilder, LayerBuilder};
use verdict::{CheckOutcome, Effect};

fn image() -> ImageBuilder {
    ImageBuilder::new().layer(LayerBuilder::new().file_with("main", "x", 0o755, 0, 0))
}

#[test]
fn a_sound_image_passes() {
    let report = ask(image(), said("{}"));
    assert_eq!(report.outcome(), CheckOutcome::Pass);
    assert!(report.findings.is_empty(), "{:?}", report.findings);
    assert_eq!(report.evidence["user"], "10001");
}

#[test]
fn root_and_names_are_found_in_made_images_only() {
    let check = |user: &str, rule: &str, expect: Option<Effect>| {
        let report = ask(image().run("User", user), said("{}"));
        assert_eq!(effect(&report, rule), expect, "{user:?}");
        let used = ask(image().run("User", user), Said { role: "used", ..said("{}") });
        assert_eq!(effect(&used, rule), None, "{user:?}");
    };
    for root in ["", "0", "root", "0:1000", ":1000"] {
        check(root, "runs-as-root", Some(Effect::Reject));
        check(root, "non-numeric-user", None);
    }
    check("app", "runs-as-root", None);
    check("app:app", "non-numeric-user", Some(Effect::Warn));
    check("10001:10001", "non-numeric-user", None);
    let warned = ask(image().run("User", "0"), said("image: {runs-as-root: warn}"));
    assert_eq!(effect(&warned, "runs-as-root"), Some(Effect::Warn));
    let off = ask(image().run("User", "0"), said("image: {runs-as-root: off}"));
    assert!(off.findings.is_empty());
}

#[test]
fn a_secret_is_named_and_never_shown() {
    let env = json!(["DB_PASSWORD=hunter2-hunter2", "A=AKIAIOSFODNN7EXAMPLE", "PATH=/bin"]);
    let report = ask(image().run("Env", env.clone()), said("{}"));
    assert_eq!(report.outcome(), CheckOutcome::Fail);
    assert_eq!(of(&report, "secret-in-env").len(), 2);
    let shown = serde_json::to_string(&report).unwrap();
    assert!(shown.contains("DB_PASSWORD"));
    assert!(!shown.contains("hunter2") && !shown.contains("AKIA"), "{shown}");
    let allowed = said("image: {env-allowed: [DB_PASSWORD, A]}");
    assert_eq!(ask(image().run("Env", env.clone()), allowed).outcome(), CheckOutcome::Pass);
    let used = ask(image().run("Env", env), Said { role: "used", ..said("{}") });
    assert_eq!(used.outcome(), CheckOutcome::Fail);
}

#[test]
fn files_that_give_power_away_are_found_where_they_lie() {
    let layer = LayerBuilder::new()
        .file_with("usr/bin/su", "x", 0o4755, 0, 0)
        .file_with("usr/bin/wall", "x", 0o2755, 0, 5)
        .file_with("data/locked", "x", 0o2644, 0, 5)
        .file_with("app/run", "x", 0o777, 0, 0)
        .file_with("app/notes", "x", 0o666, 0, 0);
    let report = ask(image().layer(layer), said("image: {setuid-allowed: [/usr/bin/w*]}"));
    let setuid = of(&report, "setuid-file");
    assert_eq!(setuid.len(), 1);
    assert_eq!(setuid[0].location.path.as_deref(), Some("usr/bin/su"));
    assert_eq!(setuid[0].location.layer, Some(1));
    let writable = of(&report, "world-writable-executable");
    assert_eq!(writable.len(), 1);
    assert_eq!(writable[0].location.path.as_deref(), Some("app/run"));
    assert_eq!(report.outcome(), CheckOutcome::Fail);
}

#[test]
fn a_base_is_named_with_its_digest() {
    let name = "org.opencontainers.image.base.name";
    let digest = "org.opencontainers.image.base.digest";
    let sha = format!("sha256:{}", "a".repeat(64));
    let check = |labels: serde_json::Value, expect: Option<Effect>| {
        let report = ask(image().run("Labels", labels.clone()), said("{}"));
        assert_eq!(effect(&report, "base-not-pinned"), expect, "{labels}");
    };
    check(json!({}), None);
    check(json!({name: "docker.io/library/alpine:3.20"}), Some(Effect::Warn));
    check(json!({name: "docker.io/library/alpine:3.20", digest: sha}), None);
    check(json!({name: "docker.io/library/alpine:3.20", digest: "sha256:no"}), Some(Effect::Warn));
    check(json!({name: format!("docker.io/library/alpine@{sha}")}), None);
}

#[test]
fn sources_are_trusted_by_name_and_used_images_by_digest() {
    let trusted = "sources: {trusted: ['ghcr.io/acme/**'], pinned: required}";
    let used = |declared| Said { role: "used", declared, ..said(trusted) };
    let report = ask(image(), used("docker.io/library/alpine:3.20"));
    assert_eq!(effect(&report, "untrusted-source"), Some(Effect::Reject));
    assert_eq!(effect(&report, "used-image-not-pinned"), Some(Effect::Reject));
    let pinned = format!("alpine@sha256:{}", "a".repeat(64));
    assert_eq!(effect(&ask(image(), used(&pinned)), "used-image-not-pinned"), None);
    assert_eq!(effect(&ask(image(), said(trusted)), "untrusted-source"), None);
    let pushed = ask(image(), Said { place: "registry", ..said(trusted) });
    assert_eq!(effect(&pushed, "untrusted-source"), Some(Effect::Reject));
}

#[test]
fn a_waiver_covers_a_finding_and_an_expired_one_is_said() {
    let waiver = |expires| {
        format!("waivers: [{{rule: runs-as-root, reason: r, owner: o, expires: {expires}}}]")
    };
    let root = || image().run("User", "0");
    let waived = ask(root(), said(&waiver("9999-01-01")));
    assert_eq!(effect(&waived, "runs-as-root"), Some(Effect::Note));
    assert_eq!(waived.outcome(), CheckOutcome::Pass);
    let expired = ask(root(), said(&waiver("2020-01-01")));
    assert_eq!(expired.outcome(), CheckOutcome::Fail);
    assert_eq!(effect(&expired, "waiver-expired"), Some(Effect::Warn));
}

#[test]
fn many_findings_of_one_rule_are_counted() {
    let env: Vec<String> = (0..500).map(|n| format!("TOKEN_{n}=hunter{n}hunter")).collect();
    let report = ask(image().run("Env", env), said("{}"));
    assert_eq!(of(&report, "secret-in-env").len(), 50);
    assert!(report.findings.iter().any(|it| it.title.ends_with("and 450 more like it")));
}

#[test]
fn a_policy_that_cannot_be_read_is_undecided() {
    let report = ask(image(), said("imagee: {}"));
    assert_eq!(report.outcome(), CheckOutcome::Undecided);
    assert_eq!(report.findings[0].rule, "policy-invalid");
    assert!(report.findings[0].remedy.contains("image"));
}
