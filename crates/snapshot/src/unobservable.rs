//! What could not be looked at. It is never taken for clean.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Something that may be there and was not seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Unobservable {
    /// The process, if it is one process's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pid: Option<u32>,
    /// Where it would have been read.
    pub path: String,
    /// Why it was not.
    pub reason: Reason,
    /// More about it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub detail: String,
}

/// Why something was not seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// The reader lacks the right to (root with CAP_SYS_PTRACE, AppArmor unconfined).
    Denied,
    /// It was gone when it was read: the process ended, or closed the descriptor.
    Vanished,
    /// The kernel does not offer it.
    Missing,
    /// Past a limit of the snapshot, which the detail names.
    Limit,
    /// It is not what the kernel writes there.
    Malformed,
    /// Reading failed otherwise.
    Failed,
    /// A socket in no table of any network namespace: not bound, or in a namespace that no
    /// process is in.
    UnknownSocket,
    /// A socket that the tables list in contradicting ways.
    AmbiguousSocket,
    /// Files registered with io_uring, which can be used without a descriptor.
    IoUringFiles,
    /// Descriptors sent over a Unix-domain socket and not received yet.
    DescriptorsInFlight,
    /// The process is the monitor of a sandbox: what runs within is not in this /proc.
    Sandboxed,
    /// New processes kept appearing while the snapshot was taken.
    Unstable,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Denied => "not permitted",
            Self::Vanished => "gone before it was read",
            Self::Missing => "not offered by the kernel",
            Self::Limit => "past a limit",
            Self::Malformed => "not in the kernel's format",
            Self::Failed => "reading failed",
            Self::UnknownSocket => "in no table of sockets",
            Self::AmbiguousSocket => "listed in contradicting ways",
            Self::IoUringFiles => "files registered with io_uring",
            Self::DescriptorsInFlight => "descriptors under way in a socket",
            Self::Sandboxed => "inside a sandbox",
            Self::Unstable => "new processes kept appearing",
        })
    }
}
