//! What is mounted in a container, and what of it is the host's.

use serde::{Deserialize, Serialize};

/// The mounts that the processes of one mount namespace see from one root.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct MountNamespace {
    /// The inode of the namespace (`/proc/PID/ns/mnt`).
    pub inode: u64,
    /// A process that sees them.
    pub pid: u32,
    /// The mounts, in the kernel's order.
    pub mounts: Vec<Mount>,
}

/// One line of `/proc/PID/mountinfo` (proc_pid_mountinfo(5)).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Mount {
    /// The mount's id, to which a descriptor's `mount` refers.
    pub id: u64,
    /// The device of its files, `major:minor`.
    pub device: String,
    /// The folder of the filesystem that is shown: not `/` for a bind mount of a subfolder.
    pub root: String,
    /// Where it is mounted, as the process sees it.
    pub mount_point: String,
    /// Whether the mount or its filesystem is read-only.
    pub read_only: bool,
    /// The filesystem's type.
    pub fs_type: String,
    /// What is mounted (a device, an overlay, `none`).
    pub source: String,
    /// How mounts made below it spread.
    pub propagation: Propagation,
    /// Where the host sees the same folder, if it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host_path: Option<String>,
}

/// How mounts made below a mount spread (mount_namespaces(7)).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Propagation {
    /// Not at all.
    Private,
    /// To and from its peers.
    Shared,
    /// From its master only.
    Slave,
    /// Not at all, and it cannot be bound.
    Unbindable,
}

impl MountNamespace {
    /// The mount at `/`: of several on top of each other, the uppermost.
    pub fn root(&self) -> Option<&Mount> {
        self.mounts.iter().rev().find(|mount| mount.mount_point == "/")
    }
}
