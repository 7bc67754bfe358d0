//! Each rule against a snapshot with one thing in it that the rule is about.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use serde_json::{Value, json};
use verdict::Effect;

/// A snapshot in which nothing is wrong: one process, one listener on 8080.
fn clean() -> Value {
    json!({
        "version": 1, "taken_at": "2026-11-24T12:00:00Z", "origin": {"process": 7},
        "host_namespaces": {"net": 1, "mnt": 1, "pid": 1, "user": 1},
        "processes": [{
            "pid": 7, "parent": 1, "start_time": 42, "name": "app", "state": "S", "threads": 1,
            "executable": {"path": "/usr/bin/app", "deleted": false,
                "identity": {"device": "8:1", "inode": 5, "links": 1}},
            "command": ["app"], "working_directory": "/", "root": "/",
            "users": {"real": 1000, "effective": 1000, "saved": 1000, "filesystem": 1000},
            "groups": {"real": 1000, "effective": 1000, "saved": 1000, "filesystem": 1000},
            "supplementary_groups": [],
            "capabilities": {"effective": [], "permitted": [], "inheritable": [], "bounding": [],
                "ambient": []},
            "seccomp": "filter", "no_new_privs": true,
            "namespaces": {"net": 9, "mnt": 9, "pid": 9, "user": 1},
            "descriptors": [{"number": 3, "target": {"kind": "socket", "inode": 80}}],
            "mappings": [{"path": "/usr/lib/libc.so", "deleted": false, "executable": true}],
        }],
        "sockets": [socket(80, "tcp", "listen", "0.0.0.0", 8080, None)],
        "mount_namespaces": [{"inode": 9, "pid": 7, "mounts": [mount(70, "/", "overlay", None)]}],
        "unobservable": [],
    })
}

fn socket(
    inode: u64,
    protocol: &str,
    state: &str,
    address: &str,
    port: u16,
    peer: Option<(&str, u16)>,
) -> Value {
    let inet = |(address, port): (&str, u16)| json!({"inet": {"address": address, "port": port}});
    json!({
        "inode": inode, "protocol": protocol, "state": state, "place": "own", "namespace": 9,
        "local": inet((address, port)), "peer": peer.map(inet),
    })
}

fn mount(id: u64, at: &str, fs_type: &str, host_path: Option<&str>) -> Value {
    json!({
        "id": id, "device": "0:50", "root": "/", "mount_point": at, "read_only": true,
        "fs_type": fs_type, "source": "s", "propagation": "private", "host_path": host_path,
    })
}

fn descriptor(number: u32, target: Value, mount: u64) -> Value {
    json!({"number": number, "target": target, "mount": mount})
}

/// Pushes a value onto the list at a JSON pointer.
fn push(snapshot: &mut Value, list: &str, value: Value) {
    snapshot.pointer_mut(list).unwrap().as_array_mut().unwrap().push(value);
}

/// Sets the value at a JSON pointer.
fn set(snapshot: &mut Value, at: &str, value: Value) {
    *snapshot.pointer_mut(at).unwrap() = value;
}

fn found(snapshot: &Value, rules: Value) -> Vec<verdict::Finding> {
    let snapshot = serde_json::from_value(snapshot.clone()).unwrap();
    let policy: policy::RuntimePolicy = serde_json::from_value(json!({"defaults": rules})).unwrap();
    let findings = check_runtime::judge(&snapshot, &policy.for_function(Some("fn")), Some("fn"));
    for finding in &findings {
        assert!(check_runtime::RULES.iter().any(|rule| rule.id == finding.rule));
        assert!(!finding.remedy.is_empty() && !finding.title.contains('\n'));
    }
    findings
}

/// With one change the snapshot gives this one finding, and with this policy none.
fn check(change: impl Fn(&mut Value), rule: &str, allowed_by: Option<Value>) {
    let mut snapshot = clean();
    change(&mut snapshot);
    let findings = found(&snapshot, json!({}));
    let rules: Vec<_> = findings.iter().map(|it| (it.rule.as_str(), it.effect)).collect();
    assert_eq!(rules, [(rule, Effect::Reject)], "{findings:#?}");
    if let Some(allowed_by) = allowed_by {
        let findings = found(&snapshot, allowed_by);
        assert!(findings.is_empty(), "{findings:#?}");
    }
}

#[test]
fn a_clean_snapshot_gives_nothing() {
    assert!(found(&clean(), json!({})).is_empty());
}

#[test]
fn listeners() {
    let with =
        |socket: Value| move |snapshot: &mut Value| push(snapshot, "/sockets", socket.clone());
    let rule = "unexpected-listener";
    let both = |line: &str| Some(json!({"listeners": ["tcp://*:8080", line]}));
    let tcp = socket(81, "tcp", "listen", "::", 9000, None);
    check(with(tcp), rule, both("tcp://*:9000"));
    let udp = socket(81, "udp", "unconnected", "0.0.0.0", 5353, None);
    check(with(udp), rule, both("udp://0.0.0.0:5353"));
    let unix = json!({"inode": 81, "protocol": "unix-stream", "state": "listen", "place": "own",
        "local": {"unix": "/run/x.sock"}});
    check(with(unix), rule, both("unix:///run/*.sock"));
    let abstract_name = json!({"inode": 81, "protocol": "unix-datagram", "state": "unconnected",
        "place": "own", "local": {"unix": "@a/b"}});
    check(with(abstract_name), rule, both("unix://@*"));
}

#[test]
fn the_remedy_of_a_listener_allows_it() {
    let mut snapshot = clean();
    push(&mut snapshot, "/sockets", socket(81, "tcp", "listen", "::1", 9000, None));
    let remedy = found(&snapshot, json!({}))[0].remedy.clone();
    assert!(remedy.contains("`tcp://[::1]:9000` to `listeners:`"), "{remedy}");
    assert!(remedy.contains(r#"runtime: functions: "fn":"#), "{remedy}");
    let line = remedy.split('`').nth(1).unwrap();
    assert!(found(&snapshot, json!({"listeners": ["tcp://*:8080", line]})).is_empty());
}

#[test]
fn peers_and_clients() {
    let with =
        |socket: Value| move |snapshot: &mut Value| push(snapshot, "/sockets", socket.clone());
    let out = socket(81, "tcp", "established", "10.0.0.2", 40000, Some(("93.184.216.34", 443)));
    let allowed = json!({"peers": ["tcp://93.184.0.0/16:443"]});
    check(with(out), "unexpected-peer", Some(allowed));
    let connecting = socket(81, "tcp", "connecting", "10.0.0.2", 8080, Some(("10.9.9.9", 1)));
    check(with(connecting), "unexpected-peer", Some(json!({"peers": ["tcp://10.0.0.0/8:*"]})));
    let datagrams = socket(81, "udp", "established", "10.0.0.2", 40000, Some(("10.0.0.9", 123)));
    check(with(datagrams), "unexpected-peer", Some(json!({"peers": ["udp://10.0.0.9:123"]})));

    let mut snapshot = clean();
    let client = socket(81, "tcp", "established", "10.0.0.2", 8080, Some(("10.62.0.1", 51000)));
    push(&mut snapshot, "/sockets", client);
    assert!(found(&snapshot, json!({})).is_empty());
    let findings = found(&snapshot, json!({"clients": ["tcp://10.63.0.0/16:*"]}));
    assert_eq!(findings[0].rule, "unexpected-client");
    for peer in [("127.0.0.1", 5432), ("10.0.0.53", 53)] {
        let mut snapshot = clean();
        let socket = socket(81, "tcp", "established", "10.0.0.2", 40000, Some(peer));
        push(&mut snapshot, "/sockets", socket);
        assert!(found(&snapshot, json!({})).is_empty(), "{peer:?}");
    }
}

#[test]
fn kinds_and_places_of_sockets() {
    let with =
        |socket: Value| move |snapshot: &mut Value| push(snapshot, "/sockets", socket.clone());
    let raw = socket(81, "raw", "unconnected", "0.0.0.0", 1, None);
    check(with(raw), "unexpected-socket", Some(json!({"sockets": ["raw"]})));
    let vsock = json!({"inode": 81, "protocol": "other", "state": "unknown", "place": "unknown",
        "kernel_name": "VSOCK"});
    check(with(vsock), "unexpected-socket", Some(json!({"sockets": ["vsock"]})));
    let mut foreign = socket(81, "tcp", "listen", "0.0.0.0", 8080, None);
    foreign["place"] = "foreign".into();
    check(with(foreign), "foreign-socket", None);
}

#[test]
fn a_reverse_shell() {
    check(
        |snapshot| {
            let peer = Some(("127.0.0.1", 4444));
            push(snapshot, "/sockets", socket(81, "tcp", "established", "127.0.0.1", 4, peer));
            let target = json!({"kind": "socket", "inode": 81});
            push(snapshot, "/processes/0/descriptors", descriptor(0, target, 1));
        },
        "stdio-on-socket",
        None,
    );
}

#[test]
fn files() {
    let with = |target: Value, mount: u64| {
        move |snapshot: &mut Value| {
            let descriptor = descriptor(4, target.clone(), mount);
            push(snapshot, "/processes/0/descriptors", descriptor);
        }
    };
    let shadow = json!({"kind": "file", "path": "/etc/shadow", "deleted": false});
    check(with(shadow, 70), "unexpected-file", Some(json!({"files": ["/etc/*"]})));
    let disk = json!({"kind": "device", "path": "/dev/sda", "device": "block 8:0"});
    check(with(disk, 70), "unexpected-file", Some(json!({"files": ["/dev/sda"]})));
    let leaked = json!({"kind": "directory", "path": "/", "deleted": false});
    check(with(leaked, 12), "foreign-file", None);
    let mapped = json!({"path": "/var/db/x [1]", "deleted": false, "executable": false});
    let mapped = |snapshot: &mut Value| push(snapshot, "/processes/0/mappings", mapped.clone());
    check(mapped, "unexpected-file", Some(json!({"files": [r"/var/db/x \[1\]"]})));
    let mut snapshot = clean();
    let null = json!({"kind": "device", "path": "/dev/null", "device": "character 1:3"});
    with(null, 12)(&mut snapshot);
    with(json!({"kind": "memfd", "name": "x"}), 12)(&mut snapshot);
    assert!(found(&snapshot, json!({})).is_empty());
}

#[test]
fn executables() {
    let runs = |path: &'static str, deleted: bool, links: Option<u32>| {
        move |snapshot: &mut Value| {
            let identity = links.map(|links| json!({"device": "1:1", "inode": 1, "links": links}));
            let executable = json!({"path": path, "deleted": deleted, "identity": identity});
            set(snapshot, "/processes/0/executable", executable);
        }
    };
    let allowed = json!({"executables": ["/usr/**", "/tmp/x"]});
    check(runs("/tmp/x", false, Some(1)), "unexpected-executable", Some(allowed));
    check(runs("/usr/bin/x", true, Some(0)), "deleted-executable", None);
    check(runs("/usr/bin/x", true, None), "deleted-executable", None);
    let mut moved = clean();
    runs("/usr/bin/x", true, Some(1))(&mut moved);
    assert_eq!(found(&moved, json!({}))[0].effect, Effect::Warn);
    let mut memory = clean();
    runs("/memfd:x", true, Some(0))(&mut memory);
    let findings = found(&memory, json!({}));
    let rules: Vec<_> = findings.iter().map(|it| it.rule.as_str()).collect();
    assert_eq!(rules, ["unexpected-executable", "memfd-execution"]);
    let library = json!({"path": "/memfd:jit", "deleted": true, "executable": true});
    let library = |snapshot: &mut Value| push(snapshot, "/processes/0/mappings", library.clone());
    let allowed = json!({"executables": ["/usr/**", "/memfd:jit"]});
    check(library, "unexpected-executable", Some(allowed));
}

#[test]
fn users_and_capabilities() {
    let root = |snapshot: &mut Value| set(snapshot, "/processes/0/users/saved", 0.into());
    check(root, "unexpected-user", Some(json!({"users": [0, "1000-1999"]})));
    let held = |snapshot: &mut Value| {
        push(snapshot, "/processes/0/capabilities/ambient", "CAP_SYS_ADMIN".into());
    };
    check(held, "unexpected-capability", Some(json!({"capabilities": ["sys_admin"]})));
    let bounding = |snapshot: &mut Value| {
        push(snapshot, "/processes/0/capabilities/bounding", "CAP_NET_RAW".into());
        push(snapshot, "/processes/0/capabilities/bounding", "CAP_SYS_ADMIN".into());
    };
    let allowed = json!({"bounding-capabilities": ["CAP_NET_RAW", "CAP_SYS_ADMIN"]});
    check(bounding, "unexpected-capability", Some(allowed));
}

#[test]
fn hardenings() {
    let check = |at: &str, value: Value, rule: &str, key: &str| {
        let mut snapshot = clean();
        set(&mut snapshot, at, value);
        let effect = |demand: &str| {
            let findings = found(&snapshot, json!({key: demand}));
            findings.first().map(|it| (it.rule.clone(), it.effect))
        };
        assert_eq!(effect("required"), Some((rule.to_owned(), Effect::Reject)));
        assert_eq!(effect("advised"), Some((rule.to_owned(), Effect::Warn)));
        assert_eq!(effect("ignored"), None);
    };
    check("/processes/0/seccomp", "disabled".into(), "no-seccomp", "seccomp");
    check("/processes/0/no_new_privs", false.into(), "new-privileges", "no-new-privs");
    let read_only = "/mount_namespaces/0/mounts/0/read_only";
    check(read_only, false.into(), "writable-root", "read-only-root");
    let mut unknown = clean();
    set(&mut unknown, "/processes/0/seccomp", Value::Null);
    assert_eq!(found(&unknown, json!({"seccomp": "required"}))[0].effect, Effect::Undecided);
}

#[test]
fn mounts() {
    let with = |mount: Value| {
        move |snapshot: &mut Value| push(snapshot, "/mount_namespaces/0/mounts", mount.clone())
    };
    let rule = "sensitive-mount";
    let mut socket = mount(71, "/s", "tmpfs", None);
    socket["root"] = "/docker.sock".into();
    check(with(socket), rule, Some(json!({"mounts": ["/s"]})));
    for host_path in ["/", "/etc", "/etc/kubernetes", "/proc", "/var/lib/kubelet/pki", "/run"] {
        check(with(mount(71, "/host", "ext4", Some(host_path))), rule, None);
    }
    check(with(mount(71, "/host", "proc", Some("/proc"))), rule, None);
    for (at, fs_type, host_path) in [
        ("/etc/hosts", "ext4", "/var/lib/kubelet/pods/u/etc-hosts"),
        ("/etc/resolv.conf", "ext4", "/var/lib/docker/containers/i/resolv.conf"),
        ("/data", "ext4", "/srv/data"),
        ("/proc", "proc", "/proc"),
        ("/dev/null", "devtmpfs", "/dev/null"),
        ("/", "overlay", "/run/containerd/io.containerd.runtime.v2.task/fn/x/rootfs"),
    ] {
        let mut snapshot = clean();
        with(mount(71, at, fs_type, Some(host_path)))(&mut snapshot);
        assert!(found(&snapshot, json!({})).is_empty(), "{host_path}");
    }
}

#[test]
fn namespaces_of_the_host() {
    let shared = |snapshot: &mut Value| set(snapshot, "/processes/0/namespaces/net", 1.into());
    check(shared, "shares-host-namespace", Some(json!({"host-namespaces": ["net", "user"]})));
    check(shared, "shares-host-namespace", None);
}

#[test]
fn what_was_not_seen_is_undecided() {
    let mut snapshot = clean();
    push(&mut snapshot, "/unobservable", json!({"path": "/proc/7/fd", "reason": "denied"}));
    let effect = |snapshot: &Value, rules| {
        let findings = found(snapshot, rules);
        assert_eq!((findings.len(), findings[0].rule.as_str()), (1, "unobservable"));
        findings[0].effect
    };
    assert_eq!(effect(&snapshot, json!({})), Effect::Undecided);
    assert_eq!(effect(&snapshot, json!({"unobservable": ["denied"]})), Effect::Warn);
    set(&mut snapshot, "/unobservable/0/reason", "vanished".into());
    assert_eq!(effect(&snapshot, json!({})), Effect::Warn);
    assert_eq!(effect(&snapshot, json!({"unobservable": []})), Effect::Undecided);
}

#[test]
fn a_hostile_name_does_not_reach_the_terminal() {
    let mut snapshot = clean();
    let path = "/var/\u{1b}[2J\n\u{202e}x";
    let target = json!({"kind": "file", "path": path, "deleted": false});
    push(&mut snapshot, "/processes/0/descriptors", descriptor(4, target, 70));
    let finding = found(&snapshot, json!({})).remove(0);
    for text in [&finding.title, &finding.detail, &finding.remedy] {
        assert!(!text.chars().any(|character| character.is_control()), "{text:?}");
    }
}
