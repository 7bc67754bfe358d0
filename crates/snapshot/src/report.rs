//! The snapshot itself.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::mount::MountNamespace;
use crate::process::{Namespaces, Process};
use crate::socket::Socket;
use crate::unobservable::Unobservable;

/// What was seen of a process and its descendants, or of a container.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Snapshot {
    /// The version of this shape: 1.
    pub version: u32,
    /// When it was taken (UTC).
    #[cfg_attr(feature = "schema", schemars(with = "String", extend("format" = "date-time")))]
    pub taken_at: Timestamp,
    /// Of what.
    pub origin: Origin,
    /// The namespaces of the host, by its process 1; empty when they could not be read.
    pub host_namespaces: Namespaces,
    /// The processes, by pid.
    pub processes: Vec<Process>,
    /// The sockets that their descriptors refer to, by inode.
    pub sockets: Vec<Socket>,
    /// The mounts that they see.
    pub mount_namespaces: Vec<MountNamespace>,
    /// What could not be seen. Without it a snapshot says nothing about what is absent.
    pub unobservable: Vec<Unobservable>,
}

/// What a snapshot was taken of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// A process and its descendants. One that left its parents (a daemon) is not among them.
    Process(u32),
    /// Every process of a cgroup and the cgroups below it.
    Cgroup(String),
}

impl Snapshot {
    /// The version of the shape that this program writes and reads.
    pub const VERSION: u32 = 1;

    /// The socket with this inode.
    pub fn socket(&self, inode: u64) -> Option<&Socket> {
        let index = self.sockets.binary_search_by_key(&inode, |socket| socket.inode).ok()?;
        self.sockets.get(index)
    }
}
