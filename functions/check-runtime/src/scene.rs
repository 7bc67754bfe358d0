//! What the rules look at: a snapshot, and what its function may do.

use policy::{PathPattern, RuntimeAllowance};
use snapshot::{
    Descriptor, NamespaceKind, Process, Protocol, Snapshot, Socket, SocketState, Target, printable,
};
use verdict::{Finding, Location, Rule};

/// How many pids or paths a finding names.
const NAMED_MAX: usize = 8;
/// How much of a container's text a finding shows.
const SHOWN_MAX: usize = 160;

/// One snapshot and the allowance that it is judged by.
pub(crate) struct Scene<'a> {
    pub(crate) snapshot: &'a Snapshot,
    pub(crate) allowance: &'a RuntimeAllowance,
    pub(crate) function: Option<&'a str>,
}

impl<'a> Scene<'a> {
    /// The processes that still run something.
    pub(crate) fn living(&self) -> impl Iterator<Item = &'a Process> {
        self.snapshot.processes.iter().filter(|process| !matches!(process.state, 'Z' | 'X'))
    }

    /// Every descriptor with its process; a zombie whose threads go on has some too.
    pub(crate) fn descriptors(&self) -> impl Iterator<Item = (&'a Process, &'a Descriptor)> {
        let of = |process: &'a Process| {
            process.descriptors.iter().map(move |descriptor| (process, descriptor))
        };
        self.snapshot.processes.iter().flat_map(of)
    }

    /// Who holds a socket: `pid 7 (nginx) fd 3`, and the first one's pid.
    pub(crate) fn holders(&self, inode: u64) -> (Option<u32>, String) {
        let holders: Vec<_> = self
            .descriptors()
            .filter(
                |(_, held)| matches!(&held.target, Target::Socket { inode: own } if *own == inode),
            )
            .map(|(process, held)| (process.pid, format!("{} fd {}", who(process), held.number)))
            .collect();
        let pid = holders.first().map(|(pid, _)| *pid);
        (pid, named(holders.into_iter().map(|(_, text)| text)))
    }

    /// Whether a process shares this namespace with the host, where both are known.
    pub(crate) fn shares(&self, process: &Process, kind: NamespaceKind) -> bool {
        let host = self.snapshot.host_namespaces.get(&kind);
        host.is_some() && process.namespaces.get(&kind) == host
    }

    /// A finding about a socket.
    pub(crate) fn of_socket(&self, rule: &Rule, title: &str, socket: &Socket) -> Finding {
        let (pid, holders) = self.holders(socket.inode);
        Finding::new(rule, format!("{title}: {}", shown(&socket.to_string())))
            .detail(format!("held by {holders}"))
            .location(Location { pid, ..Location::default() })
    }

    /// What to write into policy.yml so that something is allowed.
    pub(crate) fn allow(&self, key: &str, line: &str) -> String {
        let entry = match self.function {
            Some(function) => format!("functions: {function:?}:"),
            None => "defaults:".to_owned(),
        };
        let line = printable(line);
        format!(
            "if this is meant to be, add `{line}` to `{key}:` under `runtime: {entry}` in \
             policy.yml (a list there replaces the default one); else look at how it came about"
        )
    }

    /// What to write into policy.yml so that a hardening is not asked for.
    pub(crate) fn relax(&self, key: &str) -> String {
        let entry = match self.function {
            Some(function) => format!("functions: {function:?}:"),
            None => "defaults:".to_owned(),
        };
        format!("or say `{key}: ignored` under `runtime: {entry}` in policy.yml")
    }
}

/// `pid 7 (nginx)`.
pub(crate) fn who(process: &Process) -> String {
    format!("pid {} ({})", process.pid, shown(&process.name))
}

/// The first few, and how many more there are.
pub(crate) fn named(texts: impl Iterator<Item = String>) -> String {
    let texts: Vec<String> = texts.collect();
    let more = texts.len().saturating_sub(NAMED_MAX);
    let mut named = texts.into_iter().take(NAMED_MAX).collect::<Vec<_>>().join(", ");
    if more > 0 {
        named.push_str(&format!(" and {more} more"));
    }
    named
}

/// A container's text, harmless and short enough for a line.
pub(crate) fn shown(text: &str) -> String {
    let mut shown = printable(text);
    if let Some((end, _)) = shown.char_indices().nth(SHOWN_MAX) {
        shown.truncate(end);
        shown.push('…');
    }
    shown
}

/// A path of the container as a glob that matches only it.
pub(crate) fn literal(path: &str) -> String {
    let mut literal = String::with_capacity(path.len());
    for character in path.chars() {
        if matches!(character, '*' | '?' | '[' | ']' | '{' | '}' | '\\') {
            literal.push('\\');
        }
        literal.push(character);
    }
    literal
}

/// Whether any of the patterns covers the path.
pub(crate) fn covers(patterns: &[PathPattern], path: &str) -> bool {
    patterns.iter().any(|pattern| pattern.is_match(path))
}

/// Whether a socket waits for others. A bound datagram socket without a peer does.
pub(crate) fn is_listener(socket: &Socket) -> bool {
    match (socket.protocol, socket.state) {
        (Protocol::Tcp | Protocol::UnixStream | Protocol::UnixSeqpacket, state) => {
            state == SocketState::Listen
        }
        (Protocol::Udp | Protocol::Udplite | Protocol::UnixDatagram, state) => {
            state == SocketState::Unconnected && socket.peer.is_none() && socket.local.is_some()
        }
        _ => false,
    }
}
