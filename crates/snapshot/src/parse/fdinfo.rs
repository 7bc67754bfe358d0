//! `/proc/PID/fdinfo/N` (proc_pid_fdinfo(5)).

use crate::descriptor::AccessMode;

const O_ACCMODE: u32 = 0o3;
const O_PATH: u32 = 0o10_000_000;

/// What is taken from `/proc/PID/fdinfo/N`. A line that is not there is `None`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Fdinfo {
    /// The open file's flags.
    pub flags: Option<u32>,
    /// The id of the mount that it was opened through.
    pub mount: Option<u64>,
    /// Of a Unix-domain socket: descriptors sent to it and not received yet.
    pub descriptors_in_flight: Option<u64>,
    /// Of an io_uring: how many files are registered with it.
    pub ring_files: Option<u64>,
}

impl Fdinfo {
    /// How the file is open.
    pub fn mode(&self) -> Option<AccessMode> {
        let flags = self.flags?;
        Some(match flags & O_ACCMODE {
            _ if flags & O_PATH != 0 => AccessMode::None,
            0 => AccessMode::Read,
            1 => AccessMode::Write,
            2 => AccessMode::ReadWrite,
            _ => AccessMode::None,
        })
    }
}

/// Reads the lines `key:\tvalue`; the first of several lines with one key counts.
pub fn fdinfo(bytes: &[u8]) -> Fdinfo {
    let text = String::from_utf8_lossy(bytes);
    let mut fdinfo = Fdinfo::default();
    for line in text.lines() {
        let Some((key, value)) = line.split_once(':') else { continue };
        let value = value.trim();
        let slot = match key {
            "flags" => {
                fdinfo.flags = fdinfo.flags.or_else(|| u32::from_str_radix(value, 8).ok());
                continue;
            }
            "mnt_id" => &mut fdinfo.mount,
            "scm_fds" => &mut fdinfo.descriptors_in_flight,
            "UserFiles" => &mut fdinfo.ring_files,
            _ => continue,
        };
        *slot = slot.or_else(|| value.parse().ok());
    }
    fdinfo
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_and_mount_are_read() {
        let info = fdinfo(b"pos:\t0\nflags:\t0100002\nmnt_id:\t27\nino:\t5\n");
        assert_eq!((info.flags, info.mount), (Some(0o100_002), Some(27)));
        assert_eq!(info.mode(), Some(AccessMode::ReadWrite));
    }

    #[test]
    fn modes() {
        let check = |flags: &str, mode| {
            assert_eq!(fdinfo(format!("flags:\t{flags}\n").as_bytes()).mode(), mode);
        };
        check("00", Some(AccessMode::Read));
        check("02001", Some(AccessMode::Write));
        check("012000000", Some(AccessMode::None));
        check("9", None);
    }

    #[test]
    fn what_is_held_without_a_descriptor_is_counted() {
        assert_eq!(fdinfo(b"scm_fds: 3\n").descriptors_in_flight, Some(3));
        assert_eq!(fdinfo(b"UserFiles:\t2\n    0: a\n").ring_files, Some(2));
    }
}
