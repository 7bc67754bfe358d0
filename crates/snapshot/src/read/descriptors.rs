//! Reading the descriptors of a process: those that its threads share, and those of threads that
//! share theirs with nobody (`unshare(CLONE_FILES)`).

use std::collections::BTreeMap;
use std::path::Path;

use rustix::fs::FileType;
use rustix::io::Errno;

use super::folder::{Folder, Looked};
use super::ledger::Ledger;
use crate::descriptor::{Descriptor, Target};
use crate::parse::fdinfo::{Fdinfo, fdinfo};
use crate::parse::link::{Link, link};
use crate::text::kept;
use crate::unobservable::Reason;

/// What precedes the lists in `fdinfo`, which can be long (one line a file watched by an epoll).
const FDINFO_BYTES: usize = 1024;
/// An io_uring says how many files it holds behind the list of its requests.
const RING_FDINFO_BYTES: usize = 1 << 20;

/// Links by number, as the kernel says them.
type Links = BTreeMap<u32, Vec<u8>>;

/// The descriptors of a process and of its threads, by number. A leader that has ended has none
/// of its own.
pub(super) fn of(
    folder: &Folder,
    pid: u32,
    ended: bool,
    ledger: &mut Ledger<'_>,
) -> Vec<Descriptor> {
    let mut links = Links::new();
    let mut descriptors = Vec::new();
    if !ended {
        descriptors = table(folder, pid, None, &mut links, ledger);
    }
    for (thread, folder) in threads(folder, pid, ledger) {
        if ledger.is_late(folder.path()) {
            break;
        }
        descriptors.extend(of_thread(&folder, pid, thread, &mut links, ledger));
    }
    descriptors.sort_by_key(|descriptor| (descriptor.number, descriptor.thread));
    descriptors
}

/// A thread of a process whose leader has ended.
pub(super) fn living_thread(folder: &Folder, pid: u32, ledger: &mut Ledger<'_>) -> Option<Folder> {
    threads(folder, pid, ledger).into_iter().map(|(_, folder)| folder).next()
}

/// The threads but the leader.
fn threads(folder: &Folder, pid: u32, ledger: &mut Ledger<'_>) -> Vec<(u32, Folder)> {
    let listed = folder.sub("task").and_then(|task| {
        let (threads, whole) = task.numbers(ledger.limits.threads_max)?;
        Ok((task, threads, whole))
    });
    let (task, threads, whole) = match listed {
        Ok(listed) => listed,
        Err(errno) => {
            ledger.failed(Some(pid), &folder.path_of("task"), errno);
            return Vec::new();
        }
    };
    if !whole {
        ledger.limit(Some(pid), task.path(), "threads_max");
    }
    let open = |thread: u32| Some((thread, task.sub(&thread.to_string()).ok()?));
    threads.into_iter().filter(|thread| *thread != pid).filter_map(open).collect()
}

/// The descriptors of a thread that the process has not: there are none unless it has stopped
/// sharing. kcmp(2) would say so at once and takes unsafe code; comparing the links says it too,
/// and what was merely opened meanwhile is the process's anyway.
fn of_thread(
    folder: &Folder,
    pid: u32,
    thread: u32,
    known: &mut Links,
    ledger: &mut Ledger<'_>,
) -> Vec<Descriptor> {
    let Ok(files) = folder.sub("fd") else { return Vec::new() };
    let Ok((numbers, _)) = files.numbers(ledger.limits.descriptors_max) else { return Vec::new() };
    if ledger.thread_links_left < numbers.len() {
        ledger.limit(Some(pid), files.path(), "thread_links_max");
        return Vec::new();
    }
    ledger.thread_links_left -= numbers.len();
    let is_known = |number: &u32| {
        let shared = known.get(number);
        files.link(&number.to_string()).is_ok_and(|link| shared == Some(&link))
    };
    if numbers.iter().all(is_known) {
        return Vec::new();
    }
    let mut links = Links::new();
    let mut own = table(folder, pid, Some(thread), &mut links, ledger);
    own.retain(|found| known.get(&found.number) != links.get(&found.number));
    // The next thread may share with this one.
    for (number, link) in links {
        known.entry(number).or_insert(link);
    }
    own
}

/// Every descriptor of one table.
fn table(
    folder: &Folder,
    pid: u32,
    thread: Option<u32>,
    links: &mut Links,
    ledger: &mut Ledger<'_>,
) -> Vec<Descriptor> {
    let listed = folder.sub("fd").and_then(|files| {
        let (numbers, whole) = files.numbers(ledger.descriptors_left)?;
        Ok((files, numbers, whole))
    });
    let (files, numbers, whole) = match listed {
        Ok(listed) => listed,
        Err(errno) => {
            ledger.failed(Some(pid), &folder.path_of("fd"), errno);
            return Vec::new();
        }
    };
    if !whole {
        ledger.limit(Some(pid), files.path(), "descriptors_max");
    }
    ledger.descriptors_left -= numbers.len();
    let states = folder.sub("fdinfo");
    if let Err(errno) = &states {
        ledger.failed(Some(pid), &folder.path_of("fdinfo"), *errno);
    }
    let mut table = Table { pid, thread, files, states: states.ok(), closed: 0 };
    let mut descriptors = Vec::with_capacity(numbers.len());
    for number in numbers {
        if let Some((descriptor, link)) = table.descriptor(number, ledger) {
            descriptors.push(descriptor);
            links.insert(number, link);
        }
    }
    if table.closed > 0 {
        let detail = format!("{} descriptors were closed meanwhile", table.closed);
        ledger.unseen(Some(pid), table.files.path(), Reason::Vanished, detail);
    }
    descriptors
}

struct Table {
    pid: u32,
    thread: Option<u32>,
    files: Folder,
    states: Option<Folder>,
    closed: usize,
}

impl Table {
    fn descriptor(
        &mut self,
        number: u32,
        ledger: &mut Ledger<'_>,
    ) -> Option<(Descriptor, Vec<u8>)> {
        let name = number.to_string();
        let bytes = match self.files.link(&name) {
            Ok(bytes) => bytes,
            Err(Errno::NOENT | Errno::SRCH) => {
                self.closed += 1;
                return None;
            }
            Err(errno) => {
                ledger.failed(Some(self.pid), &self.files.path_of(&name), errno);
                return None;
            }
        };
        let looked = self.files.look(&name).ok();
        let target = target(&bytes, looked.as_ref(), ledger.limits.text_bytes_max);
        let state = self.state(&name, &target, ledger);
        let descriptor = Descriptor {
            number,
            thread: self.thread,
            target,
            mode: state.mode(),
            flags: state.flags,
            mount: state.mount,
            identity: looked.map(|looked| looked.identity),
        };
        Some((descriptor, bytes))
    }

    /// How it is open; what it holds that is no descriptor is noted.
    fn state(&mut self, name: &str, target: &Target, ledger: &mut Ledger<'_>) -> Fdinfo {
        let Some(states) = &self.states else { return Fdinfo::default() };
        let is_ring = matches!(target, Target::Anonymous { class } if class == "io_uring");
        let read = match is_ring {
            true => states.read(name, RING_FDINFO_BYTES).map(|content| content.bytes),
            false => states.head(name, FDINFO_BYTES),
        };
        let bytes = match read {
            Ok(bytes) => bytes,
            Err(errno) => {
                ledger.failed(Some(self.pid), &states.path_of(name), errno);
                return Fdinfo::default();
            }
        };
        let state = fdinfo(&bytes);
        let path = states.path_of(name);
        note_held(self.pid, &path, &state, is_ring, ledger);
        state
    }
}

fn note_held(pid: u32, path: &Path, state: &Fdinfo, is_ring: bool, ledger: &mut Ledger<'_>) {
    match state.ring_files {
        Some(0) => {}
        Some(count) => {
            ledger.unseen(Some(pid), path, Reason::IoUringFiles, format!("{count} files"));
        }
        None if is_ring => ledger.unseen(Some(pid), path, Reason::IoUringFiles, "not counted"),
        None => {}
    }
    if let Some(count) = state.descriptors_in_flight.filter(|count| *count > 0) {
        ledger.unseen(Some(pid), path, Reason::DescriptorsInFlight, count.to_string());
    }
}

fn target(bytes: &[u8], looked: Option<&Looked>, text_bytes_max: usize) -> Target {
    let text = |bytes: &[u8]| kept(bytes, text_bytes_max);
    let (path, deleted) = match link(bytes) {
        Link::Path(path, deleted) => (text(path), deleted),
        Link::Socket(inode) => return Target::Socket { inode },
        Link::Pipe(inode) => return Target::Pipe { inode },
        Link::Memfd(name) => return Target::Memfd { name: text(name) },
        Link::Namespace(class, inode) => return Target::Namespace { class: text(class), inode },
        Link::Anonymous(class) => return Target::Anonymous { class: text(class) },
        Link::Unknown(link) => return Target::Unknown { link: text(link) },
    };
    let Some(looked) = looked else { return Target::Path { path, deleted } };
    let device = |class: &str| format!("{class} {}", looked.stands_for);
    match looked.file_type {
        FileType::RegularFile => Target::File { path, deleted },
        FileType::Directory => Target::Directory { path, deleted },
        FileType::CharacterDevice => Target::Device { path, device: device("character") },
        FileType::BlockDevice => Target::Device { path, device: device("block") },
        FileType::Fifo => Target::Fifo { path },
        _ => Target::Path { path, deleted },
    }
}
