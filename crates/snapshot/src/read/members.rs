//! Who belongs to a snapshot: a process with its descendants, or the processes of a cgroup.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

use super::folder::{Folder, folders_in};
use super::ledger::Ledger;
use super::{Roots, SnapshotError};
use crate::parse;
use crate::unobservable::Reason;

/// Whom a snapshot is of.
pub(super) enum Members {
    /// A process and its descendants.
    Tree(u32),
    /// A cgroup: its path, and its folder in each hierarchy that has it.
    Cgroup(String, Vec<PathBuf>),
}

impl Members {
    pub(super) fn cgroup(path: &str, roots: &Roots) -> Result<Self, SnapshotError> {
        let mut parts = Path::new(path).components();
        let is_plain = parts.next() == Some(Component::RootDir)
            && parts.all(|part| matches!(part, Component::Normal(_)))
            && !path.split('/').any(|part| part == ".");
        if !is_plain {
            return Err(SnapshotError::CgroupPath(path.to_owned()));
        }
        // Version 2 is mounted at the root itself; version 1, and version 2 beside it, are
        // folders of the root, one a controller.
        let relative = path.trim_matches('/');
        let hierarchies = folders_in(&roots.cgroup);
        let folders: Vec<PathBuf> = std::iter::once(roots.cgroup.clone())
            .chain(hierarchies)
            .map(|hierarchy| hierarchy.join(relative))
            .filter(|folder| folder.join("cgroup.procs").exists())
            .collect();
        if folders.is_empty() {
            let (path, cgroup) = (path.to_owned(), roots.cgroup.clone());
            return Err(SnapshotError::NoCgroup { path, cgroup });
        }
        Ok(Self::Cgroup(format!("/{relative}"), folders))
    }

    /// The pids of the members at this moment.
    pub(super) fn list(
        &self,
        roots: &Roots,
        ledger: &mut Ledger<'_>,
    ) -> Result<BTreeSet<u32>, SnapshotError> {
        match self {
            Self::Tree(pid) => tree(*pid, roots),
            Self::Cgroup(_, folders) => Ok(in_cgroups(folders, ledger)),
        }
    }

    /// Whether a process that was listed is still a member, by its own account: between the list
    /// and the look its pid may have gone to another process.
    pub(super) fn confirm(&self, folder: &Folder, ledger: &Ledger<'_>) -> bool {
        let Self::Cgroup(path, _) = self else { return true };
        if path == "/" {
            return true;
        }
        // What cannot be read cannot contradict.
        let Ok(content) = folder.read("cgroup", ledger.limits.file_bytes_max) else { return true };
        let below = format!("{path}/");
        let text = String::from_utf8_lossy(&content.bytes);
        // A reader in a cgroup namespace of its own sees `/../..` before the path.
        text.lines().any(|line| line.ends_with(path.as_str()) || line.contains(&below))
    }
}

/// The process and all whose parent, or parent's parent, …, it is.
fn tree(pid: u32, roots: &Roots) -> Result<BTreeSet<u32>, SnapshotError> {
    let proc = || roots.proc.clone();
    Folder::open(roots.proc.join(pid.to_string())).map_err(|source| SnapshotError::Process {
        pid,
        proc: proc(),
        source,
    })?;
    let (pids, _) = Folder::open(proc())
        .and_then(|folder| folder.numbers(usize::MAX))
        .map_err(|source| SnapshotError::Processes { proc: proc(), source })?;
    let mut children: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for child in pids {
        if let Some(parent) = parent_of(child, roots) {
            children.entry(parent).or_default().push(child);
        }
    }
    let (mut members, mut next) = (BTreeSet::from([pid]), vec![pid]);
    while let Some(parent) = next.pop() {
        // Whatever the table says, nobody is visited twice.
        let born = children.remove(&parent).unwrap_or_default();
        next.extend(born.into_iter().filter(|child| members.insert(*child)));
    }
    Ok(members)
}

fn parent_of(pid: u32, roots: &Roots) -> Option<u32> {
    let folder = Folder::open(roots.proc.join(pid.to_string())).ok()?;
    Some(parse::stat::stat(&folder.head("stat", 4096).ok()?)?.parent)
}

/// The union over every hierarchy and all cgroups below: a process may be in a cgroup of one
/// controller and not of another.
fn in_cgroups(folders: &[PathBuf], ledger: &mut Ledger<'_>) -> BTreeSet<u32> {
    let mut pids = BTreeSet::new();
    let mut next: Vec<PathBuf> = folders.to_vec();
    let mut visited = 0;
    while let Some(path) = next.pop() {
        visited += 1;
        if visited > ledger.limits.cgroups_max.saturating_mul(folders.len()) {
            ledger.limit(None, &path, "cgroups_max");
            break;
        }
        pids_of(&path, &mut pids, ledger);
        next.extend(folders_in(&path));
    }
    pids
}

fn pids_of(path: &Path, pids: &mut BTreeSet<u32>, ledger: &mut Ledger<'_>) {
    let file = path.join("cgroup.procs");
    let bytes_max = ledger.limits.file_bytes_max;
    let content = Folder::open(path.to_owned()).and_then(|at| at.read("cgroup.procs", bytes_max));
    let content = match content {
        Ok(content) => content,
        // A cgroup that was removed meanwhile has no processes.
        Err(rustix::io::Errno::NOENT | rustix::io::Errno::NODEV) => return,
        Err(errno) => return ledger.failed(None, &file, errno),
    };
    if content.cut {
        ledger.limit(None, &file, "file_bytes_max");
    }
    for line in String::from_utf8_lossy(&content.bytes).lines() {
        match line.trim().parse() {
            // 0 is a process outside of the reader's pid namespace.
            Ok(0) => ledger.unseen(None, &file, Reason::Denied, "in another pid namespace"),
            Ok(pid) => _ = pids.insert(pid),
            Err(_) => ledger.unseen(None, &file, Reason::Malformed, ""),
        }
    }
}
