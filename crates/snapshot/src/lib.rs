#![doc = include_str!("../README.md")]

mod descriptor;
mod limits;
mod mount;
pub mod parse;
mod process;
mod read;
mod report;
#[cfg(feature = "schema")]
pub mod schema;
mod socket;
mod text;
mod unobservable;

pub use descriptor::{AccessMode, Descriptor, FileIdentity, Target};
pub use limits::Limits;
pub use mount::{Mount, MountNamespace, Propagation};
pub use process::{
    Capabilities, Executable, Ids, Mapping, NamespaceKind, Namespaces, Process, SeccompMode,
};
pub use read::{Roots, SnapshotError, of_cgroup, of_process};
pub use report::{Origin, Snapshot};
pub use socket::{Endpoint, Protocol, Socket, SocketPlace, SocketState};
pub use text::{is_truncated, printable};
pub use unobservable::{Reason, Unobservable};
