//! `unexpected-capability`: a process holds, or can gain, a capability that the policy does not list.

use std::collections::{BTreeMap, BTreeSet};

use policy::CapabilityName;
use snapshot::Process;
use verdict::{Effect, Finding, Location, Rule, Severity};

use crate::scene::{Scene, named, who};

pub(crate) const UNEXPECTED_CAPABILITY: Rule = Rule {
    id: "unexpected-capability",
    title: "a process holds or can gain a capability that the policy does not list",
    severity: Severity::High,
    remedy: "start the container with all capabilities dropped, or list the capability in policy.yml under `runtime:` as one of the function's `capabilities:`",
};

pub(crate) fn judge(scene: &Scene<'_>) -> Vec<Finding> {
    let held = &scene.allowance.capabilities;
    let gainable = &scene.allowance.bounding_capabilities;
    let mut findings = of_sets(scene, "holds", "capabilities", |process| {
        let sets = &process.capabilities;
        [&sets.effective, &sets.permitted, &sets.inheritable, &sets.ambient]
            .into_iter()
            .flatten()
            .filter(|name| !is_listed(held, name))
            .map(String::as_str)
            .collect()
    });
    findings.extend(of_sets(scene, "can gain", "bounding-capabilities", |process| {
        let bounding = process.capabilities.bounding.iter();
        bounding
            .filter(|name| !is_listed(gainable, name) && !is_listed(held, name))
            .map(String::as_str)
            .collect()
    }));
    findings
}

fn is_listed(names: &[CapabilityName], name: &str) -> bool {
    names.iter().any(|listed| listed.as_str() == name)
}

/// One finding for all processes with the same set.
fn of_sets<'a>(
    scene: &Scene<'a>,
    verb: &str,
    key: &str,
    unlisted: impl Fn(&'a Process) -> BTreeSet<&'a str>,
) -> Vec<Finding> {
    let mut processes: BTreeMap<BTreeSet<&str>, Vec<&Process>> = BTreeMap::new();
    for process in scene.living() {
        processes.entry(unlisted(process)).or_default().push(process);
    }
    processes
        .into_iter()
        .filter(|(names, _)| !names.is_empty())
        .map(|(names, processes)| {
            let names: Vec<&str> = names.into_iter().collect();
            let title = format!("{verb} {}", named(names.iter().map(|name| (*name).to_owned())));
            let pid = processes.first().map(|process| process.pid);
            Finding::new(&UNEXPECTED_CAPABILITY, title)
                .effect(Effect::Reject)
                .detail(named(processes.into_iter().map(who)))
                .remedy(scene.allow(key, &names.join(", ")))
                .location(Location { pid, ..Location::default() })
        })
        .collect()
}
