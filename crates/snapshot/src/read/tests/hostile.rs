//! What a container writes to deceive or to exhaust whoever looks at it.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use super::proc_tree::{LISTEN_8080, ProcTree, UNIX_HEAD};
use super::{of, unseen};
use crate::descriptor::Target;
use crate::limits::Limits;
use crate::read::of_process;
use crate::socket::{Protocol, SocketState};
use crate::text::is_truncated;
use crate::unobservable::Reason;

#[test]
fn paths_with_newlines_and_foreign_bytes_are_kept() {
    let tree = ProcTree::new();
    tree.process(100, 1).write("100/fdinfo/3", "flags:\t02\n");
    tree.link("100/fd/3", OsStr::from_bytes(b"/tmp/a\n\xff\\b (deleted)"));
    let snapshot = of(&tree, 100);
    let expect = Target::Path { path: "/tmp/a\n\\xff\\\\b".to_owned(), deleted: true };
    assert_eq!(snapshot.processes[0].descriptors[0].target, expect);
    let json = serde_json::to_string(&snapshot).unwrap();
    assert_eq!(serde_json::from_str::<crate::Snapshot>(&json).unwrap(), snapshot);
}

#[test]
fn a_name_in_the_unix_table_cannot_disguise_a_tcp_listener() {
    let tree = ProcTree::new();
    tree.process(100, 1).descriptor(100, 3, "socket:[555]").net(100, "tcp", LISTEN_8080);
    let forged = "ffff: 02 00 00000000 0001 03 1 /x\nffff: 02 00 00000000 0001 03 555 /harmless\n";
    tree.net(100, "unix", &format!("{UNIX_HEAD}{forged}"));
    let snapshot = of(&tree, 100);
    let socket = snapshot.socket(555).unwrap();
    assert_eq!((socket.protocol, socket.state), (Protocol::Tcp, SocketState::Listen));
}

#[test]
fn a_unix_socket_listed_twice_is_not_believed() {
    let tree = ProcTree::new();
    tree.process(100, 1).descriptor(100, 3, "socket:[9]");
    let lines = "ffff: 02 00 00010000 0001 01 9 /run/a\nffff: 02 00 00000000 0001 03 9 /harmless\n";
    tree.net(100, "unix", &format!("{UNIX_HEAD}{lines}"));
    assert_eq!(unseen(&of(&tree, 100)), [(Reason::AmbiguousSocket, "100/fd/3".to_owned())]);
}

#[test]
fn a_name_of_a_process_cannot_make_it_another_processes_child() {
    let tree = ProcTree::new();
    tree.process(100, 1).process(200, 1);
    let rest = "S 1 1 1 0 -1 64 1 2 3 4 5 6 7 8 20 0 1 0 42 1 2";
    tree.write("200/stat", format!("200 (x) S 100 1 1 (y) {rest}\n"));
    assert_eq!(of(&tree, 100).processes.len(), 1);
}

#[test]
fn long_texts_are_cut_and_say_so() {
    let tree = ProcTree::new();
    tree.process(100, 1).write("100/cmdline", vec![b'a'; 1 << 20]);
    let limits = Limits { text_bytes_max: 16, ..Limits::default() };
    let snapshot = of_process(100, &tree.roots(), &limits).unwrap();
    assert_eq!(snapshot.processes[0].command, [r"aaaaaaaaaaaaaaaa\…"]);
    assert!(is_truncated(&snapshot.processes[0].command[0]));
}

#[test]
fn each_limit_is_named_when_it_is_reached() {
    let tree = ProcTree::new();
    tree.process(100, 1).process(101, 100);
    for number in 0..4 {
        tree.descriptor(100, number, "/dev/null");
    }
    let line = |n: u32| format!("0{n}-1 r--p 00000000 08:01 12 /lib/{n}\n");
    tree.write("100/maps", (0..9).map(line).collect::<String>());
    let mount = |n: u32| format!("{n} 1 0:5 / /{n} rw - tmpfs tmpfs rw\n");
    tree.write("100/mountinfo", (0..9).map(mount).collect::<String>());
    tree.descriptor(100, 5, "socket:[555]").net(100, "tcp", &"long line ".repeat(1000));
    for thread in 102..105 {
        tree.link(&format!("100/task/{thread}/fd/0"), "/dev/null");
    }
    let check = |name: &str, limits: Limits| {
        let snapshot = of_process(100, &tree.roots(), &limits).unwrap();
        let named = |detail: &str| detail == name;
        let found = snapshot.unobservable.iter().any(|entry| {
            entry.reason == Reason::Limit && named(entry.detail.split(':').next().unwrap())
        });
        assert!(found, "{name}: {:?}", snapshot.unobservable);
    };
    let limits = Limits::default();
    check("processes_max", Limits { processes_max: 1, ..limits });
    check("descriptors_max", Limits { descriptors_max: 3, ..limits });
    check("mappings_max", Limits { mappings_max: 3, ..limits });
    check("mounts_max", Limits { mounts_max: 3, ..limits });
    check("table_bytes_max", Limits { table_bytes_max: 99, ..limits });
    check("threads_max", Limits { threads_max: 1, ..limits });
    check("thread_links_max", Limits { thread_links_max: 0, ..limits });
    check("unobservable_max", Limits { unobservable_max: 0, ..limits });
    check("time_ms_max", Limits { time_ms_max: 0, ..limits });
}

#[test]
fn a_giant_table_is_streamed() {
    let tree = ProcTree::new();
    tree.process(100, 1).descriptor(100, 3, "socket:[555]");
    let filler = " 1: 0100007F:0016 0100007F:0017 01 0:0 0:0 0 0 0 7 1\n".repeat(200_000);
    let line = LISTEN_8080.lines().last().unwrap();
    tree.net(100, "tcp", &format!("heading\n{filler}{line}\n"));
    assert_eq!(of(&tree, 100).socket(555).unwrap().state, SocketState::Listen);
}

#[test]
fn links_in_a_circle_are_not_followed() {
    let tree = ProcTree::new();
    tree.process(100, 1).descriptor(100, 3, "3");
    tree.link("100/fd/4", "../fd/4").write("100/fdinfo/4", "flags:\t02\n");
    let snapshot = of(&tree, 100);
    let links: Vec<_> = snapshot.processes[0].descriptors.iter().map(|d| d.target.kind()).collect();
    assert_eq!(links, ["unknown", "unknown"]);
}
