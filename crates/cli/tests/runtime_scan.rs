//! `faas-validator runtime scan` as it is typed.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::process::{Command, Output};

fn scan(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_faas-validator"))
        .args(["runtime", "scan"])
        .args(arguments)
        .output()
        .unwrap()
}

#[test]
fn this_process_is_shown_as_json_and_as_a_table() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let pid = std::process::id().to_string();
    let json = scan(&["--pid", &pid, "--output", "json"]);
    let seen: snapshot::Snapshot = serde_json::from_slice(&json.stdout).unwrap();
    let expected = format!("tcp {address} listen");
    let is_expected = |socket: &snapshot::Socket| socket.to_string() == expected;
    assert!(seen.sockets.iter().any(is_expected), "{expected} is not in {seen:#?}");
    let table = scan(&["--pid", &pid]);
    let table = String::from_utf8(table.stdout).unwrap();
    assert!(table.contains(&expected), "{table}");
    assert!(!table.contains('\u{1b}'), "colour where no terminal is");
}

#[test]
fn nobody_and_nothing_are_usage_errors() {
    for arguments in [&[][..], &["--pid", "4194305"], &["--cgroup", "/../etc"]] {
        let output = scan(arguments);
        assert_eq!(output.status.code(), Some(3), "{arguments:?}");
        assert!(output.stdout.is_empty() && !output.stderr.is_empty());
    }
}
