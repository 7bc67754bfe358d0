//! Reading what is mounted, and finding where the host sees the same.

use std::collections::BTreeMap;

use rustix::io::Errno;

use super::folder::Folder;
use super::ledger::Ledger;
use super::{Folders, Roots};
use crate::mount::{Mount, MountNamespace};
use crate::parse::mountinfo::{MountLine, mount_line};
use crate::process::{NamespaceKind, Namespaces, Process};
use crate::text::kept;
use crate::unobservable::Reason;

/// The mounts of each mount namespace, once for each root that processes see it from.
pub(super) fn of(
    processes: &BTreeMap<u32, Process>,
    folders: &Folders,
    host: &Namespaces,
    roots: &Roots,
    ledger: &mut Ledger<'_>,
) -> Vec<MountNamespace> {
    let mut seen: BTreeMap<(u64, Option<&str>), (u32, &Folder)> = BTreeMap::new();
    for (pid, process) in processes {
        let inode = process.namespaces.get(&NamespaceKind::Mnt);
        if let (Some(inode), Some(folder)) = (inode, folders.get(pid)) {
            seen.entry((*inode, process.root.as_deref())).or_insert((*pid, folder));
        }
    }
    let host_lines = match Folder::open(roots.proc.join("1")) {
        Ok(folder) => lines(&folder, 1, ledger),
        Err(errno) => {
            ledger.failed(Some(1), &roots.proc.join("1/mountinfo"), errno);
            Vec::new()
        }
    };
    seen.into_iter()
        .map(|((inode, _), (pid, folder))| {
            let is_host = host.get(&NamespaceKind::Mnt) == Some(&inode);
            let hosts: &[MountLine] = if is_host { &[] } else { &host_lines };
            let text_bytes_max = ledger.limits.text_bytes_max;
            let mounts = lines(folder, pid, ledger)
                .into_iter()
                .map(|line| mount(line, hosts, text_bytes_max))
                .collect();
            MountNamespace { inode, pid, mounts }
        })
        .collect()
}

fn lines(folder: &Folder, pid: u32, ledger: &mut Ledger<'_>) -> Vec<MountLine> {
    let limits = ledger.limits;
    let (mut mounts, mut malformed, mut full) = (Vec::new(), false, false);
    // A line holds two paths and the options of an overlay with many layers.
    let line_bytes_max = limits.line_bytes_max * 8;
    let read = folder.lines("mountinfo", limits.file_bytes_max, line_bytes_max, |line| {
        match mount_line(line) {
            Some(_) if mounts.len() >= limits.mounts_max => full = true,
            Some(mount) => mounts.push(mount),
            None => malformed = true,
        }
    });
    let path = folder.path_of("mountinfo");
    match read {
        Ok(whole) if !whole => ledger.limit(Some(pid), &path, "file_bytes_max"),
        Ok(_) => {}
        Err(Errno::NOENT | Errno::SRCH) => {
            ledger.unseen(Some(pid), &path, Reason::Vanished, "");
        }
        Err(errno) => ledger.failed(Some(pid), &path, errno),
    }
    if malformed {
        ledger.unseen(Some(pid), &path, Reason::Malformed, "");
    }
    if full {
        ledger.limit(Some(pid), &path, "mounts_max");
    }
    mounts
}

fn mount(line: MountLine, hosts: &[MountLine], text_bytes_max: usize) -> Mount {
    let text = |bytes: &[u8]| kept(bytes, text_bytes_max);
    Mount {
        id: line.id,
        root: text(&line.root),
        mount_point: text(&line.mount_point),
        read_only: line.read_only,
        fs_type: text(&line.fs_type),
        source: text(&line.source),
        propagation: line.propagation,
        host_path: host_path(&line, hosts).map(|path| text(&path)),
        device: line.device,
    }
}

/// Where the host sees the folder that is mounted: through a mount of the same filesystem that
/// shows the folder or one above it. The container cannot make this up, as it could a name.
fn host_path(line: &MountLine, hosts: &[MountLine]) -> Option<Vec<u8>> {
    let beyond = |host: &MountLine| {
        let rest = line.root.strip_prefix(host.root.as_slice())?;
        let is_below = rest.is_empty() || rest.starts_with(b"/") || host.root.ends_with(b"/");
        is_below.then(|| rest.to_vec())
    };
    let (host, rest) = hosts
        .iter()
        .filter(|host| host.device == line.device)
        .filter_map(|host| Some((host, beyond(host)?)))
        .min_by_key(|(host, rest)| (rest.len(), host.mount_point.len()))?;
    let mut path = host.mount_point.clone();
    for part in rest.split(|&byte| byte == b'/').filter(|part| !part.is_empty()) {
        if !path.ends_with(b"/") {
            path.push(b'/');
        }
        path.extend_from_slice(part);
    }
    Some(path)
}
