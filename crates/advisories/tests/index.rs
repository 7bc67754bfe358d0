//! From OSV records through the file to answers.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::fs;
use std::io::Write as _;
use std::path::PathBuf;

use advisories::{Distribution, Index, IndexError, Judged, Unjudged, build};
use inventory::{Ecosystem, LayerRef, OsRelease, Package, Source};
use serde_json::{Value, json};
use tempfile::TempDir;
use verdict::{Digest, Severity};

fn index(records: &[Value]) -> Index {
    let folder = TempDir::new().unwrap();
    let source = folder.path().join("records.json");
    fs::write(&source, serde_json::to_vec(records).unwrap()).unwrap();
    let out = folder.path().join("index");
    build(&[source], &out).unwrap();
    let index = Index::open(&out).unwrap();
    index.verify().unwrap();
    index
}

fn record(id: &str, ecosystem: &str, name: &str, events: Value) -> Value {
    json!({
        "id": id,
        "modified": "2026-01-01T00:00:00Z",
        "summary": format!("flaw of {name}"),
        "severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}],
        "affected": [{
            "package": {"ecosystem": ecosystem, "name": name},
            "ranges": [{"type": "ECOSYSTEM", "events": events}],
        }],
    })
}

fn below(version: &str) -> Value {
    json!([{"introduced": "0"}, {"fixed": version}])
}

fn package(ecosystem: Ecosystem, name: &str, version: &str) -> Package {
    let digest = Digest::of(b"layer");
    Package {
        purl: format!("pkg:{ecosystem}/{name}@{version}"),
        name: name.to_owned(),
        version: version.to_owned(),
        ecosystem,
        layer: LayerRef { index: 0, digest, diff_id: digest },
        origin: None,
        path: "x".to_owned(),
        source: (ecosystem == Ecosystem::Dpkg)
            .then(|| Source { name: name.to_owned(), version: version.to_owned() }),
        architecture: None,
        licenses: Vec::new(),
        vendor: None,
        owned_by: None,
        also_at: Vec::new(),
    }
}

fn judge(index: &Index, package: &Package, id: &str, version_id: &str) -> Judged {
    let (id, version_id) = (id.to_owned(), version_id.to_owned());
    let os_release = OsRelease { id, version_id, ..OsRelease::default() };
    let distribution = Distribution::of(Some(&os_release));
    index.judge(package, distribution.as_ref())
}

fn ids(judged: &Judged) -> Vec<&str> {
    assert!(judged.unjudged.is_empty(), "{:?}", judged.unjudged);
    judged.flaws.iter().map(|flaw| flaw.id.as_str()).collect()
}

#[test]
fn each_ecosystem_is_asked_under_its_own_name() {
    let index = index(&[
        record("A-1", "Alpine:v3.20", "busybox", below("1.36.1-r30")),
        record("A-2", "Alpine:v3.19", "busybox", below("9")),
        record("D-1", "Debian:12", "openssl", below("3.0.15-1")),
        record("N-1", "npm", "lodash", below("4.17.21")),
        record("P-1", "PyPI", "Jinja2", below("3.1.4")),
        record("G-1", "Go", "golang.org/x/net", below("0.38.0")),
        record("C-1", "crates.io", "time", below("0.2.23")),
    ]);
    let mut binsh = package(Ecosystem::Apk, "busybox-binsh", "1.36.1-r29");
    binsh.source = Some(Source { name: "busybox".to_owned(), version: "1.36.1-r29".to_owned() });
    assert_eq!(ids(&judge(&index, &binsh, "alpine", "3.20.3")), ["A-1"]);
    let mut libssl = package(Ecosystem::Dpkg, "libssl3", "3.0.11-1+b1");
    libssl.source = Some(Source { name: "openssl".to_owned(), version: "3.0.11-1".to_owned() });
    assert_eq!(ids(&judge(&index, &libssl, "debian", "12")), ["D-1"]);
    let lodash = package(Ecosystem::Npm, "lodash", "4.17.20");
    assert_eq!(ids(&judge(&index, &lodash, "debian", "12")), ["N-1"]);
    // Go writes versions with a v, OSV without.
    let net = package(Ecosystem::Golang, "golang.org/x/net", "v0.37.0");
    assert_eq!(ids(&judge(&index, &net, "", "")), ["G-1"]);
    let mended = package(Ecosystem::Golang, "golang.org/x/net", "v0.38.0");
    assert!(ids(&judge(&index, &mended, "", "")).is_empty());
    let time = package(Ecosystem::Cargo, "time", "0.2.22");
    assert_eq!(ids(&judge(&index, &time, "", "")), ["C-1"]);
    let jinja = package(Ecosystem::Pypi, "jinja2", "3.1.3");
    let judged = judge(&index, &jinja, "debian", "12");
    assert_eq!(ids(&judged), ["P-1"]);
    assert_eq!(judged.flaws[0].fixed.as_deref(), Some("3.1.4"));
    assert_eq!(judged.flaws[0].severity, Severity::Critical);
    let mended = package(Ecosystem::Pypi, "jinja2", "3.1.4");
    assert!(ids(&judge(&index, &mended, "debian", "12")).is_empty());
}

#[test]
fn what_cannot_be_judged_is_not_clean() {
    let index = index(&[
        record("D-1", "Debian:12", "openssl", below("3.0.15-1")),
        record("P-1", "PyPI", "jinja2", below("<unknown>")),
    ]);
    let openssl = package(Ecosystem::Dpkg, "openssl", "3.0.11-1");
    let wrong = package(Ecosystem::Dpkg, "openssl", "not a version");
    let sourceless = Package { source: None, ..openssl.clone() };
    let unjudged = |package: &Package, id: &str, version_id: &str| {
        let judged = judge(&index, package, id, version_id);
        assert!(judged.flaws.is_empty());
        judged.unjudged.into_iter().next().unwrap()
    };
    assert!(matches!(unjudged(&openssl, "ubuntu", "24.04"), Unjudged::Distribution(_)));
    assert!(matches!(unjudged(&openssl, "debian", "11"), Unjudged::NoRecords(_)));
    assert!(matches!(unjudged(&openssl, "alpine", "3.20"), Unjudged::Distribution(_)));
    assert!(matches!(unjudged(&wrong, "debian", "12"), Unjudged::Version { .. }));
    assert!(matches!(unjudged(&sourceless, "debian", "12"), Unjudged::Distribution(_)));
    let jinja = package(Ecosystem::Pypi, "jinja2", "3.1.3");
    assert!(matches!(unjudged(&jinja, "debian", "12"), Unjudged::Advisory { .. }));
    let lodash = package(Ecosystem::Npm, "lodash", "4.17.20");
    assert!(matches!(unjudged(&lodash, "debian", "12"), Unjudged::NoRecords(_)));
}

#[test]
fn advisories_of_one_flaw_are_one_finding() {
    let mut pysec = record("PYSEC-1", "PyPI", "jinja2", below("3.1.4"));
    pysec["severity"] = json!([]);
    pysec["aliases"] = json!(["CVE-1"]);
    let mut ghsa = record("GHSA-1", "PyPI", "jinja2", below("3.1.4"));
    ghsa["aliases"] = json!(["CVE-1"]);
    let judged =
        judge(&index(&[pysec, ghsa]), &package(Ecosystem::Pypi, "jinja2", "3.1.3"), "", "");
    assert_eq!(ids(&judged), ["GHSA-1"]);
    assert_eq!(judged.flaws[0].aliases, ["CVE-1", "PYSEC-1"]);
    assert_eq!(judged.flaws[0].severity, Severity::Critical);
}

#[test]
fn a_debian_bulletin_says_nothing_twice() {
    let one = |id: &str, cves: Value| {
        let mut record = record(id, "Debian:12", "openssl", below("3.0.15-1"));
        record["upstream"] = cves;
        record
    };
    let records = [
        one("DEBIAN-CVE-1", json!(["CVE-1"])),
        one("DEBIAN-CVE-2", json!(["CVE-2"])),
        one("DSA-1", json!(["CVE-1", "CVE-2"])),
        one("DSA-2", json!(["CVE-1", "CVE-3"])),
    ];
    let openssl = package(Ecosystem::Dpkg, "openssl", "3.0.11-1");
    let judged = judge(&index(&records), &openssl, "debian", "12");
    assert_eq!(ids(&judged), ["DEBIAN-CVE-1", "DEBIAN-CVE-2", "DSA-2"]);
}

#[test]
fn withdrawn_records_are_gone_whatever_their_order() {
    let old = record("X-1", "npm", "a", below("9.0.0"));
    let mut gone = old.clone();
    gone["withdrawn"] = "2026-02-01T00:00:00Z".into();
    gone["modified"] = "2026-02-01T00:00:00Z".into();
    let other = record("X-2", "npm", "b", below("1.0.0"));
    for records in [[old.clone(), gone.clone(), other.clone()], [gone, old, other]] {
        let judged = judge(&index(&records), &package(Ecosystem::Npm, "a", "1.0.0"), "", "");
        assert!(ids(&judged).is_empty());
    }
}

#[test]
fn zips_folders_and_files_give_the_same_bytes() {
    let folder = TempDir::new().unwrap();
    let records =
        [record("N-1", "npm", "a", below("1.0.0")), record("N-2", "npm", "b", below("2.0.0"))];
    let below_it = folder.path().join("folder");
    fs::create_dir(&below_it).unwrap();
    let mut zip = zip::ZipWriter::new(fs::File::create(folder.path().join("all.zip")).unwrap());
    for record in records.iter().rev() {
        let (name, json) = (record["id"].as_str().unwrap(), serde_json::to_vec(record).unwrap());
        fs::write(below_it.join(format!("{name}.json")), &json).unwrap();
        let options = zip::write::SimpleFileOptions::default();
        zip.start_file(format!("{name}.json"), options).unwrap();
        zip.write_all(&json).unwrap();
    }
    zip.finish().unwrap();
    let list = folder.path().join("list.json");
    fs::write(&list, serde_json::to_vec(&records).unwrap()).unwrap();
    let made = |source: PathBuf| {
        let out = folder.path().join("out");
        let built = build(&[source], &out).unwrap();
        assert_eq!((built.records, built.packages), (2, 2));
        fs::read(out).unwrap()
    };
    let bytes = made(below_it);
    assert_eq!(bytes, made(folder.path().join("all.zip")));
    assert_eq!(bytes, made(list));
}

#[test]
fn what_is_left_out_is_counted() {
    let folder = TempDir::new().unwrap();
    let source = folder.path().join("records.json");
    let mut commits = record("G-1", "npm", "a", json!([{"introduced": "0"}]));
    commits["affected"][0]["ranges"][0]["type"] = "GIT".into();
    let records = [commits, record("G-2", "Maven", "x", below("1.0.0"))];
    fs::write(&source, serde_json::to_vec(&records).unwrap()).unwrap();
    let built = build(&[source], &folder.path().join("out")).unwrap();
    assert_eq!((built.records, built.without_versions, built.other_ecosystems["Maven"]), (0, 1, 1));
}

#[test]
fn a_malformed_source_makes_no_index() {
    let folder = TempDir::new().unwrap();
    let out = folder.path().join("out");
    for text in ["{", "7", r#"{"aliases":[]}"#, r#"[{"id":1}]"#] {
        let source = folder.path().join("records.json");
        fs::write(&source, text).unwrap();
        assert!(build(&[source], &out).is_err(), "{text}");
        assert!(!out.exists());
    }
    assert!(build(&[folder.path().join("none")], &out).is_err());
}

#[test]
fn every_damaged_byte_is_an_error_or_an_answer_and_never_a_panic() {
    let folder = TempDir::new().unwrap();
    let source = folder.path().join("records.json");
    let records = [record("N-1", "npm", "a", below("1.0.0"))];
    fs::write(&source, serde_json::to_vec(&records).unwrap()).unwrap();
    let out = folder.path().join("out");
    build(&[source], &out).unwrap();
    let sound = fs::read(&out).unwrap();
    let a = package(Ecosystem::Npm, "a", "0.1.0");
    for at in 0..sound.len() {
        for flip in [0x01, 0x80, 0xff] {
            let mut bytes = sound.clone();
            bytes[at] ^= flip;
            let Ok(index) = Index::from_bytes(bytes) else { continue };
            assert!(at >= 128 && index.verify().is_err(), "byte {at}");
            let _ = judge(&index, &a, "", "");
        }
    }
    for cut in [0, 8, 127, sound.len() - 1] {
        let error = Index::from_bytes(sound[..cut].to_vec()).unwrap_err();
        assert!(matches!(error, IndexError::Format | IndexError::Damaged), "{error}");
    }
}

#[test]
fn a_backport_is_judged_by_the_release_that_it_comes_from() {
    let index = index(&[
        record("D-12", "Debian:12", "curl", below("7.88.1-10+deb12u9")),
        record("D-13", "Debian:13", "curl", below("8.14.1-2")),
    ]);
    let curl = |version: &str| package(Ecosystem::Dpkg, "curl", version);
    let found = |version: &str| judge(&index, &curl(version), "debian", "12");
    assert_eq!(ids(&found("8.14.1-1~bpo12+1")), ["D-13"]);
    assert!(ids(&found("8.14.1-2~bpo12+1")).is_empty());
    assert!(ids(&found("7.88.1-10+deb12u9")).is_empty());
    let judged = judge(&index, &curl("8.20.0-1~bpo13+1"), "debian", "13");
    assert!(matches!(judged.unjudged[..], [Unjudged::NoRecords(_)]), "{judged:?}");
}

#[test]
fn where_databases_disagree_the_later_fix_is_named() {
    let mut early = record("A-1", "PyPI", "jinja2", below("3.1.9"));
    let mut late = record("A-2", "PyPI", "jinja2", below("3.1.10"));
    early["aliases"] = json!(["CVE-1"]);
    late["aliases"] = json!(["CVE-1"]);
    for records in [[early.clone(), late.clone()], [late, early]] {
        let jinja = package(Ecosystem::Pypi, "jinja2", "3.1.3");
        let judged = judge(&index(&records), &jinja, "", "");
        assert_eq!(judged.flaws.len(), 1);
        assert_eq!(judged.flaws[0].fixed.as_deref(), Some("3.1.10"));
    }
}

#[test]
fn records_that_no_package_would_be_looked_up_in_are_counted_as_left_out() {
    let folder = TempDir::new().unwrap();
    let source = folder.path().join("records.json");
    let records = [
        record("1", "Debian", "curl", below("1")),
        record("2", "PyPI:https://pypi.example", "a", below("1")),
        record("3", "Ubuntu:22.04:LTS", "curl", below("1")),
    ];
    fs::write(&source, serde_json::to_vec(&records).unwrap()).unwrap();
    let built = build(&[source], &folder.path().join("out")).unwrap();
    assert_eq!(built.records, 0);
    let counted: Vec<&str> = built.other_ecosystems.keys().map(String::as_str).collect();
    assert_eq!(counted, ["Debian, no release", "PyPI, other registries", "Ubuntu"]);
}

fn rpm(vendor: &str, name: &str, version: &str, source: &str) -> Package {
    let source = source.split_once(' ').unwrap();
    let source = Source { name: source.0.to_owned(), version: source.1.to_owned() };
    let vendor = Some(vendor.to_owned());
    Package { source: Some(source), vendor, ..package(Ecosystem::Rpm, name, version) }
}

#[test]
fn almalinux_names_packages_and_rocky_sources() {
    let index = index(&[
        record("ALSA-1", "AlmaLinux:9", "openssl-libs", below("1:3.0.7-27.el9")),
        record("ALSA-2", "AlmaLinux:9", "openssl", below("9:0-0.el9")),
        record("RLSA-1", "Rocky Linux:9", "openssl", below("1:3.0.7-27.el9")),
        record("SUSE-1", "openSUSE:Leap 15.6", "openssl-3", below("3.1.4-150600.5.1")),
    ]);
    let libs = |vendor: &str, version: &str| {
        let own = format!("1:{version}");
        rpm(vendor, "openssl-libs", &own, &format!("openssl {version}"))
    };
    for (id, vendor, advisory) in [
        ("almalinux", "AlmaLinux", "ALSA-1"),
        ("rocky", "Rocky Enterprise Software Foundation", "RLSA-1"),
    ] {
        let (old, new) = (libs(vendor, "3.0.7-25.el9_3"), libs(vendor, "3.0.7-27.el9"));
        assert_eq!(ids(&judge(&index, &old, id, "9.4")), [advisory]);
        assert!(ids(&judge(&index, &new, id, "9.4")).is_empty());
    }
    let leap = rpm(
        "SUSE LLC <https://www.suse.com/>",
        "libopenssl3",
        "3.1.4-150600.3.2",
        "openssl-3 3.1.4-150600.3.2",
    );
    assert_eq!(ids(&judge(&index, &leap, "opensuse-leap", "15.6")), ["SUSE-1"]);
    // Nobody judges what is of another distribution.
    let old = libs("Rocky Enterprise Software Foundation", "3.0.7-25.el9_3");
    for (id, version) in [("fedora", "43"), ("rhel", "9.4"), ("debian", "12"), ("rocky", "8.9")] {
        assert_eq!(judge(&index, &old, id, version).unjudged.len(), 1, "{id}");
    }
}

#[test]
fn a_package_of_another_vendor_is_not_judged_by_the_distributions_advisories() {
    let index = index(&[record("ALSA-1", "AlmaLinux:9", "nginx", below("1:1.24"))]);
    let nginx = |vendor: &str| rpm(vendor, "nginx", "1:1.20-1.el9", "nginx 1.20-1.el9");
    assert_eq!(ids(&judge(&index, &nginx("AlmaLinux"), "almalinux", "9.4")), ["ALSA-1"]);
    let told = |package: &Package| {
        let judged = judge(&index, package, "almalinux", "9.4");
        assert!(judged.flaws.is_empty());
        match &judged.unjudged[..] {
            [Unjudged::Distribution(why)] => why.to_string(),
            other => panic!("{other:?}"),
        }
    };
    let of =
        |vendor: &str| format!("no advisories are kept for packages of {vendor} on AlmaLinux:9");
    assert_eq!(told(&nginx("Fedora Project")), of("Fedora Project"));
    let unnamed = Package { vendor: None, ..nginx("") };
    assert_eq!(told(&unnamed), of("nobody who is named"));
}

#[test]
fn what_is_said_of_a_modules_builds_is_not_said_of_others() {
    let index = index(&[
        record("M", "AlmaLinux:8", "nodejs", below("1:18.17.1-1.module_el8.8.0+3657+aee7e170")),
        record("N", "AlmaLinux:8", "nodejs", below("1:19.0.0-1.el8")),
    ]);
    let found = |version: &str| {
        judge(&index, &rpm("AlmaLinux", "nodejs", version, "nodejs 1-1"), "almalinux", "8.8")
    };
    assert_eq!(ids(&found("1:18.14.2-2.module_el8.7.0+3551+c2f7d2b8")), ["M"]);
    assert_eq!(ids(&found("1:18.14.2-2.el8")), ["N"]);
}
