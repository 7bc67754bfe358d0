//! A registry that functions reach: Debian's docker-registry on the address of this machine that
//! their network bridge leads to.

use std::io::Write;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use super::gateway::until;
use super::surroundings::{Surroundings, run};

/// A registry without TLS and without accounts. It stops when it is dropped.
pub(crate) struct Registry {
    address: SocketAddr,
    child: Child,
    _folder: TempDir,
}

impl Registry {
    /// An address for it: of this machine, where functions reach it, on a port that is free.
    pub(crate) fn free_address(surroundings: &Surroundings) -> SocketAddr {
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        (surroundings.host_address, free.local_addr().unwrap().port()).into()
    }

    /// Starts it. The bridge must be there: deploy a function first.
    pub(crate) fn started(address: SocketAddr) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let configuration = folder.path().join("config.yml");
        let mut file = std::fs::File::create(&configuration).unwrap();
        write!(
            file,
            "version: 0.1\nlog: {{level: error}}\nstorage: {{filesystem: {{rootdirectory: {:?}}}}}\n\
             http: {{addr: {address}, secret: interop}}\n",
            folder.path().join("blobs")
        )
        .unwrap();
        let child = Command::new("docker-registry")
            .arg("serve")
            .arg(&configuration)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let registry = Self { address, child, _folder: folder };
        let what = format!(
            "docker-registry to listen on {address}; remedy: set INTEROP_HOST_ADDRESS to the \
             address of this machine that functions reach"
        );
        until(Duration::from_secs(10), &what, || TcpStream::connect(address).ok());
        registry
    }

    /// `address:port`, as a reference begins.
    pub(crate) fn host(&self) -> String {
        self.address.to_string()
    }

    /// Pushes what an OCI layout has under a tag, byte for byte.
    pub(crate) fn push(&self, layout: &Path, tag: &str, name: &str) {
        run(Command::new("skopeo")
            .args(["--insecure-policy", "copy", "--quiet", "--preserve-digests"])
            .arg("--dest-tls-verify=false")
            .arg(format!("oci:{}:{tag}", layout.display()))
            .arg(format!("docker://{}/{name}", self.host())));
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
