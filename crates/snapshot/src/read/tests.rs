//! Snapshots of a /proc that the tests write: what is joined, what is said to be unseen.

mod hostile;
mod proc_tree;

use super::*;
use crate::descriptor::Target;
use crate::process::NamespaceKind;
use crate::socket::{Protocol, SocketPlace, SocketState};
use crate::unobservable::Unobservable;
use proc_tree::{LISTEN_8080, ProcTree, UNIX_HEAD, inet_table};

fn of(tree: &ProcTree, pid: u32) -> Snapshot {
    of_process(pid, &tree.roots(), &Limits::default()).unwrap()
}

/// Reasons and the ends of paths, which begin with the test's own folder.
fn unseen(snapshot: &Snapshot) -> Vec<(Reason, String)> {
    let end = |entry: &Unobservable| {
        let path = entry.path.rsplit_once("/proc/").map_or(entry.path.as_str(), |(_, end)| end);
        (entry.reason, path.to_owned())
    };
    snapshot.unobservable.iter().map(end).collect()
}

#[test]
fn a_quiet_process_leaves_nothing_unseen() {
    let tree = ProcTree::new();
    tree.process(100, 1);
    let snapshot = of(&tree, 100);
    assert_eq!(unseen(&snapshot), []);
    let process = &snapshot.processes[0];
    assert_eq!((process.pid, process.parent, process.name.as_str()), (100, 1, "app"));
    assert_eq!(process.command, ["/app", "--serve"]);
    assert_eq!(process.executable.as_ref().unwrap().path, "/app");
    assert_eq!(process.users.effective, 1000);
    assert_eq!(process.namespaces[&NamespaceKind::Net], 900);
    assert_eq!(process.mappings.len(), 1);
    assert_eq!(snapshot.mount_namespaces[0].root().unwrap().fs_type, "overlay");
}

#[test]
fn descendants_belong_and_others_do_not() {
    let tree = ProcTree::new();
    for (pid, parent) in [(100, 1), (101, 100), (102, 101), (200, 1)] {
        tree.process(pid, parent);
    }
    let pids: Vec<u32> = of(&tree, 100).processes.iter().map(|process| process.pid).collect();
    assert_eq!(pids, [100, 101, 102]);
}

#[test]
fn a_loop_of_parents_ends() {
    let tree = ProcTree::new();
    for (pid, parent) in [(100, 101), (101, 100), (102, 102)] {
        tree.process(pid, parent);
    }
    assert_eq!(of(&tree, 100).processes.len(), 2);
}

#[test]
fn a_socket_is_joined_in_the_holders_namespace() {
    let tree = ProcTree::new();
    tree.process(100, 1).descriptor(100, 3, "socket:[555]").net(100, "tcp", LISTEN_8080);
    let snapshot = of(&tree, 100);
    assert_eq!(unseen(&snapshot), []);
    let socket = snapshot.socket(555).unwrap();
    assert_eq!(socket.to_string(), "tcp 0.0.0.0:8080 listen");
    assert_eq!((socket.place, socket.namespace), (SocketPlace::Own, Some(900)));
}

#[test]
fn a_neighbours_socket_in_the_same_namespace_is_not_taken() {
    let tree = ProcTree::new();
    tree.process(100, 1).net(100, "tcp", LISTEN_8080);
    tree.process(200, 1).descriptor(200, 3, "socket:[555]").net(200, "tcp", LISTEN_8080);
    assert!(of(&tree, 100).sockets.is_empty());
    assert_eq!(of(&tree, 200).sockets.len(), 1);
}

#[test]
fn a_socket_of_another_namespace_is_foreign() {
    let tree = ProcTree::new();
    tree.process(100, 1).descriptor(100, 3, "socket:[555]");
    tree.process(200, 1).namespace(200, "net", 901).net(200, "tcp", LISTEN_8080);
    let snapshot = of(&tree, 100);
    let socket = snapshot.socket(555).unwrap();
    assert_eq!((socket.place, socket.namespace), (SocketPlace::Foreign, Some(901)));
    assert_eq!(socket.state, SocketState::Listen);
}

#[test]
fn a_socket_in_no_table_is_unseen() {
    let tree = ProcTree::new();
    tree.process(100, 1).descriptor(100, 3, "socket:[556]").net(100, "tcp", LISTEN_8080);
    let snapshot = of(&tree, 100);
    assert_eq!(unseen(&snapshot), [(Reason::UnknownSocket, "100/fd/3".to_owned())]);
    assert_eq!(snapshot.socket(556).unwrap().place, SocketPlace::Unknown);
}

#[test]
fn a_missing_table_is_unseen_when_it_may_hide_something() {
    let tree = ProcTree::new();
    tree.process(100, 1).descriptor(100, 3, "socket:[555]").net(100, "tcp", LISTEN_8080);
    tree.remove("100/net/udp6");
    assert_eq!(unseen(&of(&tree, 100)), []);
    tree.remove("100/net/udp");
    assert_eq!(unseen(&of(&tree, 100)), [(Reason::Missing, "100/net/udp".to_owned())]);
    tree.descriptor(100, 4, "socket:[556]");
    let paths: Vec<String> = unseen(&of(&tree, 100)).into_iter().map(|(_, path)| path).collect();
    assert_eq!(paths, ["100/net/udp", "100/net/udp6", "100/fd/4"]);
}

#[test]
fn descriptors_are_classified() {
    let tree = ProcTree::new();
    tree.process(100, 1);
    let file = tree.file("some file");
    let check = |number: u32, link: &str, expect: Target| {
        tree.descriptor(100, number, link);
        let snapshot = of(&tree, 100);
        let found = snapshot.processes[0].descriptors.iter().find(|found| found.number == number);
        assert_eq!(found.unwrap().target, expect);
    };
    check(
        0,
        "/dev/null",
        Target::Device { path: "/dev/null".into(), device: "character 1:3".into() },
    );
    check(1, "pipe:[7]", Target::Pipe { inode: 7 });
    check(2, &file, Target::File { path: file.clone(), deleted: false });
    check(3, "/", Target::Directory { path: "/".into(), deleted: false });
    check(4, "/gone (deleted)", Target::Path { path: "/gone".into(), deleted: true });
    check(5, "/memfd:x (deleted)", Target::Memfd { name: "x".into() });
    check(6, "anon_inode:[eventfd]", Target::Anonymous { class: "eventfd".into() });
    check(7, "net:[12]", Target::Namespace { class: "net".into(), inode: 12 });
    check(8, "what?", Target::Unknown { link: "what?".into() });
}

#[test]
fn the_way_a_file_is_open_is_read() {
    let tree = ProcTree::new();
    tree.process(100, 1).descriptor(100, 3, "/dev/null");
    tree.write("100/fdinfo/3", "pos:\t0\nflags:\t0100001\nmnt_id:\t72\n");
    let descriptor = of(&tree, 100).processes[0].descriptors[0].clone();
    assert_eq!(descriptor.mode, Some(crate::AccessMode::Write));
    assert_eq!((descriptor.flags, descriptor.mount), (Some(0o100_001), Some(72)));
}

#[test]
fn a_thread_with_descriptors_of_its_own_is_seen() {
    let tree = ProcTree::new();
    tree.process(100, 1).descriptor(100, 3, "/dev/null");
    for (entry, link) in [("3", "/dev/null"), ("4", "socket:[555]")] {
        tree.link(&format!("100/task/101/fd/{entry}"), link);
        tree.write(&format!("100/task/101/fdinfo/{entry}"), "flags:\t02\n");
    }
    tree.net(100, "tcp", LISTEN_8080);
    let snapshot = of(&tree, 100);
    let own: Vec<_> =
        snapshot.processes[0].descriptors.iter().map(|d| (d.number, d.thread)).collect();
    assert_eq!(own, [(3, None), (4, Some(101))]);
    assert_eq!(snapshot.sockets.len(), 1);
}

#[test]
fn what_is_held_without_a_descriptor_is_unseen() {
    let tree = ProcTree::new();
    tree.process(100, 1).descriptor(100, 3, "anon_inode:[io_uring]").descriptor(100, 4, "pipe:[1]");
    tree.write("100/fdinfo/3", "flags:\t02\nUserFiles:\t2\n");
    tree.write("100/fdinfo/4", "flags:\t02\nscm_fds: 1\n");
    let expect = [
        (Reason::IoUringFiles, "100/fdinfo/3".to_owned()),
        (Reason::DescriptorsInFlight, "100/fdinfo/4".to_owned()),
    ];
    assert_eq!(unseen(&of(&tree, 100)), expect);
}

#[test]
fn a_sandbox_is_unseen() {
    let tree = ProcTree::new();
    tree.process(100, 1).link("100/exe", "/usr/local/bin/runsc");
    assert_eq!(unseen(&of(&tree, 100)), [(Reason::Sandboxed, "100".to_owned())]);
}

#[test]
fn each_file_of_a_process_that_is_missing_is_unseen() {
    let tree = ProcTree::new();
    for name in
        ["exe", "cwd", "root", "cmdline", "maps", "fd", "fdinfo", "task", "ns/net", "mountinfo"]
    {
        tree.process(100, 1);
        tree.remove(&format!("100/{name}"));
        let unseen = unseen(&of(&tree, 100));
        assert!(
            unseen.iter().any(|(_, path)| path == &format!("100/{name}")),
            "{name}: {unseen:?}"
        );
    }
}

#[test]
fn a_process_without_status_is_unseen_and_a_missing_one_is_an_error() {
    let tree = ProcTree::new();
    tree.process(100, 1).process(101, 100);
    tree.write("101/status", "Name:\tx\n");
    assert_eq!(unseen(&of(&tree, 100))[0], (Reason::Malformed, "101/status".to_owned()));
    let missing = of_process(300, &tree.roots(), &Limits::default());
    assert!(matches!(missing, Err(SnapshotError::Process { pid: 300, .. })));
}

#[test]
fn a_zombie_holds_nothing() {
    let tree = ProcTree::new();
    tree.process(100, 1).state(100, 'Z');
    for name in ["exe", "cwd", "root", "fd", "maps"] {
        tree.remove(&format!("100/{name}"));
    }
    let snapshot = of(&tree, 100);
    assert_eq!((snapshot.processes[0].state, unseen(&snapshot)), ('Z', vec![]));
}

#[test]
fn a_bind_mount_is_found_on_the_host() {
    let tree = ProcTree::new();
    tree.process(100, 1);
    tree.write(
        "1/mountinfo",
        "1 0 8:1 / / rw - ext4 /dev/a rw\n2 1 0:25 / /run rw shared:1 - tmpfs tmpfs rw\n",
    );
    tree.write(
        "100/mountinfo",
        "72 1 0:50 / / ro - overlay overlay rw\n73 72 0:25 /docker.sock /s rw - tmpfs tmpfs rw\n\
         74 72 8:1 /etc /host\\040etc ro - ext4 /dev/a rw\n75 72 0:60 / /tmp rw - tmpfs tmpfs rw\n",
    );
    let snapshot = of(&tree, 100);
    let found: Vec<_> = snapshot.mount_namespaces[0]
        .mounts
        .iter()
        .map(|mount| (mount.mount_point.as_str(), mount.host_path.as_deref(), mount.read_only))
        .collect();
    let expect = [
        ("/", None, true),
        ("/s", Some("/run/docker.sock"), false),
        ("/host etc", Some("/etc"), true),
        ("/tmp", None, false),
    ];
    assert_eq!(found, expect);
}

#[test]
fn a_cgroup_is_the_union_of_its_hierarchies_and_children() {
    let tree = ProcTree::new();
    for pid in [100, 101, 102, 103] {
        tree.process(pid, 1).write(&format!("{pid}/cgroup"), "4:pids:/fn/a\n0::/fn/a/init.scope\n");
    }
    tree.write("103/cgroup", "4:pids:/elsewhere\n");
    tree.cgroup("pids/fn/a", "100\n103\n").cgroup("memory/fn/a", "100\n101\n");
    tree.cgroup("unified/fn/a/init.scope", "102\n").cgroup("unified/fn/a", "");
    let snapshot = of_cgroup("/fn/a", &tree.roots(), &Limits::default()).unwrap();
    let pids: Vec<u32> = snapshot.processes.iter().map(|process| process.pid).collect();
    assert_eq!(pids, [100, 101, 102]);
    assert_eq!(unseen(&snapshot), [(Reason::Vanished, "103".to_owned())]);
}

#[test]
fn a_cgroup_of_version_2_stands_at_the_root() {
    let tree = ProcTree::new();
    tree.process(100, 1).write("100/cgroup", "0::/../../fn/a\n");
    tree.cgroup("fn/a", "100\n0\n");
    let snapshot = of_cgroup("/fn/a", &tree.roots(), &Limits::default()).unwrap();
    assert_eq!(snapshot.processes.len(), 1);
    assert_eq!(snapshot.unobservable[0].reason, Reason::Denied);
}

#[test]
fn a_cgroup_path_cannot_leave_its_hierarchy() {
    let tree = ProcTree::new();
    for path in ["fn", "/../x", "/a/../../x", "/a/./b", ""] {
        let found = of_cgroup(path, &tree.roots(), &Limits::default());
        assert!(matches!(found, Err(SnapshotError::CgroupPath(_))), "{path}");
    }
    let none = of_cgroup("/none", &tree.roots(), &Limits::default());
    assert!(matches!(none, Err(SnapshotError::NoCgroup { .. })));
}

#[test]
fn tables_are_read_through_a_process_that_is_still_there() {
    let tree = ProcTree::new();
    tree.process(100, 1).descriptor(100, 3, "socket:[555]").net(100, "tcp", LISTEN_8080);
    tree.process(101, 100);
    tree.remove("101/net");
    assert_eq!(unseen(&of(&tree, 100)), []);
}

#[test]
fn unix_sockets_are_joined() {
    let tree = ProcTree::new();
    tree.process(100, 1).descriptor(100, 3, "socket:[9]");
    let line = "ffff: 00000002 00000000 00010000 0001 01     9 /run/a.sock\n";
    tree.net(100, "unix", &format!("{UNIX_HEAD}{line}"));
    let snapshot = of(&tree, 100);
    let socket = snapshot.socket(9).unwrap();
    assert_eq!((socket.protocol, socket.state), (Protocol::UnixStream, SocketState::Listen));
    assert_eq!(socket.local.as_ref().unwrap().to_string(), "/run/a.sock");
}

#[test]
fn one_socket_of_two_namespaces_is_foreign_to_one() {
    let tree = ProcTree::new();
    tree.process(100, 1).descriptor(100, 3, "socket:[555]");
    tree.net(100, "tcp", &inet_table("00000000:1F90 00000000:0000 0A", 555));
    tree.process(101, 100).namespace(101, "net", 901).descriptor(101, 3, "socket:[555]");
    assert_eq!(of(&tree, 100).socket(555).unwrap().place, SocketPlace::Foreign);
}
