//! The orders of versions: tables, laws, and dpkg itself as an oracle.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::cmp::Ordering;
use std::process::Command;

use advisories::VersionOrder;
use proptest::prelude::*;

const ORDERS: [VersionOrder; 5] = [
    VersionOrder::Apk,
    VersionOrder::Dpkg,
    VersionOrder::Rpm,
    VersionOrder::Semver,
    VersionOrder::Pep440,
];

/// Each is older than the next.
fn ascending(order: VersionOrder, versions: &[&str]) {
    for (at, a) in versions.iter().enumerate() {
        for (other, b) in versions.iter().enumerate() {
            assert_eq!(order.compare(a, b), Some(at.cmp(&other)), "{a} and {b}");
        }
    }
}

fn refuses(order: VersionOrder, versions: &[&str]) {
    for version in versions {
        assert!(!order.takes(version), "{version:?}");
    }
}

#[test]
fn alpine() {
    let order = VersionOrder::Apk;
    ascending(
        order,
        &[
            "0",
            "1.0_alpha1",
            "1.0_alpha2",
            "1.0_beta",
            "1.0_pre1",
            "1.0_rc1",
            "1.0",
            "1.0-r1",
            "1.0-r10",
            "1.0_git20200101",
            "1.0_p1",
            "1.0_p2-r3",
            "1.0a",
            "1.0b",
            "1.0.1",
            "1.05",
            "1.1",
            "1.10",
            "1.35.0-r9",
            "1.36.1-r2",
            "1.36.1-r29",
            "2",
            "10",
        ],
    );
    assert_eq!(
        order.compare("1.2.3_git20240101~abc123-r0", "1.2.3_git20240101-r0"),
        Some(Ordering::Equal)
    );
    refuses(order, &["", "abc", "1.0_foo", "1..0", "1.0-rx", "1.0~xyz", "-r1", "1.0 "]);
}

#[test]
fn debian() {
    let order = VersionOrder::Dpkg;
    ascending(
        order,
        &[
            "1.0~~",
            "1.0~rc1-1",
            "1.0-1~bpo12+1",
            "1.0-1",
            "1.0-1+b1",
            "1.0-1+deb12u1",
            "1.0-1+deb12u10",
            "1.0+dfsg-1",
            "1.1-0",
            "1.10",
            "2:0.1-1",
            "10:0",
        ],
    );
    assert_eq!(order.compare("0:1.0-0", "1.0"), Some(Ordering::Equal));
    refuses(order, &["", "x:1", "1.0-", "1 0", "<end-of-life>", "-1"]);
}

#[test]
fn rpm() {
    let order = VersionOrder::Rpm;
    ascending(
        order,
        &[
            "1.0~~",
            "1.0~rc1-1.el9",
            "1.0",
            "1.0-1.el8",
            "1.0-1.el8_10",
            "1.0-1.el9",
            "1.0-1.el9.1",
            "1.0-2.el8",
            "1.0^git5-1",
            "1.0.a-1",
            "1.0.1-1",
            "1.010-1",
            "1.11-1",
            "1:0.5-1",
            "2:0-0",
        ],
    );
    for (a, b) in [("0:1.0-1", "1.0-1"), ("1.05-1", "1.5-1"), ("1..0_-1", "1.0-1"), ("fc4", "fc.4")]
    {
        assert_eq!(order.compare(a, b), Some(Ordering::Equal), "{a} and {b}");
    }
    refuses(order, &["", "x:1-1", "1-", "-1", "1-2-3", "1 0", "1.0-1é", "4294967296:1-1"]);
}

#[test]
fn npm() {
    let order = VersionOrder::Semver;
    ascending(
        order,
        &[
            "0.0.0",
            "1.0.0-alpha",
            "1.0.0-alpha.1",
            "1.0.0-alpha.beta",
            "1.0.0-beta",
            "1.0.0-beta.2",
            "1.0.0-beta.11",
            "1.0.0-rc.1",
            "1.0.0",
            "1.2.3",
            "1.10.0",
            "2.0.0",
        ],
    );
    assert_eq!(order.compare("v1.2", "=1.2.0+build.5"), Some(Ordering::Equal));
    refuses(order, &["", "1.x", "latest", "1.2.3.4", "1.-1.0", "+1.0.0", "1.0.0-", "1.0.0-a..b"]);
}

#[test]
fn python() {
    let order = VersionOrder::Pep440;
    ascending(
        order,
        &[
            "1.0.dev1",
            "1.0a1.dev1",
            "1.0a1",
            "1.0b2",
            "1.0rc1",
            "1.0",
            "1.0+local",
            "1.0.post1",
            "1.1",
            "1.10",
            "2!0.1",
        ],
    );
    assert_eq!(order.compare("1.0", "1.0.0"), Some(Ordering::Equal));
    refuses(order, &["", "abc", "1.0-x-y", "1..0"]);
}

#[test]
fn a_version_longer_than_any_is_none() {
    let long = "1".repeat(10_000);
    for order in ORDERS {
        assert!(!order.takes(&long), "{order:?}");
    }
}

fn dpkg_says(a: &str, relation: &str, b: &str) -> bool {
    Command::new("dpkg").args(["--compare-versions", a, relation, b]).status().unwrap().success()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn dpkg_agrees(a in "[0-9][0-9a-c.~+]{0,5}(-[0-9a-c~+]{1,3})?", b in "[0-9][0-9a-c.~+]{0,5}(-[0-9a-c~+]{1,3})?") {
        let relation = match VersionOrder::Dpkg.compare(&a, &b).unwrap() {
            Ordering::Less => "lt",
            Ordering::Equal => "eq",
            Ordering::Greater => "gt",
        };
        prop_assert!(dpkg_says(&a, relation, &b), "{} {} {}", a, relation, b);
    }
}

/// What rpm says of pairs of versions: all in one run.
fn rpm_says(pairs: &[(String, String)]) -> Vec<Ordering> {
    let compared = pairs.iter().map(|(a, b)| format!("print(rpm.vercmp('{a}', '{b}'), '')"));
    let script = format!("%{{lua:{}}}", compared.collect::<Vec<_>>().join(" "));
    let output = Command::new("rpm").args(["--eval", &script]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    text.split_whitespace().map(|it| it.parse::<i32>().unwrap().cmp(&0)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(30))]

    #[test]
    fn rpm_agrees(pairs in prop::collection::vec((
        "([0-2]:)?[0-2][01a-c.~^_+]{0,6}(-[0-2a-c.~^]{0,2}[0-2a-c])?",
        "([0-2]:)?[0-2][01a-c.~^_+]{0,6}(-[0-2a-c.~^]{0,2}[0-2a-c])?",
    ), 100)) {
        let said = rpm_says(&pairs);
        prop_assert_eq!(said.len(), pairs.len());
        for ((a, b), said) in pairs.iter().zip(said) {
            prop_assert_eq!(VersionOrder::Rpm.compare(a, b), Some(said), "{} and {}", a, b);
        }
    }
}

fn laws(order: VersionOrder, a: &str, b: &str, c: &str) {
    let compare = |x: &str, y: &str| order.compare(x, y);
    let Some(((ab, bc), ac)) = compare(a, b).zip(compare(b, c)).zip(compare(a, c)) else { return };
    assert_eq!(compare(b, a), Some(ab.reverse()), "{a} {b}");
    if ab == bc {
        assert_eq!(ac, ab, "{a} {b} {c}");
    }
}

proptest! {
    #[test]
    fn every_order_is_total(
        a in "[0-9][0-9a-c.~^+-]{0,8}(_(rc|p|git)[0-9]?)?(-r[0-9])?",
        b in "[0-9][0-9a-c.~^+-]{0,8}(_(rc|p|git)[0-9]?)?(-r[0-9])?",
        c in "[0-9][0-9a-c.~^+-]{0,8}(_(rc|p|git)[0-9]?)?(-r[0-9])?",
    ) {
        for order in ORDERS {
            laws(order, &a, &b, &c);
        }
    }

    #[test]
    fn no_text_breaks_an_order(a in "\\PC{0,20}", b in "\\PC{0,20}") {
        for order in ORDERS {
            let _ = order.compare(&a, &b);
        }
    }
}
