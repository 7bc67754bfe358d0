//! A container daemon that is thrown away: Debian's dockerd with everything of its own in a
//! temporary folder, without networks. It needs root.

use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

const START_TIME_MAX: Duration = Duration::from_secs(60);
const STOP_TIME_MAX: Duration = Duration::from_secs(20);

/// A running dockerd.
pub struct Dockerd {
    child: Child,
    folder: TempDir,
}

impl Dockerd {
    /// Starts one.
    ///
    /// # Panics
    /// When Debian's package docker.io is not installed, we are not root, or it does not start.
    pub fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name).display().to_string();
        let log = std::fs::File::create(at("log")).expect("a log");
        let mut child = Command::new("dockerd")
            .args(["--iptables=false", "--ip6tables=false", "--bridge=none"])
            .args(["--storage-driver=vfs", "--data-root", &at("data"), "--exec-root", &at("exec")])
            .args(["--pidfile", &at("pid"), "--host", &format!("unix://{}", at("docker.sock"))])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("dockerd runs (Debian's package docker.io)");
        let end = Instant::now() + START_TIME_MAX;
        while UnixStream::connect(at("docker.sock")).is_err() {
            let is_over = child.try_wait().expect("a child").is_some() || Instant::now() > end;
            if is_over {
                child.kill().ok();
                child.wait().ok();
                let log = std::fs::read_to_string(at("log")).unwrap_or_default();
                panic!("dockerd does not start: {log}");
            }
            std::thread::park_timeout(Duration::from_millis(20));
        }
        Self { child, folder }
    }

    /// The socket that it listens at.
    pub fn socket(&self) -> PathBuf {
        self.folder.path().join("docker.sock")
    }

    /// Has `docker load` take in an archive.
    ///
    /// # Panics
    /// When it does not.
    pub fn load(&self, archive: &Path) {
        let output = Command::new("docker")
            .arg(format!("--host=unix://{}", self.socket().display()))
            .args(["load", "--input"])
            .arg(archive)
            .output()
            .expect("docker runs (Debian's package docker.io)");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "docker load: {said}");
    }
}

impl Drop for Dockerd {
    fn drop(&mut self) {
        // Asked to end, it ends its containerd too; killed, it would leave it behind.
        let id = self.child.id().to_string();
        Command::new("kill").args(["-TERM", &id]).status().ok();
        let end = Instant::now() + STOP_TIME_MAX;
        while !matches!(self.child.try_wait(), Ok(Some(_)) | Err(_)) {
            if Instant::now() > end {
                self.child.kill().ok();
                self.child.wait().ok();
                return;
            }
            std::thread::park_timeout(Duration::from_millis(20));
        }
    }
}
