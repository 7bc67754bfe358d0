//! Which namespaces a process is in.

use super::Roots;
use super::folder::Folder;
use super::ledger::Ledger;
use crate::parse::link::{Link, link};
use crate::parse::stat::stat;
use crate::process::{NamespaceKind, Namespaces};
use crate::unobservable::Reason;

/// Those of the host: of its first process, or, where that one may not be looked at, of the
/// kernel's first thread (which a /proc that is not the host's does not show).
pub(super) fn of_host(roots: &Roots, ledger: &mut Ledger<'_>) -> Namespaces {
    let mark = ledger.mark();
    let first = of_pid(1, roots, ledger);
    if ledger.mark() == mark {
        return first;
    }
    ledger.rewind(mark);
    if is_kernel_thread(2, roots) {
        let second = of_pid(2, roots, ledger);
        if ledger.mark() == mark {
            return second;
        }
        ledger.rewind(mark);
    }
    of_pid(1, roots, ledger)
}

fn of_pid(pid: u32, roots: &Roots, ledger: &mut Ledger<'_>) -> Namespaces {
    let path = roots.proc.join(pid.to_string());
    match Folder::open(path.clone()) {
        Ok(folder) => of(&folder, pid, ledger),
        Err(errno) => {
            ledger.failed(Some(pid), &path.join("ns"), errno);
            Namespaces::new()
        }
    }
}

fn is_kernel_thread(pid: u32, roots: &Roots) -> bool {
    let content =
        Folder::open(roots.proc.join(pid.to_string())).and_then(|folder| folder.read("stat", 4096));
    content.is_ok_and(|content| stat(&content.bytes).is_some_and(|stat| stat.kernel_thread))
}

/// Those of one process. A kind that the kernel does not have is left out; that one cannot be
/// read is noted.
pub(super) fn of(folder: &Folder, pid: u32, ledger: &mut Ledger<'_>) -> Namespaces {
    let mut namespaces = Namespaces::new();
    for kind in NamespaceKind::ALL {
        let name = format!("ns/{}", kind.as_str());
        match folder.link(&name) {
            Ok(bytes) => match link(&bytes) {
                Link::Namespace(_, inode) => _ = namespaces.insert(kind, inode),
                _ => ledger.unseen(Some(pid), &folder.path_of(&name), Reason::Malformed, ""),
            },
            Err(rustix::io::Errno::NOENT) if kind == NamespaceKind::Time => {} // Linux 5.6
            Err(errno) => ledger.failed(Some(pid), &folder.path_of(&name), errno),
        }
    }
    namespaces
}
