//! Joining sockets to descriptors: by inode, in the tables of the holder's own network namespace.

mod found;

use std::collections::{BTreeMap, BTreeSet};

use rustix::io::Errno;

use super::folder::Folder;
use super::ledger::Ledger;
use super::{Folders, Roots};
use crate::descriptor::Target;
use crate::parse::link::{Link, link};
use crate::parse::sockets::{TABLES, socket_line};
use crate::process::{NamespaceKind, Process};
use crate::socket::Socket;
use crate::unobservable::Reason;
use found::Found;

/// Who holds a socket: the first descriptor of it, and every network namespace it is held in.
pub(super) struct Held {
    pid: u32,
    /// Its descriptor, below the process's folder.
    entry: String,
    namespaces: BTreeSet<u64>,
}

/// The sockets of all descriptors, by inode. A descriptor whose socket was closed before it could
/// be looked up is taken out of its process, and that is noted.
pub(super) fn join(
    processes: &mut [Process],
    folders: &Folders,
    roots: &Roots,
    ledger: &mut Ledger<'_>,
) -> Vec<Socket> {
    let held = held_by(processes);
    if held.is_empty() {
        return Vec::new();
    }
    let own = namespaces_of(processes);
    let mut found = Found::default();
    let mut missing = BTreeMap::new();
    // Twice: a table is not read in one moment, and a socket may just have been bound.
    for _ in 0..2 {
        for (namespace, pids) in &own {
            let names = tables_by(pids, *namespace, &held, folders, &mut found, ledger);
            missing.insert(*namespace, names);
        }
        if found.has_all(held.keys()) {
            break;
        }
    }
    let closed = closed_since(&held, &found, folders);
    for process in processes.iter_mut() {
        forget(process, &closed, ledger);
    }
    let open: BTreeMap<u64, Held> =
        held.into_iter().filter(|(inode, _)| !closed.contains(inode)).collect();
    if !found.has_all(open.keys()) {
        elsewhere(&own, &open, roots, &mut found, ledger);
    }
    note_missing_tables(&open, &found, &missing, folders, ledger);
    open.iter().map(|(inode, held)| found.socket(*inode, held, folders, ledger)).collect()
}

fn held_by(processes: &[Process]) -> BTreeMap<u64, Held> {
    let mut held: BTreeMap<u64, Held> = BTreeMap::new();
    for process in processes {
        for descriptor in &process.descriptors {
            let Target::Socket { inode } = descriptor.target else { continue };
            let number = descriptor.number;
            let entry = match descriptor.thread {
                Some(thread) => format!("task/{thread}/fd/{number}"),
                None => format!("fd/{number}"),
            };
            let first = || Held { pid: process.pid, entry, namespaces: BTreeSet::new() };
            let namespaces = &mut held.entry(inode).or_insert_with(first).namespaces;
            namespaces.extend(process.namespaces.get(&NamespaceKind::Net));
        }
    }
    held
}

/// The processes in each network namespace.
fn namespaces_of(processes: &[Process]) -> BTreeMap<u64, Vec<u32>> {
    let mut namespaces: BTreeMap<u64, Vec<u32>> = BTreeMap::new();
    for process in processes {
        if let Some(namespace) = process.namespaces.get(&NamespaceKind::Net) {
            namespaces.entry(*namespace).or_default().push(process.pid);
        }
    }
    namespaces
}

/// Reads the tables of a namespace through the first of its processes that outlives the reading.
fn tables_by(
    pids: &[u32],
    namespace: u64,
    held: &BTreeMap<u64, Held>,
    folders: &Folders,
    found: &mut Found,
    ledger: &mut Ledger<'_>,
) -> Vec<&'static str> {
    let mark = ledger.mark();
    let mut missing = Vec::new();
    for pid in pids {
        let Some(folder) = folders.get(pid) else { continue };
        // What could not be read through one that has ended is read through the next.
        ledger.rewind(mark);
        missing = tables(folder, *pid, namespace, held, found, ledger);
        if folder.link("ns/net").is_ok() {
            break;
        }
    }
    missing
}

/// Reads every table of one namespace, keeping only what is held; gives the tables that the
/// kernel does not have.
fn tables(
    folder: &Folder,
    pid: u32,
    namespace: u64,
    held: &BTreeMap<u64, Held>,
    found: &mut Found,
    ledger: &mut Ledger<'_>,
) -> Vec<&'static str> {
    let limits = ledger.limits;
    let mut missing = Vec::new();
    for (name, table) in TABLES {
        let file = format!("net/{name}");
        if ledger.is_late(&folder.path_of(&file)) {
            break;
        }
        let mut heading = true;
        found.begin();
        let read = folder.lines(&file, limits.table_bytes_max, limits.line_bytes_max, |line| {
            let line = if std::mem::take(&mut heading) { None } else { socket_line(table, line) };
            if let Some(line) = line.filter(|line| held.contains_key(&line.inode)) {
                found.add(namespace, line);
            }
        });
        let path = folder.path_of(&file);
        match read {
            Ok(true) => {}
            Ok(false) => ledger.limit(Some(pid), &path, "table_bytes_max"),
            Err(Errno::NOENT) => missing.push(name),
            Err(errno) => ledger.failed(Some(pid), &path, errno),
        }
    }
    missing
}

/// The sockets that were not found because nobody holds them any more.
fn closed_since(held: &BTreeMap<u64, Held>, found: &Found, folders: &Folders) -> BTreeSet<u64> {
    let is_closed = |inode: u64, held: &Held| {
        let now = folders.get(&held.pid).map(|folder| folder.link(&held.entry));
        !matches!(now, Some(Ok(bytes)) if link(&bytes) == Link::Socket(inode))
    };
    held.iter()
        .filter(|(inode, held)| !found.has(**inode) && is_closed(**inode, held))
        .map(|(inode, _)| *inode)
        .collect()
}

fn forget(process: &mut Process, closed: &BTreeSet<u64>, ledger: &mut Ledger<'_>) {
    let before = process.descriptors.len();
    process.descriptors.retain(|descriptor| {
        !matches!(&descriptor.target, Target::Socket { inode } if closed.contains(inode))
    });
    let count = before - process.descriptors.len();
    if count > 0 {
        let path = std::path::PathBuf::from(format!("{}/fd", process.pid));
        let detail = format!("{count} sockets were closed meanwhile");
        ledger.unseen(Some(process.pid), &path, Reason::Vanished, detail);
    }
}

/// Looks for the rest in every other network namespace that has a process.
fn elsewhere(
    own: &BTreeMap<u64, Vec<u32>>,
    held: &BTreeMap<u64, Held>,
    roots: &Roots,
    found: &mut Found,
    ledger: &mut Ledger<'_>,
) {
    let mut known: BTreeSet<u64> = own.keys().copied().collect();
    let pids = Folder::open(roots.proc.clone()).and_then(|folder| folder.numbers(usize::MAX));
    for pid in pids.map(|(pids, _)| pids).unwrap_or_default() {
        let path = roots.proc.join(pid.to_string());
        let Ok(folder) = Folder::open(path) else { continue };
        let Ok(bytes) = folder.link("ns/net") else { continue };
        let Link::Namespace(_, namespace) = link(&bytes) else { continue };
        if !known.insert(namespace) {
            continue;
        }
        if known.len() > ledger.limits.namespaces_max + own.len() {
            return ledger.limit(None, folder.path(), "namespaces_max");
        }
        tables(&folder, pid, namespace, held, found, ledger);
        if found.has_all(held.keys()) || ledger.is_late(folder.path()) {
            return;
        }
    }
}

/// A table that the kernel lacks (IPv6 switched off, a module not loaded) hides nothing as long as
/// every socket was found in another. TCP, UDP and the Unix domain are never lacking.
fn note_missing_tables(
    held: &BTreeMap<u64, Held>,
    found: &Found,
    missing: &BTreeMap<u64, Vec<&'static str>>,
    folders: &Folders,
    ledger: &mut Ledger<'_>,
) {
    for (namespace, names) in missing {
        let mut lost = held
            .iter()
            .filter(|(inode, held)| held.namespaces.contains(namespace) && !found.has(**inode));
        let any_lost = lost.next().is_some();
        let holder = held.values().find(|held| held.namespaces.contains(namespace));
        let Some(pid) = holder.map(|held| held.pid) else { continue };
        let Some(folder) = folders.get(&pid) else { continue };
        for name in names.iter().filter(|name| any_lost || ["tcp", "udp", "unix"].contains(name)) {
            ledger.failed(Some(pid), &folder.path_of(&format!("net/{name}")), Errno::NOENT);
        }
    }
}
