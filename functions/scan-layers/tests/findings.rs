//! From an image through its inventory and an index to findings under a policy.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::sync::Arc;

use advisories::{Index, build};
use event_bus::Check as _;
use inventory::Inventories;
use jiff::{SignedDuration, Timestamp};
use oci_image::{Access, Image, Limits, Opener, Platform, Shelf};
use scan_layers::ScanLayers;
use serde_json::{Value, json};
use tempfile::TempDir;
use testkit::image::{ImageBuilder, LayerBuilder, Packing, pack};
use verdict::{
    CheckOutcome, Effect, Phase, PolicyDocument, Report, Request, Role, Subject, ValidationId,
};

const POLICY: &str = "vulnerabilities: {reject: high, warn: medium}\n";
const LODASH: &str = "app/node_modules/lodash/package.json";

fn record(id: &str, aliases: &[&str], ecosystem: &str, name: &str, fixed: &str) -> Value {
    json!({
        "id": id, "aliases": aliases, "modified": "2026-01-01T00:00:00Z",
        "summary": format!("a flaw of {name}"),
        "database_specific": {"severity": "HIGH"},
        "affected": [{
            "package": {"ecosystem": ecosystem, "name": name},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": fixed}]}],
        }],
    })
}

fn index() -> Arc<Index> {
    let folder = TempDir::new().unwrap();
    let (source, out) = (folder.path().join("records.json"), folder.path().join("index"));
    let records = [
        record("A-1", &[], "Alpine:v3.20", "openssl", "3.3.2-r1"),
        record("N-1", &["CVE-1"], "npm", "lodash", "4.17.21"),
        record("N-2", &["CVE-1"], "npm", "lodash", "4.17.21"),
    ];
    fs::write(&source, serde_json::to_vec(&records).unwrap()).unwrap();
    build(&[source], &out).unwrap();
    Arc::new(Index::open(&out).unwrap())
}

fn alpine(release: &str, openssl: &str) -> LayerBuilder {
    LayerBuilder::new()
        .file("etc/os-release", format!("ID=alpine\nVERSION_ID={release}\n"))
        .file("lib/apk/db/installed", format!("P:libssl3\nV:{openssl}\no:openssl\n\n"))
}

fn lodash(version: &str) -> LayerBuilder {
    LayerBuilder::new().file(LODASH, format!(r#"{{"name":"lodash","version":"{version}"}}"#))
}

fn scan(layers: Vec<LayerBuilder>, index: Option<Arc<Index>>, policy: &str) -> Report {
    scan_on(layers, None, index, policy)
}

fn open(layers: Vec<LayerBuilder>) -> (TempDir, Arc<Image>) {
    let folder = TempDir::new().unwrap();
    let built = layers.into_iter().fold(ImageBuilder::new(), ImageBuilder::layer).build();
    built.write_layout(folder.path(), "1", &[]);
    let declared = format!("oci:{}:1", folder.path().display());
    let opener = Opener::new(Access::default()).unwrap();
    let image = opener.open(&declared, &Platform::linux_amd64(), &Limits::default()).unwrap();
    (folder, Arc::new(image))
}

/// The same with an image of these layers named as the base.
fn scan_on(
    layers: Vec<LayerBuilder>,
    base: Option<Vec<LayerBuilder>>,
    index: Option<Arc<Index>>,
    policy: &str,
) -> Report {
    let (platform, limits) = (Platform::linux_amd64(), Limits::default());
    let (_folder, image) = open(layers);
    let base = base.map(open);
    let subject = Subject {
        function: None,
        namespace: None,
        declared: "fn".to_owned(),
        image: image.pinned().clone(),
        platform,
        role: Role::Made,
        place: image.place(),
        index: None,
        base: base.as_ref().map(|(_, base)| base.pinned().clone()),
        generation: None,
    };
    let shelf = Arc::new(Shelf::default());
    shelf.put(image);
    base.iter().for_each(|(_, base)| shelf.put(Arc::clone(base)));
    let policy = PolicyDocument { body: policy.to_owned(), files: Default::default() };
    let request = Request {
        validation: ValidationId::derive(Phase::Build, &subject, &policy.digest()),
        phase: Phase::Build,
        subject,
        policy,
        deadline: Timestamp::now() + SignedDuration::from_secs(20),
        limits,
        function: None,
        snapshot: None,
    };
    ScanLayers::new(shelf, Arc::new(Inventories::default()), index).check(&request)
}

fn rules(report: &Report) -> Vec<&str> {
    report.findings.iter().map(|it| it.rule.as_str()).collect()
}

#[test]
fn a_flaw_is_one_finding_that_says_where_it_is_and_what_to_do() {
    let layers = vec![alpine("3.20.3", "3.3.2-r0"), lodash("4.17.20")];
    let report = scan(layers, Some(index()), POLICY);
    assert_eq!(report.outcome(), CheckOutcome::Fail);
    insta::with_settings!({filters => [("sha256:[0-9a-f]{64}", "[digest]")]}, {
        insta::assert_json_snapshot!(report.findings);
    });
}

#[test]
fn upgraded_packages_pass() {
    let layers = vec![alpine("3.20.3", "3.3.2-r1"), lodash("4.17.21")];
    let report = scan(layers, Some(index()), POLICY);
    assert_eq!((report.outcome(), rules(&report)), (CheckOutcome::Pass, vec![]));
}

#[test]
fn a_flaw_of_the_base_image_is_mended_by_a_newer_one_and_the_rest_by_oneself() {
    let layers = || vec![alpine("3.20.3", "3.3.2-r0"), lodash("4.17.20")];
    let base = vec![alpine("3.20.3", "3.3.2-r0")];
    let report = scan_on(layers(), Some(base), Some(index()), POLICY);
    let said: Vec<_> = report.findings.iter().map(|it| (&*it.title, &*it.remedy)).collect();
    assert_eq!(
        said,
        [
            (
                "libssl3 3.3.2-r0 has A-1",
                "it comes from the base image: build on a newer localhost/unnamed that has libssl3 (built from openssl) 3.3.2-r1 or later, or upgrade it in a layer of your own"
            ),
            ("lodash 4.17.20 has N-1", "upgrade lodash to 4.17.21 or later"),
        ]
    );
    let base = report.findings[0].location.base.as_ref().unwrap();
    assert_eq!(report.evidence["base"]["image"], json!(base));
    assert_eq!(report.evidence["base"]["packages"], json!(1));
    assert_eq!(report.findings[1].location.base, None);
    let unsplit = scan(layers(), Some(index()), POLICY);
    assert_eq!(rules(&unsplit), rules(&report));
}

#[test]
fn a_base_image_that_is_none_is_noted_and_changes_nothing() {
    let layers = vec![alpine("3.20.3", "3.3.2-r1"), lodash("4.17.21")];
    let report = scan_on(layers, Some(vec![lodash("4.17.21")]), Some(index()), POLICY);
    assert_eq!((report.outcome(), rules(&report)), (CheckOutcome::Pass, vec!["false-base"]));
    assert_eq!(report.findings[0].effect, Effect::Note);
    assert!(!report.evidence.contains_key("base"));
}

#[test]
fn what_an_upper_layer_replaces_is_not_found() {
    let layers = vec![lodash("4.17.20"), lodash("4.17.21")];
    assert_eq!(scan(layers, Some(index()), POLICY).outcome(), CheckOutcome::Pass);
}

#[test]
fn without_an_index_nothing_passes() {
    let report = scan(vec![lodash("4.17.21")], None, POLICY);
    assert_eq!(
        (report.outcome(), rules(&report)),
        (CheckOutcome::Undecided, vec!["advisories-missing"])
    );
}

#[test]
fn a_program_is_judged_as_its_package_only_if_the_database_says_so() {
    let program = |version: &str| {
        [b"\x7fELF\x02\x01\x01".as_slice(), &[0; 57], b"BusyBox v", version.as_bytes(), b" (x)\0"]
            .concat()
    };
    let at = |path: &str, version: &str| {
        LayerBuilder::new().file_with(path, program(version), 0o755, 0, 0)
    };
    // Alpine's own busybox, told by the database in a folder that a link leads to.
    let database = |version: &str| {
        let text = format!("P:busybox\nV:{version}-r0\no:busybox\nF:bin\nR:busybox\n\n");
        LayerBuilder::new()
            .file("etc/os-release", "ID=alpine\nVERSION_ID=3.20.3\n")
            .symlink("bin", "usr/bin")
            .file("lib/apk/db/installed", text)
    };
    let rules_of = |layers: Vec<LayerBuilder>| {
        let report = scan(layers, Some(index()), POLICY);
        rules(&report).into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    let unjudged = vec!["advisories-incomplete".to_owned()];
    let own = || database("1.36.1").file_with("usr/bin/busybox", program("1.36.1"), 0o755, 0, 0);
    assert!(rules_of(vec![own()]).is_empty());
    // Beside the distribution's, in its place, and in a folder of the distribution's without being its.
    assert_eq!(rules_of(vec![own(), at("usr/local/bin/busybox", "1.36.1")]), unjudged);
    assert_eq!(rules_of(vec![own(), at("usr/bin/busybox", "1.2.3")]), unjudged);
    assert_eq!(rules_of(vec![own(), at("usr/bin/busybox-extra", "1.36.1")]), unjudged);
    // Put there by hand, and then upgraded by the package.
    let upgraded = database("1.37.0").file_with("usr/bin/busybox", program("1.37.0"), 0o755, 0, 0);
    assert!(rules_of(vec![own(), at("usr/bin/busybox", "1.2.3"), upgraded]).is_empty());
}

#[test]
fn a_language_package_of_the_distributions_is_judged_with_its_owner() {
    let folder = "usr/share/nodejs/x/node_modules/lodash";
    let path = format!("{folder}/package.json");
    let database = |openssl: &str, list: &str| {
        let text = format!("P:libssl3\nV:{openssl}\no:openssl\n{list}\n");
        LayerBuilder::new()
            .file("etc/os-release", "ID=alpine\nVERSION_ID=3.20.3\n")
            .file("lib/apk/db/installed", text)
            .file(&path, r#"{"name":"lodash","version":"4.17.20"}"#)
    };
    let owned = format!("F:{folder}\nR:package.json\n");
    let rules_of = |openssl: &str, list: &str| {
        let report = scan(vec![database(openssl, list)], Some(index()), POLICY);
        rules(&report).into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    assert!(rules_of("3.3.2-r1", &owned).is_empty());
    assert_eq!(rules_of("3.3.2-r0", &owned), ["vulnerable-package"]);
    assert_eq!(rules_of("3.3.2-r1", ""), ["vulnerable-package"]);
}

#[test]
fn an_unknown_distribution_is_one_finding_and_no_pass() {
    let layers = vec![alpine("3.21.0_alpha20240923", "3.3.2-r1")];
    let report = scan(layers, Some(index()), POLICY);
    assert_eq!(
        (report.outcome(), rules(&report)),
        (CheckOutcome::Undecided, vec!["unknown-distribution"])
    );
}

#[test]
fn a_distribution_that_shows_no_package_is_no_pass() {
    let arch = LayerBuilder::new()
        .file("etc/os-release", "ID=arch\n")
        .file("var/lib/pacman/local/bash-5.2-1/desc", "%NAME%\nbash\n\n%VERSION%\n5.2-1\n");
    let without = LayerBuilder::new().whiteout("lib/apk/db/installed");
    for layers in [vec![arch], vec![alpine("3.20.3", "3.3.2-r1"), without]] {
        let report = scan(layers, Some(index()), POLICY);
        assert_eq!(
            (report.outcome(), rules(&report)),
            (CheckOutcome::Undecided, vec!["unknown-distribution"])
        );
    }
    let scratch = scan(vec![lodash("4.17.21")], Some(index()), POLICY);
    assert_eq!(scratch.outcome(), CheckOutcome::Pass);
}

#[test]
fn a_database_that_is_not_read_is_no_pass() {
    let pacman = lodash("4.17.21").file("var/lib/pacman/local/ALPM_DB_VERSION", "9\n");
    let report = scan(vec![pacman], Some(index()), POLICY);
    assert_eq!(
        (report.outcome(), rules(&report)),
        (CheckOutcome::Undecided, vec!["unreadable-file"])
    );
}

#[test]
fn what_chisel_installed_is_no_pass() {
    let manifest = concat!(
        r#"{"jsonwall":"1.0","schema":"1.0","count":2}"#,
        "\n",
        r#"{"kind":"package","name":"libc6","version":"2.39-0ubuntu8.4","sha256":"a","arch":"amd64"}"#,
    );
    let manifest = pack(manifest.as_bytes(), Packing::Zstd);
    let chisel = || LayerBuilder::new().file("var/lib/chisel/manifest.wall", &manifest);
    // Of none that it names, and of one whose advisories are of sources, which it does not say.
    for os_release in ["", "ID=ubuntu\nVERSION_ID=24.04\n", "ID=debian\nVERSION_ID=12\n"] {
        let report = scan(vec![chisel().file("etc/os-release", os_release)], Some(index()), POLICY);
        assert_eq!(
            (report.outcome(), rules(&report)),
            (CheckOutcome::Undecided, vec!["unknown-distribution"])
        );
    }
}

#[test]
fn a_version_that_nobody_can_read_is_no_pass() {
    let report = scan(vec![lodash("latest")], Some(index()), POLICY);
    assert_eq!(
        (report.outcome(), rules(&report)),
        (CheckOutcome::Undecided, vec!["package-not-judged"])
    );
}

#[test]
fn a_waiver_of_an_alias_waives() {
    let policy = format!(
        "{POLICY}waivers: [{{advisory: CVE-1, package: lodash, reason: not reached, owner: me@acme.example, expires: 2999-01-01}}]\n"
    );
    let report = scan(vec![lodash("4.17.20")], Some(index()), &policy);
    assert_eq!(report.outcome(), CheckOutcome::Pass);
    assert!(report.findings[0].waiver.is_some());
}
