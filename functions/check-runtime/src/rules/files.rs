//! `unexpected-file` and `foreign-file`: files that are open or mapped and should not be.

use std::collections::{BTreeMap, BTreeSet};

use snapshot::{Descriptor, Process, Target};
use verdict::{Finding, Location, Rule, Severity};

use crate::scene::{Scene, covers, literal, named, shown, who};

pub(crate) const UNEXPECTED_FILE: Rule = Rule {
    id: "unexpected-file",
    title: "a file, folder or device is open that the policy does not list",
    severity: Severity::Medium,
    remedy: "list the path in policy.yml under `runtime:` as one of the function's `files:`, or find out why it is open",
};

pub(crate) const FOREIGN_FILE: Rule = Rule {
    id: "foreign-file",
    title: "a file or folder is open that was opened outside of the container",
    severity: Severity::High,
    remedy: "find out who hands the container an open file of the host: through a folder all of the host can be reached (CVE-2024-21626); update runc, and start the container without inherited descriptors",
};

/// null, zero, full, random and urandom: opened outside they are the same as inside.
const HARMLESS_DEVICES: [&str; 5] =
    ["character 1:3", "character 1:5", "character 1:7", "character 1:8", "character 1:9"];
/// What shared memory without a file looks like among the mappings.
const NO_FILES: [&str; 3] = ["/dev/zero", "/anon_hugepage", "/[aio]"];

pub(crate) fn judge(scene: &Scene<'_>) -> Vec<Finding> {
    let mut findings = unexpected(scene);
    let mounts = Mounts::of(scene);
    let foreign = scene
        .descriptors()
        .filter(|(process, descriptor)| mounts.lack(process, descriptor))
        .filter_map(|(process, descriptor)| Some(foreign(process, descriptor.target.path()?)));
    findings.extend(foreign);
    findings
}

/// One finding a path, however many hold it.
fn unexpected(scene: &Scene<'_>) -> Vec<Finding> {
    let mut holders: BTreeMap<&str, BTreeSet<u32>> = BTreeMap::new();
    let mut hold = |path, process: &Process| {
        if !covers(&scene.allowance.files, path) {
            holders.entry(path).or_default().insert(process.pid);
        }
    };
    for (process, descriptor) in scene.descriptors() {
        if let Some(path) = descriptor.target.path() {
            hold(path, process);
        }
    }
    for process in &scene.snapshot.processes {
        // What may be executed is judged as an executable.
        for mapping in process.mappings.iter().filter(|mapping| !mapping.executable) {
            let path = mapping.path.as_str();
            let is_no_file = NO_FILES.contains(&path)
                || path.starts_with("/SYSV")
                || path.starts_with("/memfd:");
            if !(mapping.deleted && is_no_file) {
                hold(path, process);
            }
        }
    }
    holders
        .into_iter()
        .map(|(path, pids)| {
            let pid = pids.first().copied();
            let pids = named(pids.into_iter().map(|pid| format!("pid {pid}")));
            Finding::new(&UNEXPECTED_FILE, format!("unexpected open file {}", shown(path)))
                .detail(format!("held by {pids}"))
                .remedy(scene.allow("files", &literal(path)))
                .location(Location { pid, path: Some(without_slash(path)), ..Location::default() })
        })
        .collect()
}

fn foreign(process: &Process, path: &str) -> Finding {
    let title = format!("{} has a file of outside the container open", who(process));
    let detail = format!("its path there is or was {}", shown(path));
    Finding::new(&FOREIGN_FILE, title)
        .detail(detail)
        .location(Location { pid: Some(process.pid), ..Location::default() })
}

/// The mounts that each process sees, by mount namespace.
struct Mounts(BTreeMap<u64, BTreeSet<u64>>);

impl Mounts {
    fn of(scene: &Scene<'_>) -> Self {
        let mut mounts: BTreeMap<u64, BTreeSet<u64>> = BTreeMap::new();
        for namespace in &scene.snapshot.mount_namespaces {
            let ids = namespace.mounts.iter().map(|mount| mount.id);
            mounts.entry(namespace.inode).or_default().extend(ids);
        }
        Self(mounts)
    }

    /// Whether the file was opened through a mount that is none of the process's: it was open
    /// before the container had mounts of its own, or was handed in.
    fn lack(&self, process: &Process, descriptor: &Descriptor) -> bool {
        let is_file = match &descriptor.target {
            Target::File { .. }
            | Target::Directory { .. }
            | Target::Path { .. }
            | Target::Fifo { .. } => true,
            Target::Device { device, .. } => !HARMLESS_DEVICES.contains(&device.as_str()),
            _ => false,
        };
        let known = process.namespaces.get(&snapshot::NamespaceKind::Mnt);
        let known = known.and_then(|inode| self.0.get(inode)).filter(|ids| !ids.is_empty());
        match (known, descriptor.mount) {
            (Some(ids), Some(mount)) => is_file && !ids.contains(&mount),
            _ => false,
        }
    }
}

/// Findings name paths as images do: from the root, without its slash.
pub(crate) fn without_slash(path: &str) -> String {
    path.strip_prefix('/').unwrap_or(path).to_owned()
}
