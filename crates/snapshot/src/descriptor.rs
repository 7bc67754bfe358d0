//! An open descriptor: what it is, and how it is open.

use serde::{Deserialize, Serialize};

/// One descriptor of a process.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Descriptor {
    /// Its number; 0, 1 and 2 are standard input, output and error.
    pub number: u32,
    /// The thread that has it, when that thread does not share the process's descriptors.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thread: Option<u32>,
    /// What is open.
    pub target: Target,
    /// Whether for reading, writing or both. Unknown when `fdinfo` could not be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<AccessMode>,
    /// The open file's flags (open(2)) as the kernel's bits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flags: Option<u32>,
    /// The mount that it was opened through. One that is not among the process's mounts is of
    /// another mount namespace, or the kernel's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mount: Option<u64>,
    /// Which file it is, however it is called by now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity: Option<FileIdentity>,
}

/// What a descriptor refers to. A path is the one in the process's mount namespace; a file
/// that has been removed is `deleted` and keeps the path that it had.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Target {
    /// A regular file.
    File {
        /// Its path.
        path: String,
        /// Whether it has lost that path.
        deleted: bool,
    },
    /// A folder.
    Directory {
        /// Its path.
        path: String,
        /// Whether it has lost that path.
        deleted: bool,
    },
    /// A character or block device.
    Device {
        /// Its path.
        path: String,
        /// `character` or `block`, with `major:minor`.
        device: String,
    },
    /// A named pipe.
    Fifo {
        /// Its path.
        path: String,
    },
    /// Something else with a path: a link or a socket's file opened with O_PATH, or a file of
    /// which only the path could be seen.
    Path {
        /// Its path.
        path: String,
        /// Whether it has lost that path.
        deleted: bool,
    },
    /// A socket: look for the inode in the snapshot's `sockets`.
    Socket {
        /// Its inode.
        inode: u64,
    },
    /// A pipe without a name.
    Pipe {
        /// Its inode; both ends have the same.
        inode: u64,
    },
    /// A file in memory (memfd_create(2)).
    Memfd {
        /// The name that it was made with.
        name: String,
    },
    /// A namespace that is held open.
    Namespace {
        /// `net`, `mnt`, …
        class: String,
        /// Its inode.
        inode: u64,
    },
    /// Something without a file: `eventfd`, `eventpoll`, `timerfd`, `signalfd`, `inotify`,
    /// `io_uring`, `bpf-prog`, `pidfd`, …
    Anonymous {
        /// Its class, as the kernel calls it.
        class: String,
    },
    /// A link that this program does not know how to read.
    Unknown {
        /// The link.
        link: String,
    },
}

/// How a file is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum AccessMode {
    /// O_RDONLY.
    Read,
    /// O_WRONLY.
    Write,
    /// O_RDWR.
    ReadWrite,
    /// O_PATH, or the access mode 3: only for operations on the descriptor itself.
    None,
}

/// Which file something is.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct FileIdentity {
    /// The device that it is on, `major:minor`.
    pub device: String,
    /// Its inode.
    pub inode: u64,
    /// How many names it has; 0 once it is really deleted.
    pub links: u32,
}

impl Target {
    /// The path, if it is something that a path leads or led to.
    pub fn path(&self) -> Option<&str> {
        match self {
            Self::File { path, .. }
            | Self::Directory { path, .. }
            | Self::Device { path, .. }
            | Self::Fifo { path }
            | Self::Path { path, .. } => Some(path),
            _ => None,
        }
    }

    /// The word for what it is, as its JSON has it in `kind`.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::File { .. } => "file",
            Self::Directory { .. } => "directory",
            Self::Device { .. } => "device",
            Self::Fifo { .. } => "fifo",
            Self::Path { .. } => "path",
            Self::Socket { .. } => "socket",
            Self::Pipe { .. } => "pipe",
            Self::Memfd { .. } => "memfd",
            Self::Namespace { .. } => "namespace",
            Self::Anonymous { .. } => "anonymous",
            Self::Unknown { .. } => "unknown",
        }
    }
}
