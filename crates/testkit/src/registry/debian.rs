//! Debian's docker-registry, on a free port of loopback and a temporary folder, until it is
//! dropped; and skopeo, which puts images there.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// Who may read a registry that was started with [`Registry::start_with_login`].
pub const USER: &str = "ada";
/// That user's password.
pub const PASSWORD: &str = "hunter2";
/// `htpasswd -Bbn ada hunter2`: the registry takes bcrypt only.
const HTPASSWD: &str = "ada:$2b$05$abcdefghijklmnopqrstuuoXuKqgZXLiJqzfmMXDDhSFPIvxV7t8.\n";
const START_TIME_MAX: Duration = Duration::from_secs(20);
const TRIES_MAX: u32 = 5;

/// A running docker-registry.
pub struct Registry {
    child: Child,
    address: SocketAddr,
    login: bool,
    _folder: TempDir,
}

impl Registry {
    /// Starts one that anybody may read and write.
    ///
    /// # Panics
    /// When Debian's package docker-registry is not installed, or it does not start.
    pub fn start() -> Self {
        Self::start_as(false)
    }

    /// Starts one that asks for [`USER`] and [`PASSWORD`] (Basic).
    ///
    /// # Panics
    /// When Debian's package docker-registry is not installed, or it does not start.
    pub fn start_with_login() -> Self {
        Self::start_as(true)
    }

    // Another process may take the free port before the registry does: then it ends at once.
    fn start_as(login: bool) -> Self {
        let started = (0..TRIES_MAX).find_map(|_| Self::try_start(login));
        started.expect("docker-registry starts")
    }

    fn try_start(login: bool) -> Option<Self> {
        let folder = tempfile::tempdir().expect("a folder");
        let free = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = free.local_addr().expect("an address");
        drop(free);
        let config = folder.path().join("config.yml");
        std::fs::write(&config, configuration(folder.path(), address, login)).expect("written");
        let mut child = Command::new("docker-registry")
            .arg("serve")
            .arg(&config)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("docker-registry runs (Debian's package docker-registry)");
        let end = Instant::now() + START_TIME_MAX;
        while TcpStream::connect(address).is_err() {
            if child.try_wait().expect("a child").is_some() {
                return None;
            }
            assert!(Instant::now() < end, "docker-registry does not answer at {address}");
            std::thread::park_timeout(Duration::from_millis(10));
        }
        Some(Self { child, address, login, _folder: folder })
    }

    /// `127.0.0.1:PORT`.
    pub fn host(&self) -> String {
        self.address.to_string()
    }

    /// Has skopeo copy an image of an OCI layout to `name` (`repository:tag`), as it is.
    ///
    /// # Panics
    /// When skopeo is not installed or cannot do it.
    pub fn push(&self, layout: &Path, tag: &str, name: &str) {
        self.copy("--preserve-digests", layout, tag, name);
    }

    /// The same, written anew in Docker's media types (schema 2).
    ///
    /// # Panics
    /// When skopeo is not installed or cannot do it.
    pub fn push_as_docker(&self, layout: &Path, tag: &str, name: &str) {
        self.copy("--format=v2s2", layout, tag, name);
    }

    fn copy(&self, how: &str, layout: &Path, tag: &str, name: &str) {
        let mut skopeo = Command::new("skopeo");
        skopeo.args(["--insecure-policy", "copy", "--dest-tls-verify=false", how]);
        if self.login {
            skopeo.arg(format!("--dest-creds={USER}:{PASSWORD}"));
        }
        skopeo.arg(format!("oci:{}:{tag}", layout.display()));
        skopeo.arg(format!("docker://{}/{name}", self.address));
        let output = skopeo.output().expect("skopeo runs (Debian's package skopeo)");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "skopeo copies {name}: {said}");
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn configuration(folder: &Path, address: SocketAddr, login: bool) -> String {
    let folder = folder.display();
    let mut config = format!(
        "version: 0.1\nlog: {{level: error}}\nstorage:\n  filesystem:\n    \
         rootdirectory: {folder}/storage\nhttp:\n  addr: {address}\n"
    );
    if login {
        std::fs::write(format!("{folder}/htpasswd"), HTPASSWD).expect("written");
        config.push_str("auth:\n  htpasswd:\n    realm: test\n");
        config.push_str(&format!("    path: {folder}/htpasswd\n"));
    }
    config
}
