//! A process: who it is, what it may do and what it holds.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::descriptor::{Descriptor, FileIdentity};

/// One process.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Process {
    /// Its id in the reader's pid namespace.
    pub pid: u32,
    /// Its parent's id.
    pub parent: u32,
    /// When it started, in clock ticks since the machine did: with the pid, which process it is.
    pub start_time: u64,
    /// Its name, which it may have chosen itself.
    pub name: String,
    /// `R`, `S`, `D`, `Z`, … (proc_pid_stat(5)).
    pub state: char,
    /// How many threads it has.
    pub threads: u32,
    /// The program that it runs. Unknown for a zombie, and when it could not be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub executable: Option<Executable>,
    /// Its command line, which it may have written over.
    pub command: Vec<String>,
    /// Its working folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub working_directory: Option<String>,
    /// Its root folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub root: Option<String>,
    /// Its user ids, as the reader's user namespace has them.
    pub users: Ids,
    /// Its group ids.
    pub groups: Ids,
    /// Its supplementary groups.
    pub supplementary_groups: Vec<u32>,
    /// What it may do beyond an ordinary user.
    pub capabilities: Capabilities,
    /// Whether its system calls are filtered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seccomp: Option<SeccompMode>,
    /// Whether a setuid program gives it nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub no_new_privs: Option<bool>,
    /// The namespaces that it is in.
    pub namespaces: Namespaces,
    /// Its open descriptors, by number.
    pub descriptors: Vec<Descriptor>,
    /// The files that it has mapped into its memory, by path: libraries outlive their descriptor.
    pub mappings: Vec<Mapping>,
}

/// The program of a process.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Executable {
    /// Its path, or `/memfd:NAME` for one in memory.
    pub path: String,
    /// Whether the kernel says that it lost that path. After a rename of a folder on an overlay
    /// it says so too; `identity.links` is 0 only for one that is really deleted.
    pub deleted: bool,
    /// Which file it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity: Option<FileIdentity>,
}

/// A file that is mapped into memory.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Mapping {
    /// Its path.
    pub path: String,
    /// Whether it has lost that path.
    pub deleted: bool,
    /// Whether any of it may be executed.
    pub executable: bool,
}

/// Real, effective, saved and filesystem id.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Ids {
    /// Who started it.
    pub real: u32,
    /// Whose rights it has.
    pub effective: u32,
    /// Whose rights it can take back.
    pub saved: u32,
    /// Whose rights it has on files.
    pub filesystem: u32,
}

impl Ids {
    /// All four, in the order of `/proc/PID/status`.
    pub const fn all(self) -> [u32; 4] {
        [self.real, self.effective, self.saved, self.filesystem]
    }
}

/// Sets of capabilities by name (capabilities(7)); one without a name here is `CAP_<number>`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Capabilities {
    /// In force.
    pub effective: Vec<String>,
    /// Can be put in force.
    pub permitted: Vec<String>,
    /// Kept over execve(2) of a program with inheritable file capabilities.
    pub inheritable: Vec<String>,
    /// The most that can ever be gained.
    pub bounding: Vec<String>,
    /// Kept over execve(2) of any program.
    pub ambient: Vec<String>,
}

/// How system calls are filtered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum SeccompMode {
    /// Not at all.
    Disabled,
    /// read, write, exit and sigreturn only.
    Strict,
    /// By a program.
    Filter,
}

/// The inodes of the namespaces that a process is in: equal inode, same namespace.
pub type Namespaces = BTreeMap<NamespaceKind, u64>;

/// A kind of namespace (namespaces(7)).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum NamespaceKind {
    /// Which cgroup is shown as the root.
    Cgroup,
    /// System V and POSIX message queues and shared memory.
    Ipc,
    /// Mounts.
    Mnt,
    /// Network.
    Net,
    /// Process ids.
    Pid,
    /// Offsets of clocks.
    Time,
    /// User and group ids.
    User,
    /// Host name.
    Uts,
}

impl NamespaceKind {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Cgroup,
        Self::Ipc,
        Self::Mnt,
        Self::Net,
        Self::Pid,
        Self::Time,
        Self::User,
        Self::Uts,
    ];

    /// Its name below `/proc/PID/ns`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Cgroup => "cgroup",
            Self::Ipc => "ipc",
            Self::Mnt => "mnt",
            Self::Net => "net",
            Self::Pid => "pid",
            Self::Time => "time",
            Self::User => "user",
            Self::Uts => "uts",
        }
    }
}
