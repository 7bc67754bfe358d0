//! A container runs as it was put together, and nothing of it is left.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use testkit::container::{Bundle, Container};

/// Waits for SIGTERM, and exits 7 when the root could be written to or the user is another.
const PROGRAM: &str = r#"
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>
static void stop(int signal) { _exit(signal == SIGTERM ? 5 : 6); }
int main() {
    signal(SIGTERM, stop);
    if (open("/written", O_CREAT | O_WRONLY, 0600) >= 0 || getuid() != 10001) return 7;
    puts("ready"); fflush(stdout);
    for (;;) pause();
}
"#;

fn program(folder: &Path) -> std::path::PathBuf {
    let (source, binary) = (folder.join("program.c"), folder.join("program"));
    std::fs::write(&source, PROGRAM).unwrap();
    let status =
        Command::new("musl-gcc").arg("-static").arg(&source).arg("-o").arg(&binary).status();
    assert!(status.unwrap().success());
    binary
}

#[test]
fn a_container_runs_as_its_user_on_a_read_only_root_and_is_gone_afterwards() {
    let folder = tempfile::tempdir().unwrap();
    let bundle = Bundle::new(&["/program"]).copy(&program(folder.path()), "/program");
    let mut container = Container::start(bundle);
    let status = std::fs::read_to_string(format!("/proc/{}/status", container.pid())).unwrap();
    assert!(status.contains("\nUid:\t10001\t10001"), "{status}");
    while container.said() != "ready\n" {
        assert_eq!(container.ended(Duration::from_millis(2)), None, "{}", container.said());
    }
    container.signal("TERM");
    let status = container.ended(Duration::from_secs(10)).unwrap();
    assert_eq!(status.code(), Some(5), "{}", container.said());

    let folder = container.root().to_owned();
    drop(container);
    assert!(!folder.exists());
}

#[test]
fn dropping_a_running_container_ends_it() {
    let folder = tempfile::tempdir().unwrap();
    let bundle = Bundle::new(&["/program"]).copy(&program(folder.path()), "/program");
    let container = Container::start(bundle);
    let process = format!("/proc/{}", container.pid());
    assert!(Path::new(&process).exists());
    drop(container);
    assert!(!Path::new(&process).exists());
}
