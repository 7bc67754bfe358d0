//! `/proc/PID/mountinfo` (proc_pid_mountinfo(5)).

use crate::mount::Propagation;

/// One line of `/proc/PID/mountinfo`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MountLine {
    /// The mount's id.
    pub id: u64,
    /// `major:minor`.
    pub device: String,
    /// The folder of the filesystem that is shown.
    pub root: Vec<u8>,
    /// Where.
    pub mount_point: Vec<u8>,
    /// Whether the mount or its filesystem is read-only.
    pub read_only: bool,
    /// How mounts below it spread.
    pub propagation: Propagation,
    /// The filesystem's type.
    pub fs_type: Vec<u8>,
    /// What is mounted.
    pub source: Vec<u8>,
}

/// Reads one line. The kernel writes space, tab, newline and backslash of a path in octal, so
/// spaces part the fields whatever the paths are.
pub fn mount_line(line: &[u8]) -> Option<MountLine> {
    let mut fields = line.split(|&byte| byte == b' ');
    let id = number(fields.next()?)?;
    let _parent = number(fields.next()?)?;
    let device = std::str::from_utf8(fields.next()?).ok()?.to_owned();
    let root = unescaped(fields.next()?);
    let mount_point = unescaped(fields.next()?);
    let read_only = has_option(fields.next()?, b"ro");
    let mut propagation = Propagation::Private;
    loop {
        match fields.next()? {
            b"-" => break,
            tag if tag.starts_with(b"shared:") => propagation = Propagation::Shared,
            tag if tag.starts_with(b"master:") && propagation != Propagation::Shared => {
                propagation = Propagation::Slave;
            }
            b"unbindable" => propagation = Propagation::Unbindable,
            _ => {}
        }
    }
    let fs_type = unescaped(fields.next()?);
    let source = unescaped(fields.next()?);
    let read_only = read_only || has_option(fields.next()?, b"ro");
    Some(MountLine { id, device, root, mount_point, read_only, propagation, fs_type, source })
}

fn number(text: &[u8]) -> Option<u64> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

fn has_option(options: &[u8], option: &[u8]) -> bool {
    options.split(|&byte| byte == b',').any(|found| found == option)
}

/// The bytes with `\ooo` turned back.
pub(crate) fn unescaped(text: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&first, after)) = rest.split_first() {
        let octal = after.get(..3).filter(|digits| {
            first == b'\\' && digits.iter().all(|digit| (b'0'..=b'7').contains(digit))
        });
        let code = octal.map(|digits| {
            digits.iter().fold(0u32, |code, digit| code * 8 + u32::from(digit - b'0'))
        });
        match code.and_then(|code| u8::try_from(code).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &after[3..];
            }
            None => {
                bytes.push(first);
                rest = after;
            }
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_read() {
        let line =
            br"72 48 0:39 /a\040b /c\134d ro,relatime shared:2 master:1 - overlay overlay rw,x";
        let mount = mount_line(line).unwrap();
        assert_eq!((mount.id, mount.device.as_str()), (72, "0:39"));
        assert_eq!((mount.root, mount.mount_point), (b"/a b".to_vec(), br"/c\d".to_vec()));
        assert!(mount.read_only);
        assert_eq!(mount.propagation, Propagation::Shared);
        assert_eq!((mount.fs_type, mount.source), (b"overlay".to_vec(), b"overlay".to_vec()));
    }

    #[test]
    fn a_read_only_filesystem_is_read_only() {
        let read_only = |line: &[u8]| mount_line(line).unwrap().read_only;
        assert!(read_only(b"1 1 0:1 / / rw - ext4 /dev/a ro"));
        assert!(!read_only(b"1 1 0:1 / / rw,nodro - ext4 /dev/a rw,errors=remount-ro"));
    }

    #[test]
    fn what_is_cut_short_is_not_read() {
        for line in ["", "1 1 0:1 / / rw", "1 1 0:1 / / rw - ext4 x", "x 1 0:1 / / rw - a b rw"] {
            assert_eq!(mount_line(line.as_bytes()), None, "{line}");
        }
    }
}
