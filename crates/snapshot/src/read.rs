//! Taking a snapshot: who belongs to it, what each of them holds, and what their sockets are.

mod descriptors;
mod folder;
mod ledger;
mod mappings;
mod members;
mod mounts;
mod namespaces;
mod process;
mod sockets;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use jiff::Timestamp;

use crate::limits::Limits;
use crate::process::Process;
use crate::report::{Origin, Snapshot};
use crate::unobservable::Reason;
use folder::Folder;
use ledger::Ledger;
use members::Members;

/// How often the members are listed again to catch processes that started meanwhile.
const PASSES_MAX: usize = 4;

/// Where the kernel's filesystems are seen. An agent in a container sees the node's below a
/// mount (`/host/proc`), a test below a folder of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Roots {
    /// The proc filesystem of the pid namespace that pids are of.
    pub proc: PathBuf,
    /// The folder of the cgroup hierarchies: version 2, version 1, or both.
    pub cgroup: PathBuf,
}

impl Default for Roots {
    fn default() -> Self {
        Self { proc: PathBuf::from("/proc"), cgroup: PathBuf::from("/sys/fs/cgroup") }
    }
}

/// Why there is no snapshot at all.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// No such process, or none that may be seen.
    #[error("open process {pid} below {proc}", proc = .proc.display())]
    Process {
        /// The process that was asked for.
        pid: u32,
        /// The proc filesystem.
        proc: PathBuf,
        /// What the kernel says.
        #[source]
        source: rustix::io::Errno,
    },
    /// The list of processes could not be read.
    #[error("list processes below {proc}", proc = .proc.display())]
    Processes {
        /// The proc filesystem.
        proc: PathBuf,
        /// What the kernel says.
        #[source]
        source: rustix::io::Errno,
    },
    /// Not a path of a cgroup, which is absolute and has no `.` or `..` in it.
    #[error("cgroup path {0:?} is not absolute or has `.` or `..` in it")]
    CgroupPath(String),
    /// No hierarchy has that cgroup.
    #[error("find cgroup {path:?} in any hierarchy below {cgroup}", cgroup = .cgroup.display())]
    NoCgroup {
        /// The cgroup that was asked for.
        path: String,
        /// The folder of the hierarchies.
        cgroup: PathBuf,
    },
}

/// A snapshot of a process and its descendants.
///
/// # Errors
/// When the process cannot be opened. What else cannot be read is in the snapshot.
pub fn of_process(pid: u32, roots: &Roots, limits: &Limits) -> Result<Snapshot, SnapshotError> {
    take(Members::Tree(pid), Origin::Process(pid), roots, limits)
}

/// A snapshot of every process in a cgroup, named by its path from the root of the hierarchy
/// (`/kubepods/burstable/pod…/…`, `/openfaas-fn/figlet`), and in the cgroups below it.
///
/// # Errors
/// When no hierarchy has such a cgroup. What else cannot be read is in the snapshot.
pub fn of_cgroup(path: &str, roots: &Roots, limits: &Limits) -> Result<Snapshot, SnapshotError> {
    let members = Members::cgroup(path, roots)?;
    take(members, Origin::Cgroup(path.to_owned()), roots, limits)
}

fn take(
    members: Members,
    origin: Origin,
    roots: &Roots,
    limits: &Limits,
) -> Result<Snapshot, SnapshotError> {
    let mut ledger = Ledger::new(limits);
    let taken_at = Timestamp::now();
    let (processes, folders) = read_members(&members, roots, &mut ledger)?;
    let host = namespaces::of_host(roots, &mut ledger);
    let mount_namespaces = mounts::of(&processes, &folders, &host, roots, &mut ledger);
    let mut processes: Vec<Process> = processes.into_values().collect();
    let sockets = sockets::join(&mut processes, &folders, roots, &mut ledger);
    Ok(Snapshot {
        version: Snapshot::VERSION,
        taken_at,
        origin,
        host_namespaces: host,
        processes,
        sockets,
        mount_namespaces,
        unobservable: ledger.into_unobservable(),
    })
}

type Folders = BTreeMap<u32, Folder>;

/// Lists and reads until no new process appears: whoever forks while it is looked at is seen.
fn read_members(
    members: &Members,
    roots: &Roots,
    ledger: &mut Ledger<'_>,
) -> Result<(BTreeMap<u32, Process>, Folders), SnapshotError> {
    let (mut processes, mut folders) = (BTreeMap::new(), Folders::new());
    let mut seen = BTreeSet::new();
    for pass in 0..PASSES_MAX {
        let new: Vec<u32> = members.list(roots, ledger)?.difference(&seen).copied().collect();
        if new.is_empty() {
            break;
        }
        if pass + 1 == PASSES_MAX {
            let detail = format!("{} since the last look", new.len());
            ledger.unseen(None, &roots.proc, Reason::Unstable, detail);
            break;
        }
        for pid in new {
            if processes.len() >= ledger.limits.processes_max {
                ledger.limit(None, &roots.proc, "processes_max");
                return Ok((processes, folders));
            }
            if ledger.is_late(&roots.proc) {
                return Ok((processes, folders));
            }
            seen.insert(pid);
            if let Some((process, folder)) = process::read(pid, members, roots, ledger) {
                processes.insert(pid, process);
                folders.insert(pid, folder);
            }
        }
    }
    Ok((processes, folders))
}

#[cfg(test)]
mod tests;
