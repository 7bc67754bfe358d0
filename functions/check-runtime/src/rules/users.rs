//! `unexpected-user`: a process runs as a user that the policy does not list; root, by default.

use std::collections::{BTreeMap, BTreeSet};

use verdict::{Finding, Location, Rule, Severity};

use crate::scene::{Scene, named, who};

pub(crate) const UNEXPECTED_USER: Rule = Rule {
    id: "unexpected-user",
    title: "a process runs as a user that the policy does not list",
    severity: Severity::High,
    remedy: "give the image a numeric USER other than 0, or list the id in policy.yml under `runtime:` as one of the function's `users:`",
};

pub(crate) fn judge(scene: &Scene<'_>) -> Vec<Finding> {
    let mut processes: BTreeMap<u32, Vec<_>> = BTreeMap::new();
    for process in scene.living() {
        // Any of the four can be made the one in force.
        for id in BTreeSet::from(process.users.all()) {
            if !scene.allowance.users.iter().any(|range| range.contains(id)) {
                processes.entry(id).or_default().push(process);
            }
        }
    }
    processes
        .into_iter()
        .map(|(id, processes)| {
            let name = if id == 0 { "0 (root)".to_owned() } else { id.to_string() };
            let pid = processes.first().map(|process| process.pid);
            Finding::new(&UNEXPECTED_USER, format!("runs as user {name}"))
                .detail(named(processes.into_iter().map(who)))
                .remedy(format!(
                    "give the image a numeric USER that is allowed; {}",
                    scene.allow("users", &id.to_string())
                ))
                .location(Location { pid, ..Location::default() })
        })
        .collect()
}
