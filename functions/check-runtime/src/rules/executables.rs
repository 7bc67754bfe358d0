//! `unexpected-executable`, `deleted-executable`, `memfd-execution`: programs and libraries that
//! are not the image's.

use std::collections::{BTreeMap, BTreeSet};

use snapshot::{Executable, Process};
use verdict::{Effect, Finding, Location, Rule, Severity};

use super::files::without_slash;
use crate::scene::{Scene, covers, literal, named, shown, who};

pub(crate) const UNEXPECTED_EXECUTABLE: Rule = Rule {
    id: "unexpected-executable",
    title: "a program or library runs that lies where the policy lets none lie",
    severity: Severity::High,
    remedy: "list the path in policy.yml under `runtime:` as one of the function's `executables:`, or find out who wrote it there",
};

pub(crate) const DELETED_EXECUTABLE: Rule = Rule {
    id: "deleted-executable",
    title: "a running program's file has been deleted",
    severity: Severity::High,
    remedy: "find out who deleted it: programs that hide do; after an update in place, deploy the function anew",
};

pub(crate) const MEMFD_EXECUTION: Rule = Rule {
    id: "memfd-execution",
    title: "a program runs from memory without a file",
    severity: Severity::Critical,
    remedy: "treat the container as taken over: keep its processes and descriptors as evidence, stop it, and find the way in",
};

pub(crate) fn judge(scene: &Scene<'_>) -> Vec<Finding> {
    let mut findings = unexpected(scene);
    let of_process = |process| Some(without_file(process, &Executed::of(process)?));
    findings.extend(scene.living().filter_map(of_process));
    findings
}

/// What a process runs that is no file at a path.
enum Executed<'a> {
    Memory(&'a Executable),
    Deleted(&'a Executable),
    /// The kernel says deleted, and the file still has a name: a folder above it was renamed, or
    /// the file replaced and linked elsewhere.
    Moved(&'a Executable),
}

impl<'a> Executed<'a> {
    fn of(process: &'a Process) -> Option<Self> {
        let executable = process.executable.as_ref().filter(|executable| executable.deleted)?;
        let links = executable.identity.as_ref().map(|identity| identity.links);
        Some(match links {
            _ if is_memory(&executable.path) => Self::Memory(executable),
            Some(1..) => Self::Moved(executable),
            _ => Self::Deleted(executable),
        })
    }
}

fn without_file(process: &Process, executed: &Executed<'_>) -> Finding {
    let who = who(process);
    let (rule, title, effect) = match executed {
        Executed::Memory(executable) => {
            let title = format!("{who} runs {} from memory", shown(&executable.path));
            (&MEMFD_EXECUTION, title, Effect::Reject)
        }
        Executed::Deleted(executable) => {
            let title = format!("{who} runs {}, which has been deleted", shown(&executable.path));
            (&DELETED_EXECUTABLE, title, Effect::Reject)
        }
        Executed::Moved(executable) => {
            let title = format!("{who} runs {}, which has been moved", shown(&executable.path));
            (&DELETED_EXECUTABLE, title, Effect::Warn)
        }
    };
    let location = Location { pid: Some(process.pid), ..Location::default() };
    let command = format!("it runs as `{}`", shown(&process.command.join(" ")));
    Finding::new(rule, title).effect(effect).detail(command).location(location)
}

/// One finding a path, however many run it.
fn unexpected(scene: &Scene<'_>) -> Vec<Finding> {
    let mut runners: BTreeMap<&str, BTreeSet<u32>> = BTreeMap::new();
    for process in &scene.snapshot.processes {
        let mapped = process.mappings.iter().filter(|mapping| mapping.executable);
        let program = process.executable.as_ref().map(|executable| executable.path.as_str());
        for path in mapped.map(|mapping| mapping.path.as_str()).chain(program) {
            if !is_allowed(scene, path) {
                runners.entry(path).or_default().insert(process.pid);
            }
        }
    }
    runners
        .into_iter()
        .map(|(path, pids)| {
            let pid = pids.first().copied();
            let pids = named(pids.into_iter().map(|pid| format!("pid {pid}")));
            Finding::new(&UNEXPECTED_EXECUTABLE, format!("unexpected executable {}", shown(path)))
                .detail(format!("run by {pids}"))
                .remedy(scene.allow("executables", &literal(path)))
                .location(Location { pid, path: Some(without_slash(path)), ..Location::default() })
        })
        .collect()
}

/// Code in memory is covered only by a pattern that means it: `/*` does not.
fn is_allowed(scene: &Scene<'_>, path: &str) -> bool {
    let executables = &scene.allowance.executables;
    match is_memory(path) {
        true => {
            let mut meant = executables.iter().filter(|pattern| is_memory(pattern.as_str()));
            meant.any(|pattern| pattern.is_match(path))
        }
        false => covers(executables, path),
    }
}

fn is_memory(path: &str) -> bool {
    path.starts_with("/memfd:")
}
