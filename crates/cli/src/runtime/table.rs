//! A snapshot as a person reads it: one block a process, one line a thing that it holds, and at
//! the end what could not be seen.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use snapshot::{AccessMode, Descriptor, Process, Snapshot, Target, printable};

/// The snapshot, coloured; whoever prints it strips colour where it does not belong.
pub(crate) fn snapshot(snapshot: &Snapshot) -> String {
    let mut text = String::new();
    for process in &snapshot.processes {
        heading(&mut text, process);
        for descriptor in &process.descriptors {
            line(&mut text, snapshot, descriptor);
        }
        text.push('\n');
    }
    footing(&mut text, snapshot);
    text
}

fn heading(text: &mut String, process: &Process) {
    let bold = Style::new().bold();
    let command = match process.command.is_empty() {
        true => format!("[{}]", process.name),
        false => process.command.join(" "),
    };
    // Writing to a String cannot fail.
    let _ = writeln!(text, "{bold}{}{bold:#}  {}", process.pid, printable(&command));
    let program = process.executable.as_ref().map_or("?".to_owned(), |executable| {
        let gone = if executable.deleted { " (deleted)" } else { "" };
        format!("{}{gone}", printable(&executable.path))
    });
    let ids = process.users.all().map(|id| id.to_string()).join("/");
    let capabilities = match process.capabilities.effective.len() {
        0 => "no capabilities".to_owned(),
        1..=3 => process.capabilities.effective.join(" "),
        count => format!("{count} capabilities"),
    };
    let seccomp = process.seccomp.map_or("unknown".to_owned(), |mode| format!("{mode:?}"));
    let no_new_privs = match process.no_new_privs {
        Some(true) => "no new privileges",
        Some(false) => "new privileges possible",
        None => "new privileges unknown",
    };
    let seccomp = seccomp.to_lowercase();
    let _ = writeln!(
        text,
        "  {program}  user {ids}  {capabilities}  seccomp {seccomp}  {no_new_privs}"
    );
}

fn line(text: &mut String, snapshot: &Snapshot, descriptor: &Descriptor) {
    let access = match descriptor.mode {
        Some(AccessMode::Read) => "r",
        Some(AccessMode::Write) => "w",
        Some(AccessMode::ReadWrite) => "u",
        Some(AccessMode::None) => "-",
        None => "?",
    };
    let number = format!("{}{access}", descriptor.number);
    let what = printable(&what(snapshot, &descriptor.target));
    let thread = descriptor.thread.map(|thread| format!("  (thread {thread} alone)"));
    let kind = descriptor.target.kind();
    let _ = writeln!(text, "  {number:>6}  {kind:<10} {what}{}", thread.unwrap_or_default());
}

fn what(snapshot: &Snapshot, target: &Target) -> String {
    let path = |path: &str, deleted: bool| match deleted {
        true => format!("{path} (deleted)"),
        false => path.to_owned(),
    };
    match target {
        Target::File { path: at, deleted }
        | Target::Directory { path: at, deleted }
        | Target::Path { path: at, deleted } => path(at, *deleted),
        Target::Device { path, device } => format!("{path}  {device}"),
        Target::Fifo { path } => path.clone(),
        Target::Socket { inode } => {
            let socket = snapshot.socket(*inode).map(ToString::to_string);
            socket.unwrap_or_else(|| inode.to_string())
        }
        Target::Pipe { inode } => inode.to_string(),
        Target::Memfd { name } => name.clone(),
        Target::Namespace { class, inode } => format!("{class} {inode}"),
        Target::Anonymous { class } => class.clone(),
        Target::Unknown { link } => link.clone(),
    }
}

fn footing(text: &mut String, snapshot: &Snapshot) {
    let yellow = Style::new().fg_color(Some(AnsiColor::Yellow.into()));
    for unseen in &snapshot.unobservable {
        let detail = match unseen.detail.as_str() {
            "" => String::new(),
            detail => format!(" ({})", printable(detail)),
        };
        let path = printable(&unseen.path);
        let _ = writeln!(text, "{yellow}not seen:{yellow:#} {path}: {}{detail}", unseen.reason);
    }
    let descriptors: usize =
        snapshot.processes.iter().map(|process| process.descriptors.len()).sum();
    let _ = writeln!(
        text,
        "{} processes, {descriptors} descriptors, {} sockets, {} not seen",
        snapshot.processes.len(),
        snapshot.sockets.len(),
        snapshot.unobservable.len()
    );
}
