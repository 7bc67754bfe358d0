//! A snapshot of a live process equals what lsof and ss list for it, and says what they do not see.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod runtime;

use std::collections::BTreeSet;
use std::net::IpAddr;

use runtime::{Held, output};
use snapshot::{
    AccessMode, Descriptor, Endpoint, Limits, Protocol, Reason, Roots, Snapshot, Socket,
    SocketPlace, SocketState, Target,
};

fn snapshot_of(pid: u32) -> Snapshot {
    snapshot::of_process(pid, &Roots::default(), &Limits::default()).unwrap()
}

/// Descriptor, kind, inode where it tells, name, and how it is open; as lsof has it.
type Row = (String, String, String);

#[test]
fn descriptors_equal_what_lsof_lists() {
    let folder = tempfile::tempdir().unwrap();
    let held = Held::start(include_str!("runtime/holder.py"), folder.path());
    let listed = lsof_rows(&output("lsof", &lsof_arguments(&held.pid().to_string())));
    let snapshot = snapshot_of(held.pid());
    assert_eq!(snapshot.unobservable, []);
    let process = &snapshot.processes[0];
    let mut seen: BTreeSet<Row> =
        process.descriptors.iter().map(|descriptor| row(&snapshot, descriptor)).collect();
    let own = |field: &str, kind: &str, name: &str| (field.into(), kind.into(), name.into());
    let executable = process.executable.as_ref().unwrap();
    seen.insert(own("cwd", "DIR", process.working_directory.as_ref().unwrap()));
    seen.insert(own("rtd", "DIR", process.root.as_ref().unwrap()));
    seen.insert(own("txt", "REG", &executable.path));
    let program = &executable.path;
    for mapping in process.mappings.iter().filter(|mapping| mapping.path != *program) {
        seen.insert(own("mem", "REG", &mapping.path));
    }
    assert_eq!(seen, listed);
    assert!(seen.len() > 35);
}

fn lsof_arguments(pid: &str) -> [&str; 7] {
    ["-p", pid, "-n", "-P", "-w", "-F", "ftnaidT"]
}

/// One row for each `f` field and those that follow it (lsof(8), OUTPUT FOR OTHER PROGRAMS).
fn lsof_rows(text: &str) -> BTreeSet<Row> {
    let mut rows = BTreeSet::new();
    for record in text.split("\nf").skip(1) {
        let mut lines = record.lines();
        let descriptor = lines.next().unwrap();
        let mut fields = std::collections::BTreeMap::new();
        for line in lines {
            fields.entry(&line[..1]).or_insert(&line[1..]);
        }
        let field = |name: &str| *fields.get(name).unwrap_or(&"");
        let (kind, name) = (field("t"), field("n"));
        let named = match kind {
            "IPv4" | "IPv6" => format!("{} {name}", field("d")),
            "pack" => field("d").to_owned(),
            "unix" => format!("{} {name} ({})", field("i"), field("T").trim_start_matches("ST=")),
            "netlink" | "raw" => field("i").to_owned(),
            "FIFO" if name == "pipe" => format!("{} pipe", field("i")),
            // [eventfd:6], [eventpoll:3,4]
            "a_inode" => name.split(':').next().unwrap().trim_matches(['[', ']']).to_owned(),
            _ => name.to_owned(),
        };
        let kind = if kind.starts_with("IPv") { "inet" } else { kind };
        rows.insert((format!("{descriptor}{}", field("a").trim()), kind.to_owned(), named));
    }
    rows
}

fn row(snapshot: &Snapshot, descriptor: &Descriptor) -> Row {
    let access = match descriptor.mode {
        Some(AccessMode::Read) => "r",
        Some(AccessMode::Write) => "w",
        Some(AccessMode::ReadWrite) => "u",
        _ => "",
    };
    let deleted = |path: &str, deleted: bool| match deleted {
        true => format!("{path} (deleted)"),
        false => path.to_owned(),
    };
    let (kind, name) = match &descriptor.target {
        Target::File { path, deleted: gone } => ("REG", deleted(path, *gone)),
        Target::Directory { path, deleted: gone } => ("DIR", deleted(path, *gone)),
        Target::Device { path, .. } => ("CHR", path.clone()),
        Target::Fifo { path } => ("FIFO", path.clone()),
        Target::Pipe { inode } => ("FIFO", format!("{inode} pipe")),
        Target::Memfd { name } => ("REG", format!("/memfd:{name} (deleted)")),
        Target::Namespace { class, .. } => ("REG", class.clone()),
        Target::Anonymous { class } => ("a_inode", class.clone()),
        Target::Socket { inode } => socket_row(snapshot.socket(*inode).unwrap()),
        other => ("?", other.kind().to_owned()),
    };
    (format!("{}{access}", descriptor.number), kind.to_owned(), name)
}

fn socket_row(socket: &Socket) -> (&'static str, String) {
    let inet = |endpoint: &Endpoint| match endpoint {
        Endpoint::Inet { address, port } if address.is_unspecified() => format!("*:{port}"),
        other => other.to_string(),
    };
    let local = socket.local.as_ref().map(inet).unwrap_or_default();
    let inode = socket.inode;
    match socket.protocol {
        Protocol::Tcp | Protocol::Udp => {
            let peer = socket.peer.as_ref().map(|peer| format!("->{}", inet(peer)));
            ("inet", format!("{inode} {local}{}", peer.unwrap_or_default()))
        }
        Protocol::Netlink => ("netlink", inode.to_string()),
        Protocol::Raw => ("raw", inode.to_string()),
        Protocol::Packet => ("pack", inode.to_string()),
        _ => {
            let kind = match socket.protocol {
                Protocol::UnixStream => "STREAM",
                Protocol::UnixDatagram => "DGRAM",
                _ => "SEQPACKET",
            };
            let state = match socket.state {
                SocketState::Listen => "LISTEN",
                SocketState::Established => "CONNECTED",
                _ => "UNCONNECTED",
            };
            let name = format!("{local} type={kind} ({state})");
            ("unix", format!("{inode} {}", name.trim_start()))
        }
    }
}

#[test]
fn sockets_equal_what_ss_lists() {
    let folder = tempfile::tempdir().unwrap();
    let held = Held::start(include_str!("runtime/holder.py"), folder.path());
    let mine = format!("pid={},", held.pid());
    let listed: BTreeSet<String> =
        output("ss", &["-H", "-t", "-u", "-a", "-n", "-x", "-p", "-w", "-0"])
            .lines()
            .filter(|line| line.contains(&mine))
            .map(ss_row)
            .collect();
    let snapshot = snapshot_of(held.pid());
    let seen: BTreeSet<String> = snapshot
        .sockets
        .iter()
        .filter(|socket| socket.protocol != Protocol::Netlink) // which ss lists apart
        .map(ss_row_of)
        .collect();
    assert_eq!(seen, listed);
    assert_eq!(seen.len(), 19);
}

/// `kind state local > peer`, of one line of `ss -H -tuanxpw0`.
fn ss_row(line: &str) -> String {
    let fields: Vec<&str> = line.split_whitespace().collect();
    let (kind, state) = (fields[0], fields[1]);
    match kind {
        "tcp" | "udp" | "raw" => {
            let (local, peer) = (ss_endpoint(fields[4]), ss_endpoint(fields[5]));
            format!("{kind} {state} {} > {}", local.unwrap(), peer.unwrap_or_default())
        }
        "p_raw" => format!("{kind} {state}"),
        _ => format!("{kind} {state} {} {}", fields[4], fields[5]),
    }
}

/// `[::ffff:127.0.0.1]:80` is `127.0.0.1:80`, and `*:80` is both families' wildcard, `[::]:80`.
fn ss_endpoint(text: &str) -> Option<String> {
    let (address, port) = text.rsplit_once(':').unwrap();
    let address = match address.trim_matches(['[', ']']).split('%').next().unwrap() {
        "*" => "::",
        address => address,
    };
    let address = address.parse::<IpAddr>().unwrap().to_canonical();
    let port = port.parse().ok()?;
    Some(Endpoint::Inet { address, port }.to_string())
}

fn ss_row_of(socket: &Socket) -> String {
    let state = match socket.state {
        SocketState::Listen => "LISTEN",
        SocketState::Established => "ESTAB",
        _ => "UNCONN",
    };
    let text = |endpoint: &Option<Endpoint>| {
        endpoint.as_ref().map(ToString::to_string).unwrap_or_default()
    };
    let unix = |kind: &str| {
        let name = socket.local.as_ref().map_or("*".to_owned(), ToString::to_string);
        format!("{kind} {state} {name} {}", socket.inode)
    };
    match socket.protocol {
        Protocol::UnixStream => unix("u_str"),
        Protocol::UnixDatagram => unix("u_dgr"),
        Protocol::UnixSeqpacket => unix("u_seq"),
        Protocol::Packet => format!("p_raw {state}"),
        protocol => {
            let (local, peer) = (text(&socket.local), text(&socket.peer));
            format!("{} {state} {local} > {peer}", protocol.as_str())
        }
    }
}

#[test]
fn what_lsof_does_not_see_is_seen_or_said() {
    let folder = tempfile::tempdir().unwrap();
    let held = Held::start(include_str!("runtime/hider.py"), folder.path());
    let said: Vec<u32> = held.said.split_whitespace().map(|word| word.parse().unwrap()).collect();
    let [alone, brought, brought_descriptor] = said[..] else { panic!("{}", held.said) };
    let snapshot = snapshot_of(held.pid());

    let reasons: BTreeSet<Reason> = snapshot.unobservable.iter().map(|it| it.reason).collect();
    let expected = [Reason::DescriptorsInFlight, Reason::IoUringFiles, Reason::UnknownSocket];
    assert_eq!(reasons, BTreeSet::from(expected), "{:?}", snapshot.unobservable);

    let process = &snapshot.processes[0];
    let on_port = |port: u32| {
        let is_there = |socket: &&Socket| matches!(socket.local, Some(Endpoint::Inet { port: at, .. }) if u32::from(at) == port);
        snapshot.sockets.iter().find(is_there).unwrap()
    };
    let holders = |inode: u64| {
        let holds = |held: &&Descriptor| matches!(held.target, Target::Socket { inode: own } if own == inode);
        process.descriptors.iter().filter(holds).collect::<Vec<_>>()
    };
    let alone = on_port(alone);
    assert_eq!(alone.state, SocketState::Listen);
    let of_thread = holders(alone.inode);
    assert!(of_thread.iter().all(|held| held.thread.is_some()), "{of_thread:?}");
    let brought = on_port(brought);
    assert_eq!(brought.place, SocketPlace::Foreign);
    assert!(holders(brought.inode).iter().any(|held| held.number == brought_descriptor));
}
