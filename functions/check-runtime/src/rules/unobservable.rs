//! `unobservable`: what the snapshot could not see is not clean.

use std::collections::BTreeMap;

use snapshot::{Reason, Unobservable, printable};
use verdict::{Effect, Finding, Location, Rule, Severity};

use crate::scene::{Scene, named};

pub(crate) const UNOBSERVABLE: Rule = Rule {
    id: "unobservable",
    title: "a part of the container could not be looked at",
    severity: Severity::High,
    remedy: "let the agent see it (root with CAP_SYS_PTRACE in the host's pid namespace, AppArmor unconfined), or raise the limit that is named",
};

pub(crate) fn judge(scene: &Scene<'_>) -> Vec<Finding> {
    let mut reasons: BTreeMap<Reason, Vec<&Unobservable>> = BTreeMap::new();
    for entry in &scene.snapshot.unobservable {
        reasons.entry(entry.reason).or_default().push(entry);
    }
    reasons.into_iter().map(|(reason, entries)| finding(scene, reason, &entries)).collect()
}

fn finding(scene: &Scene<'_>, reason: Reason, entries: &[&Unobservable]) -> Finding {
    let word = word(reason);
    let is_tolerated = scene.allowance.unobservable.contains(&word);
    let effect = if is_tolerated { Effect::Warn } else { Effect::Undecided };
    let place = |entry: &&Unobservable| match entry.detail.as_str() {
        "" => printable(&entry.path),
        detail => format!("{} ({})", printable(&entry.path), printable(detail)),
    };
    let pid = entries.iter().find_map(|entry| entry.pid);
    let remedy = format!("{}; {}", UNOBSERVABLE.remedy, scene.allow("unobservable", &word));
    Finding::undecided(&UNOBSERVABLE, format!("not seen: {reason}"))
        .effect(effect)
        .detail(named(entries.iter().map(place)))
        .remedy(remedy)
        .location(Location { pid, ..Location::default() })
}

/// The reason as the snapshot's JSON has it.
fn word(reason: Reason) -> String {
    match serde_json::to_value(reason) {
        Ok(serde_json::Value::String(word)) => word,
        _ => String::new(),
    }
}
