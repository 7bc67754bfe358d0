//! Real containers: an OCI bundle put together in code, run by runc, ended and deleted when the
//! test lets go of it. Needs root and Debian's `runc`; a test that lacks them fails.

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

/// How long runc may take for what it does at once.
const AT_ONCE: Duration = Duration::from_secs(20);

/// Which network a container is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Network {
    /// One of its own, with nothing but a loopback that is down.
    Own,
    /// The host's: the test reaches its listeners on 127.0.0.1.
    Host,
}

/// A container as it is put together: a root filesystem and how the program runs in it. By
/// default the root is empty and read-only, the user is 10001, capabilities are none and the
/// network is its own.
pub struct Bundle {
    folder: TempDir,
    root: PathBuf,
    root_is_writable: bool,
    program: Vec<String>,
    user: u32,
    variables: Vec<String>,
    mounts: Vec<Value>,
    capabilities: Vec<String>,
    network: Network,
}

impl Bundle {
    /// A container that runs this program with these arguments.
    pub fn new(program: &[&str]) -> Self {
        let folder = tempfile::Builder::new().prefix("container-").tempdir().unwrap();
        let root = folder.path().join("rootfs");
        fs::create_dir(&root).unwrap();
        Self {
            folder,
            root,
            root_is_writable: false,
            program: program.iter().map(|part| (*part).to_owned()).collect(),
            user: 10001,
            variables: vec!["PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin".to_owned()],
            mounts: Vec::new(),
            capabilities: Vec::new(),
            network: Network::Own,
        }
    }

    /// Uses this folder as root filesystem; it stays where it is and is not removed.
    pub fn root(mut self, folder: &Path) -> Self {
        self.root = folder.canonicalize().unwrap();
        self
    }

    /// Lays a file in the root filesystem.
    pub fn file(self, path: &str, bytes: impl AsRef<[u8]>, mode: u32) -> Self {
        let to = self.place(path);
        fs::write(&to, bytes).unwrap();
        fs::set_permissions(&to, fs::Permissions::from_mode(mode)).unwrap();
        self
    }

    /// Lays a folder in the root filesystem, unless it is there, and sets its mode.
    pub fn folder(self, path: &str, mode: u32) -> Self {
        let to = self.place(path);
        fs::create_dir_all(&to).unwrap();
        fs::set_permissions(to, fs::Permissions::from_mode(mode)).unwrap();
        self
    }

    /// Copies a file of the host, with its mode, into the root filesystem.
    pub fn copy(self, from: &Path, path: &str) -> Self {
        fs::copy(from, self.place(path)).unwrap();
        self
    }

    /// The numeric user and group that the program runs as.
    pub fn user(mut self, user: u32) -> Self {
        self.user = user;
        self
    }

    /// Sets an environment variable.
    pub fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.push(format!("{name}={value}"));
        self
    }

    /// Lets the program write to its root filesystem.
    pub fn writable_root(mut self) -> Self {
        self.root_is_writable = true;
        self
    }

    /// Mounts a file or folder of the host, read-only.
    pub fn mount(mut self, from: &Path, path: &str) -> Self {
        self.mounts.push(json!({
            "destination": path, "type": "bind", "source": from.canonicalize().unwrap(),
            "options": ["bind", "ro", "nosuid", "nodev"],
        }));
        self.mount_point(from.is_dir(), path)
    }

    /// Mounts an empty folder in memory that everybody may write to.
    pub fn memory(mut self, path: &str) -> Self {
        self.mounts.push(json!({
            "destination": path, "type": "tmpfs", "source": "tmpfs",
            "options": ["nosuid", "nodev", "mode=1777", "size=16m"],
        }));
        // runc gives the mount the mode of what it is mounted on, whatever the options say.
        self.folder(path, 0o1777)
    }

    /// Gives the program a capability, such as `CAP_NET_RAW`.
    pub fn capability(mut self, name: &str) -> Self {
        self.capabilities.push(name.to_owned());
        self
    }

    /// Chooses the network.
    pub fn network(mut self, network: Network) -> Self {
        self.network = network;
        self
    }

    fn place(&self, path: &str) -> PathBuf {
        let to = self.root.join(path.trim_start_matches('/'));
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        to
    }

    /// A read-only root must have what is mounted on.
    fn mount_point(self, is_folder: bool, path: &str) -> Self {
        let to = self.place(path);
        if is_folder {
            fs::create_dir_all(to).unwrap();
        } else if !to.exists() {
            File::create(to).unwrap();
        }
        self
    }

    fn spec(&self) -> Value {
        let mut namespaces = vec!["pid", "ipc", "uts", "mount"];
        if self.network == Network::Own {
            namespaces.push("network");
        }
        let namespaces: Vec<Value> =
            namespaces.into_iter().map(|kind| json!({ "type": kind })).collect();
        let mut mounts = vec![
            json!({"destination": "/proc", "type": "proc", "source": "proc",
                "options": ["nosuid", "noexec", "nodev"]}),
            json!({"destination": "/dev", "type": "tmpfs", "source": "tmpfs",
                "options": ["nosuid", "strictatime", "mode=755", "size=64k"]}),
        ];
        mounts.extend(self.mounts.iter().cloned());
        let capabilities = &self.capabilities;
        json!({
            "ociVersion": "1.0.2",
            "process": {
                "terminal": false,
                "user": {"uid": self.user, "gid": self.user},
                "args": self.program, "env": self.variables, "cwd": "/",
                "capabilities": {
                    "bounding": capabilities, "effective": capabilities, "permitted": capabilities,
                },
                "rlimits": [{"type": "RLIMIT_NOFILE", "hard": 1024, "soft": 1024}],
                "noNewPrivileges": true,
            },
            "root": {"path": self.root, "readonly": !self.root_is_writable},
            "hostname": "container",
            "mounts": mounts,
            "linux": {
                "namespaces": namespaces,
                "maskedPaths": ["/proc/kcore", "/proc/keys", "/proc/timer_list"],
                "readonlyPaths": ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys"],
            },
        })
    }
}

/// A running container.
pub struct Container {
    bundle: Bundle,
    name: String,
    runc: Child,
    pid: u32,
}

impl Container {
    /// Runs the bundle and returns when its program has been started.
    pub fn start(bundle: Bundle) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("testkit-{}-{count}", std::process::id());
        let folder = bundle.folder.path();
        let config = serde_json::to_vec_pretty(&bundle.spec()).unwrap();
        fs::write(folder.join("config.json"), config).unwrap();
        let log = File::create(folder.join("log")).unwrap();
        let pid_file = folder.join("pid");
        let mut runc = runc(folder)
            .args(["run", "--bundle"])
            .arg(folder)
            .arg("--pid-file")
            .arg(&pid_file)
            .arg(&name)
            .stdin(std::process::Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .expect("runc must be installed");
        let pid = within(AT_ONCE, || {
            let ended = runc.try_wait().unwrap();
            let pid = fs::read_to_string(&pid_file).ok().and_then(|pid| pid.parse().ok());
            assert!(pid.is_some() || ended.is_none(), "runc: {}", said(folder));
            pid
        });
        Self { name, runc, pid: pid.expect("runc started nothing in time"), bundle }
    }

    /// The first process, as the host numbers it.
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// Its root filesystem on the host.
    pub fn root(&self) -> &Path {
        &self.bundle.root
    }

    /// What it has written to its standard output and error so far.
    pub fn said(&self) -> String {
        said(self.bundle.folder.path())
    }

    /// Sends the first process a signal, such as `TERM`.
    pub fn signal(&self, signal: &str) {
        let output = self.runc(&["kill", &self.name, signal]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    /// Runs a program inside and returns when it has ended.
    pub fn exec(&self, program: &[&str]) -> Output {
        self.runc(&[&["exec", &self.name], program].concat())
    }

    /// Waits for the first process to end by itself: its exit code is the container's.
    pub fn ended(&mut self, time: Duration) -> Option<ExitStatus> {
        within(time, || self.runc.try_wait().unwrap())
    }

    fn runc(&self, arguments: &[&str]) -> Output {
        runc(self.bundle.folder.path()).args(arguments).output().unwrap()
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        // Ended already is as good; what matters is that nothing is left.
        self.runc(&["kill", &self.name, "KILL"]);
        let _ = self.runc.wait();
        self.runc(&["delete", "--force", &self.name]);
    }
}

fn runc(folder: &Path) -> Command {
    let mut command = Command::new("runc");
    command.arg("--root").arg(folder.join("state"));
    command
}

fn said(folder: &Path) -> String {
    String::from_utf8_lossy(&fs::read(folder.join("log")).unwrap_or_default()).into_owned()
}

/// Asks again until there is an answer or the time is over.
fn within<T>(time: Duration, mut ask: impl FnMut() -> Option<T>) -> Option<T> {
    let end = Instant::now() + time;
    loop {
        match ask() {
            None if Instant::now() < end => std::thread::sleep(Duration::from_millis(2)),
            answer => return answer,
        }
    }
}
