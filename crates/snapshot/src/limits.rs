//! How much of a container is taken in.

use serde::{Deserialize, Serialize};

/// Bounds on one snapshot. What lies past one is an entry of `unobservable` that names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Processes of one snapshot.
    pub processes_max: usize,
    /// Descriptors of one snapshot.
    pub descriptors_max: usize,
    /// Threads of one process whose descriptors are compared with the process's own.
    pub threads_max: usize,
    /// Links that are read to compare the descriptors of threads, for one snapshot.
    pub thread_links_max: usize,
    /// Distinct mapped files of one process.
    pub mappings_max: usize,
    /// Mounts of one mount namespace.
    pub mounts_max: usize,
    /// Network namespaces searched for a socket that is not in its process's own.
    pub namespaces_max: usize,
    /// Cgroups below the one that was asked for.
    pub cgroups_max: usize,
    /// One file of a process (`status`, `cmdline`, `mountinfo`, …).
    pub file_bytes_max: usize,
    /// One table of sockets, which is streamed and not held.
    pub table_bytes_max: usize,
    /// One line of such a table.
    pub line_bytes_max: usize,
    /// One text of the container's: a path, an argument, a name.
    pub text_bytes_max: usize,
    /// Arguments of one command line.
    pub arguments_max: usize,
    /// Entries of `unobservable`; the last one says that there were more.
    pub unobservable_max: usize,
    /// One snapshot, in milliseconds.
    pub time_ms_max: u64,
}

impl Default for Limits {
    fn default() -> Self {
        const MIB: usize = 1 << 20;
        Self {
            processes_max: 4096,
            descriptors_max: 65_536,
            threads_max: 4096,
            thread_links_max: 262_144,
            mappings_max: 4096,
            mounts_max: 4096,
            namespaces_max: 256,
            cgroups_max: 1024,
            file_bytes_max: 4 * MIB,
            table_bytes_max: 64 * MIB,
            line_bytes_max: 4096,
            text_bytes_max: 4096,
            arguments_max: 64,
            unobservable_max: 1024,
            time_ms_max: 10_000,
        }
    }
}
