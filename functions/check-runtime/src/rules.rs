//! The rules, each in its own file: what it finds, and how it judges a scene.

mod capabilities;
mod executables;
mod files;
mod hardening;
mod host_namespaces;
mod listeners;
mod mounts;
mod peers;
mod sockets;
mod stdio;
mod unobservable;
mod users;

use verdict::{Finding, Rule};

use crate::check;
use crate::scene::Scene;

/// Every rule of this check.
pub const RULES: &[Rule] = &[
    listeners::UNEXPECTED_LISTENER,
    peers::UNEXPECTED_PEER,
    peers::UNEXPECTED_CLIENT,
    sockets::UNEXPECTED_SOCKET,
    sockets::FOREIGN_SOCKET,
    stdio::STDIO_ON_SOCKET,
    files::UNEXPECTED_FILE,
    files::FOREIGN_FILE,
    executables::UNEXPECTED_EXECUTABLE,
    executables::DELETED_EXECUTABLE,
    executables::MEMFD_EXECUTION,
    users::UNEXPECTED_USER,
    capabilities::UNEXPECTED_CAPABILITY,
    hardening::NO_SECCOMP,
    hardening::NEW_PRIVILEGES,
    hardening::WRITABLE_ROOT,
    mounts::SENSITIVE_MOUNT,
    host_namespaces::SHARES_HOST_NAMESPACE,
    unobservable::UNOBSERVABLE,
    check::SNAPSHOT_MISSING,
    check::SNAPSHOT_STALE,
    check::SNAPSHOT_MALFORMED,
];

/// How each file of rules judges.
pub(crate) const JUDGES: &[fn(&Scene<'_>) -> Vec<Finding>] = &[
    listeners::judge,
    peers::judge,
    sockets::judge,
    stdio::judge,
    files::judge,
    executables::judge,
    users::judge,
    capabilities::judge,
    hardening::judge,
    mounts::judge,
    host_namespaces::judge,
    unobservable::judge,
];
