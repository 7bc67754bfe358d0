//! `/proc/PID/status` (proc_pid_status(5)).

use crate::process::{Capabilities, Ids, SeccompMode};

/// The capabilities by number (`include/uapi/linux/capability.h`).
const NAMES: [&str; 41] = [
    "CAP_CHOWN",
    "CAP_DAC_OVERRIDE",
    "CAP_DAC_READ_SEARCH",
    "CAP_FOWNER",
    "CAP_FSETID",
    "CAP_KILL",
    "CAP_SETGID",
    "CAP_SETUID",
    "CAP_SETPCAP",
    "CAP_LINUX_IMMUTABLE",
    "CAP_NET_BIND_SERVICE",
    "CAP_NET_BROADCAST",
    "CAP_NET_ADMIN",
    "CAP_NET_RAW",
    "CAP_IPC_LOCK",
    "CAP_IPC_OWNER",
    "CAP_SYS_MODULE",
    "CAP_SYS_RAWIO",
    "CAP_SYS_CHROOT",
    "CAP_SYS_PTRACE",
    "CAP_SYS_PACCT",
    "CAP_SYS_ADMIN",
    "CAP_SYS_BOOT",
    "CAP_SYS_NICE",
    "CAP_SYS_RESOURCE",
    "CAP_SYS_TIME",
    "CAP_SYS_TTY_CONFIG",
    "CAP_MKNOD",
    "CAP_LEASE",
    "CAP_AUDIT_WRITE",
    "CAP_AUDIT_CONTROL",
    "CAP_SETFCAP",
    "CAP_MAC_OVERRIDE",
    "CAP_MAC_ADMIN",
    "CAP_SYSLOG",
    "CAP_WAKE_ALARM",
    "CAP_BLOCK_SUSPEND",
    "CAP_AUDIT_READ",
    "CAP_PERFMON",
    "CAP_BPF",
    "CAP_CHECKPOINT_RESTORE",
];

/// What is taken from `/proc/PID/status`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// The process that this thread is of.
    pub thread_group: u32,
    /// User ids.
    pub users: Ids,
    /// Group ids.
    pub groups: Ids,
    /// Supplementary groups.
    pub supplementary_groups: Vec<u32>,
    /// Sets of capabilities.
    pub capabilities: Capabilities,
    /// Absent before Linux 3.8 and where seccomp is not built in.
    pub seccomp: Option<SeccompMode>,
    /// Absent before Linux 4.10.
    pub no_new_privs: Option<bool>,
}

/// Reads the lines `Key:\tvalue`. The first of several lines with one key counts: the kernel
/// escapes a newline in the name, which comes first and is the only part that is not its own.
pub fn status(bytes: &[u8]) -> Option<Status> {
    let text = String::from_utf8_lossy(bytes);
    let value = |key: &str| {
        let mut values = text.lines().filter_map(|line| line.strip_prefix(key)?.strip_prefix(':'));
        values.next().map(str::trim)
    };
    Some(Status {
        thread_group: value("Tgid")?.parse().ok()?,
        users: ids(value("Uid")?)?,
        groups: ids(value("Gid")?)?,
        supplementary_groups: value("Groups")?
            .split_ascii_whitespace()
            .map(|id| id.parse().ok())
            .collect::<Option<_>>()?,
        capabilities: Capabilities {
            effective: capabilities(value("CapEff")?)?,
            permitted: capabilities(value("CapPrm")?)?,
            inheritable: capabilities(value("CapInh")?)?,
            bounding: capabilities(value("CapBnd")?)?,
            // Ambient capabilities came with Linux 4.3: before it there are none.
            ambient: value("CapAmb").map_or(Some(Vec::new()), capabilities)?,
        },
        seccomp: match value("Seccomp") {
            Some("0") => Some(SeccompMode::Disabled),
            Some("1") => Some(SeccompMode::Strict),
            Some("2") => Some(SeccompMode::Filter),
            _ => None,
        },
        no_new_privs: match value("NoNewPrivs") {
            Some("0") => Some(false),
            Some("1") => Some(true),
            _ => None,
        },
    })
}

fn ids(text: &str) -> Option<Ids> {
    let mut ids = text.split_ascii_whitespace().map(|id| id.parse().ok());
    let mut next = || ids.next().flatten();
    Some(Ids { real: next()?, effective: next()?, saved: next()?, filesystem: next()? })
}

fn capabilities(hexadecimal: &str) -> Option<Vec<String>> {
    let bits = u64::from_str_radix(hexadecimal, 16).ok()?;
    let name = |number: usize| {
        NAMES.get(number).map_or_else(|| format!("CAP_{number}"), |name| (*name).to_owned())
    };
    Some((0..64).filter(|number| bits >> number & 1 == 1).map(name).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "Name:\tsh\nState:\tS (sleeping)\nTgid:\t9\nUid:\t1\t2\t3\t4\nGid:\t5\t6\t7\t8\n\
        Groups:\t10 11 \nCapInh:\t0000000000000000\nCapPrm:\t0000000000000001\n\
        CapEff:\t0000020000000400\nCapBnd:\t000001ffffffffff\nCapAmb:\t0000000000000000\n\
        NoNewPrivs:\t1\nSeccomp:\t2\nSeccomp_filters:\t1\n";

    #[test]
    fn a_status_is_read() {
        let status = status(TEXT.as_bytes()).unwrap();
        assert_eq!(status.users.all(), [1, 2, 3, 4]);
        assert_eq!(status.groups.all(), [5, 6, 7, 8]);
        assert_eq!(status.supplementary_groups, [10, 11]);
        assert_eq!(status.capabilities.effective, ["CAP_NET_BIND_SERVICE", "CAP_41"]);
        assert_eq!(status.capabilities.bounding.len(), 41);
        assert_eq!(status.capabilities.bounding[40], "CAP_CHECKPOINT_RESTORE");
        assert_eq!(status.seccomp, Some(SeccompMode::Filter));
        assert_eq!(status.no_new_privs, Some(true));
    }

    #[test]
    fn a_line_that_is_missing_or_wrong_is_not_guessed() {
        for key in ["Tgid", "Uid", "Gid", "Groups", "CapEff", "CapBnd"] {
            assert_eq!(status(TEXT.replace(key, "X").as_bytes()), None, "{key}");
        }
        assert_eq!(status(TEXT.replace("CapEff:\t0", "CapEff:\tz").as_bytes()), None);
        assert_eq!(status(TEXT.replace("Seccomp:\t2", "").as_bytes()).unwrap().seccomp, None);
    }
}
