//! Reading one process.

use rustix::io::Errno;

use super::folder::Folder;
use super::ledger::Ledger;
use super::members::Members;
use super::{Roots, descriptors, mappings, namespaces};
use crate::parse::link::{Link, link};
use crate::parse::stat::{Stat, stat};
use crate::parse::status::{Status, status};
use crate::process::{Executable, Namespaces, Process};
use crate::text::kept;
use crate::unobservable::Reason;

/// Programs that run a guest of which the host's /proc shows nothing: gVisor, Firecracker, QEMU
/// and Cloud Hypervisor under Kata.
const SANDBOXES: [&str; 4] = ["runsc", "firecracker", "cloud-hypervisor", "qemu-system-"];

/// Reads a process, or notes why it could not be. One that ends meanwhile leaves one entry.
pub(super) fn read(
    pid: u32,
    members: &Members,
    roots: &Roots,
    ledger: &mut Ledger<'_>,
) -> Option<(Process, Folder)> {
    let path = roots.proc.join(pid.to_string());
    let mark = ledger.mark();
    let read = Folder::open(path.clone()).and_then(|folder| {
        let process = read_all(pid, &folder, ledger)?;
        // Whoever became a zombie while it was read has let go of everything.
        let ended = stat_of(&folder)?.is_none_or(|now| is_zombie(&now) && process.state != 'Z');
        let member = members.confirm(&folder, ledger);
        if ended || !member { Err(Errno::SRCH) } else { Ok((process, folder)) }
    });
    match read {
        Ok(found) => Some(found),
        Err(Errno::NOENT | Errno::SRCH) => {
            ledger.rewind(mark);
            ledger.unseen(Some(pid), &path, Reason::Vanished, "");
            None
        }
        Err(errno) => {
            ledger.failed(Some(pid), &path, errno);
            None
        }
    }
}

fn stat_of(folder: &Folder) -> Result<Option<Stat>, Errno> {
    Ok(stat(&folder.read("stat", 4096)?.bytes))
}

fn is_zombie(stat: &Stat) -> bool {
    matches!(stat.state, 'Z' | 'X')
}

fn read_all(pid: u32, folder: &Folder, ledger: &mut Ledger<'_>) -> Result<Process, Errno> {
    let malformed = |ledger: &mut Ledger<'_>, name: &str| {
        ledger.unseen(Some(pid), &folder.path_of(name), Reason::Malformed, "");
        Errno::INVAL
    };
    let stat = stat_of(folder)?.ok_or_else(|| malformed(ledger, "stat"))?;
    let status = status(&folder.read("status", ledger.limits.file_bytes_max)?.bytes)
        .ok_or_else(|| malformed(ledger, "status"))?;
    let mut process = of_status(pid, &stat, status, ledger);
    if stat.kernel_thread {
        return Ok(process);
    }
    // A leader that ended while its threads go on is a zombie without a program or descriptors of
    // its own; what is still there is its threads'.
    let alive = match is_zombie(&stat) {
        true => descriptors::living_thread(folder, pid, ledger),
        false => None,
    };
    let source = alive.as_ref().unwrap_or(folder);
    process.descriptors = descriptors::of(folder, pid, is_zombie(&stat), ledger);
    if is_zombie(&stat) && alive.is_none() {
        return Ok(process);
    }
    process.namespaces = namespaces::of(source, pid, ledger);
    process.executable = executable(source, pid, ledger);
    process.working_directory = path_link(source, "cwd", pid, ledger);
    process.root = path_link(source, "root", pid, ledger);
    process.command = command(source, pid, ledger);
    process.mappings = mappings::of(source, pid, ledger);
    Ok(process)
}

fn of_status(pid: u32, stat: &Stat, status: Status, ledger: &Ledger<'_>) -> Process {
    Process {
        pid,
        parent: stat.parent,
        start_time: stat.start_time,
        name: kept(&stat.name, ledger.limits.text_bytes_max),
        state: stat.state,
        threads: stat.threads,
        executable: None,
        command: Vec::new(),
        working_directory: None,
        root: None,
        users: status.users,
        groups: status.groups,
        supplementary_groups: status.supplementary_groups,
        capabilities: status.capabilities,
        seccomp: status.seccomp,
        no_new_privs: status.no_new_privs,
        namespaces: Namespaces::new(),
        descriptors: Vec::new(),
        mappings: Vec::new(),
    }
}

fn executable(folder: &Folder, pid: u32, ledger: &mut Ledger<'_>) -> Option<Executable> {
    let bytes = match folder.link("exe") {
        Ok(bytes) => bytes,
        Err(errno) => {
            ledger.failed(Some(pid), &folder.path_of("exe"), errno);
            return None;
        }
    };
    let (path, deleted) = match link(&bytes) {
        Link::Path(path, deleted) => (kept(path, ledger.limits.text_bytes_max), deleted),
        Link::Memfd(name) => (format!("/memfd:{}", kept(name, ledger.limits.text_bytes_max)), true),
        _ => (kept(&bytes, ledger.limits.text_bytes_max), false),
    };
    let base = path.rsplit('/').next().unwrap_or_default();
    if SANDBOXES.iter().any(|sandbox| base.starts_with(sandbox)) {
        ledger.unseen(Some(pid), folder.path(), Reason::Sandboxed, base);
    }
    let identity = folder.look("exe").ok().map(|looked| looked.identity);
    Some(Executable { path, deleted, identity })
}

fn path_link(folder: &Folder, name: &str, pid: u32, ledger: &mut Ledger<'_>) -> Option<String> {
    match folder.link(name) {
        Ok(path) => Some(kept(&path, ledger.limits.text_bytes_max)),
        Err(errno) => {
            ledger.failed(Some(pid), &folder.path_of(name), errno);
            None
        }
    }
}

/// The arguments, each ended by a zero byte. The process may have written anything over them, so
/// that they are cut is no loss of sight.
fn command(folder: &Folder, pid: u32, ledger: &mut Ledger<'_>) -> Vec<String> {
    let limits = ledger.limits;
    let bytes_max = limits.arguments_max.saturating_mul(limits.text_bytes_max);
    let content = match folder.read("cmdline", bytes_max.min(limits.file_bytes_max)) {
        Ok(content) => content,
        Err(errno) => {
            ledger.failed(Some(pid), &folder.path_of("cmdline"), errno);
            return Vec::new();
        }
    };
    let bytes = content.bytes.strip_suffix(b"\0").unwrap_or(&content.bytes);
    if bytes.is_empty() {
        return Vec::new();
    }
    bytes
        .split(|&byte| byte == 0)
        .take(limits.arguments_max)
        .map(|argument| kept(argument, limits.text_bytes_max))
        .collect()
}
