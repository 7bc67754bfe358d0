//! A real container: its snapshot by pid and by cgroup, and check-runtime's report about it.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::net::TcpListener;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use check_runtime::CheckRuntime;
use event_bus::Check;
use serde_json::json;
use snapshot::{Limits, Roots, Snapshot, Target};
use testkit::container::{Bundle, Container, Network};
use verdict::{CheckOutcome, Report, Request};

/// A static program, compiled for the test.
fn listener(folder: &Path) -> std::path::PathBuf {
    let (source, program) = (folder.join("listener.rs"), folder.join("listener"));
    std::fs::write(&source, include_str!("runtime/listener.rs")).unwrap();
    let compiled = Command::new("rustc")
        .args([
            "--edition=2024",
            "--target=x86_64-unknown-linux-musl",
            "-Ctarget-feature=+crt-static",
        ])
        .arg(&source)
        .arg("-o")
        .arg(&program)
        .output()
        .unwrap();
    assert!(compiled.status.success(), "{}", String::from_utf8_lossy(&compiled.stderr));
    program
}

fn start(program: &Path, port: u16, network: Network) -> Container {
    let bundle = Bundle::new(&["/listener", &port.to_string()])
        .copy(program, "/listener")
        .memory("/tmp")
        .network(network);
    let container = Container::start(bundle);
    let deadline = Instant::now() + Duration::from_secs(20);
    while !container.said().contains("ready") {
        assert!(Instant::now() < deadline, "not ready: {}", container.said());
        std::thread::sleep(Duration::from_millis(5));
    }
    container
}

fn by_pid(container: &Container) -> Snapshot {
    snapshot::of_process(container.pid(), &Roots::default(), &Limits::default()).unwrap()
}

/// The cgroup that runc has made, in whatever hierarchy names processes.
fn by_cgroup(container: &Container) -> Snapshot {
    let text = std::fs::read_to_string(format!("/proc/{}/cgroup", container.pid())).unwrap();
    let path = |prefix: &str| text.lines().find_map(|line| line.split_once(prefix)).map(|at| at.1);
    let path = path(":pids:").or_else(|| path("0::")).unwrap();
    snapshot::of_cgroup(path, &Roots::default(), &Limits::default()).unwrap()
}

fn ask(snapshot: &Snapshot, policy: &str) -> Report {
    let image = format!("localhost/listener@{}", verdict::Digest::of(b"listener"));
    let request: Request = serde_json::from_value(json!({
        "validation": "0".repeat(32), "phase": "runtime",
        "subject": {
            "function": "listener", "declared": "listener", "platform": "linux/amd64",
            "image": image, "role": "made", "place": "local",
        },
        "policy": {"body": policy}, "deadline": "2100-01-01T00:00:00Z",
        "snapshot": snapshot,
    }))
    .unwrap();
    CheckRuntime::default().check(&request)
}

fn rules(report: &Report) -> Vec<&str> {
    let rejects = report.findings.iter().filter(|it| it.effect > verdict::Effect::Warn);
    rejects.map(|it| it.rule.as_str()).collect()
}

#[test]
fn a_container_passes_by_its_policy_and_fails_by_a_stricter_one() {
    let folder = tempfile::tempdir().unwrap();
    let container = start(&listener(folder.path()), 8080, Network::Own);
    let (one, all) = (by_pid(&container), by_cgroup(&container));
    for snapshot in [&one, &all] {
        assert_eq!(snapshot.unobservable, []);
        assert_eq!(snapshot.processes.len(), 1);
        let process = &snapshot.processes[0];
        assert_eq!((process.pid, process.users.all()), (container.pid(), [10001; 4]));
        assert_eq!(process.executable.as_ref().unwrap().path, "/listener");
        assert_eq!(process.no_new_privs, Some(true));
        assert!(process.capabilities.bounding.is_empty());
        let sockets: Vec<String> = snapshot.sockets.iter().map(ToString::to_string).collect();
        assert_eq!(sockets, ["tcp 0.0.0.0:8080 listen"]);
        let file = |path: &str, deleted| Target::File { path: path.to_owned(), deleted };
        for target in [file("/tmp/kept", false), file("/tmp/gone", true)] {
            assert!(process.descriptors.iter().any(|held| held.target == target), "{target:?}");
        }
        assert!(snapshot.mount_namespaces[0].root().unwrap().read_only);
    }
    assert_eq!(one.processes, all.processes);

    let report = ask(&one, "{}");
    assert_eq!(report.outcome(), CheckOutcome::Pass, "{:#?}", report.findings);
    let strict = "runtime: {defaults: {seccomp: required, users: [1000]}, \
                  functions: {listen*: {listeners: [], files: ['/dev/null']}}}";
    let report = ask(&all, strict);
    assert_eq!(report.outcome(), CheckOutcome::Fail);
    let mut rules = rules(&report);
    rules.sort_unstable();
    rules.dedup();
    assert_eq!(rules, ["no-seccomp", "unexpected-file", "unexpected-listener", "unexpected-user"]);
}

#[test]
fn a_neighbour_in_the_same_network_namespace_is_not_blamed() {
    let free = || TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let folder = tempfile::tempdir().unwrap();
    let program = listener(folder.path());
    let (first, second) = (free(), free());
    let one = start(&program, first, Network::Host);
    let _other = start(&program, second, Network::Host);
    let snapshot = by_pid(&one);
    let sockets: Vec<String> = snapshot.sockets.iter().map(ToString::to_string).collect();
    assert_eq!(sockets, [format!("tcp 0.0.0.0:{first} listen")]);
    let policy = |port: u16, shared: &str| {
        format!(
            "runtime: {{defaults: {{listeners: ['tcp://*:{port}'], \
             host-namespaces: [user, cgroup, time{shared}]}}}}"
        )
    };
    assert_eq!(rules(&ask(&snapshot, &policy(first, ", net"))), [] as [&str; 0]);
    assert_eq!(rules(&ask(&snapshot, &policy(second, ", net"))), ["unexpected-listener"]);
    assert_eq!(rules(&ask(&snapshot, &policy(first, ""))), ["shares-host-namespace"]);
}
