//! A folder of /proc, held open: what is read through it is of one process, even when that
//! process ends and another gets its pid.

use std::ffi::OsStr;
use std::io::{self, BufRead, BufReader, Read};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, CWD, Dir, FileType, Mode, OFlags, StatxFlags};
use rustix::io::Errno;

use crate::descriptor::FileIdentity;

/// The bytes of a file, and whether there were more than asked for.
pub(super) struct Content {
    pub(super) bytes: Vec<u8>,
    pub(super) cut: bool,
}

/// What is at the end of a link, looked at without asking its filesystem.
pub(super) struct Looked {
    pub(super) identity: FileIdentity,
    pub(super) file_type: FileType,
    /// Of a device file, which device it stands for.
    pub(super) stands_for: String,
}

/// A folder, open.
pub(super) struct Folder {
    handle: OwnedFd,
    path: PathBuf,
}

impl Folder {
    pub(super) fn open(path: PathBuf) -> Result<Self, Errno> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let handle = rustix::fs::openat(CWD, &path, flags, Mode::empty())?;
        Ok(Self { handle, path })
    }

    pub(super) fn sub(&self, name: &str) -> Result<Self, Errno> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let handle = rustix::fs::openat(&self.handle, name, flags, Mode::empty())?;
        Ok(Self { handle, path: self.path.join(name) })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn path_of(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    fn file(&self, name: &str) -> Result<std::fs::File, Errno> {
        // NONBLOCK: what stands there may be a named pipe if the root is not the kernel's.
        let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK;
        Ok(rustix::fs::openat(&self.handle, name, flags, Mode::empty())?.into())
    }

    /// At most `bytes_max` bytes of a file.
    pub(super) fn read(&self, name: &str, bytes_max: usize) -> Result<Content, Errno> {
        let mut bytes = Vec::new();
        let mut limited = self.file(name)?.take(bytes_max as u64 + 1);
        limited.read_to_end(&mut bytes).map_err(errno_of)?;
        let cut = bytes.len() > bytes_max;
        bytes.truncate(bytes_max);
        Ok(Content { bytes, cut })
    }

    /// The beginning of a file that the kernel writes anew for each reading: what one read gives.
    pub(super) fn head(&self, name: &str, bytes_max: usize) -> Result<Vec<u8>, Errno> {
        let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK;
        let file = rustix::fs::openat(&self.handle, name, flags, Mode::empty())?;
        let mut bytes = vec![0; bytes_max];
        let count = rustix::io::read(&file, bytes.as_mut_slice())?;
        bytes.truncate(count);
        Ok(bytes)
    }

    /// Hands each line of a file over, without its newline, and says whether that was all of it:
    /// reading stops at `bytes_max`, and a line longer than `line_bytes_max` is cut.
    pub(super) fn lines(
        &self,
        name: &str,
        bytes_max: usize,
        line_bytes_max: usize,
        mut take: impl FnMut(&[u8]),
    ) -> Result<bool, Errno> {
        let mut reader = BufReader::with_capacity(64 << 10, self.file(name)?);
        let (mut line, mut left, mut whole) = (Vec::new(), bytes_max, true);
        loop {
            line.clear();
            let mut limited = (&mut reader).take(line_bytes_max.min(left) as u64 + 1);
            let count = limited.read_until(b'\n', &mut line).map_err(errno_of)?;
            if count == 0 {
                return Ok(whole);
            }
            if count > left {
                return Ok(false);
            }
            left -= count;
            if line.pop_if(|byte| *byte == b'\n').is_none() && count > line_bytes_max {
                whole = false;
                left = left.saturating_sub(skip_line(&mut reader, left).map_err(errno_of)?);
            }
            take(&line);
        }
    }

    /// What a link points at.
    pub(super) fn link(&self, name: &str) -> Result<Vec<u8>, Errno> {
        rustix::fs::readlinkat(&self.handle, name, Vec::new()).map(std::ffi::CString::into_bytes)
    }

    /// The entries whose name is a number, in order, at most `count_max`, and whether that was all.
    pub(super) fn numbers(&self, count_max: usize) -> Result<(Vec<u32>, bool), Errno> {
        let (mut numbers, mut whole) = (Vec::new(), true);
        for entry in Dir::read_from(&self.handle)? {
            let entry = entry?;
            let name = entry.file_name().to_str().ok();
            let Some(number) = name.and_then(|name| name.parse().ok()) else { continue };
            if numbers.len() >= count_max {
                whole = false;
                break;
            }
            numbers.push(number);
        }
        numbers.sort_unstable();
        Ok((numbers, whole))
    }

    /// Looks at what is behind an entry. The container may be serving that file itself (FUSE),
    /// and would keep us waiting: what the kernel has cached must do.
    pub(super) fn look(&self, name: &str) -> Result<Looked, Errno> {
        let flags = AtFlags::STATX_DONT_SYNC | AtFlags::NO_AUTOMOUNT;
        let found = rustix::fs::statx(&self.handle, name, flags, StatxFlags::BASIC_STATS)?;
        Ok(Looked {
            identity: FileIdentity {
                device: format!("{}:{}", found.stx_dev_major, found.stx_dev_minor),
                inode: found.stx_ino,
                links: found.stx_nlink,
            },
            file_type: FileType::from_raw_mode(found.stx_mode.into()),
            stands_for: format!("{}:{}", found.stx_rdev_major, found.stx_rdev_minor),
        })
    }

    /// The kernel's own name for the protocol of the socket behind an entry (`TCPv6`).
    pub(super) fn protocol_name(&self, name: &str) -> Option<String> {
        let mut buffer = [0u8; 64];
        let path = self.path.join(name);
        let count = rustix::fs::getxattr(&path, "system.sockprotoname", &mut buffer[..]).ok()?;
        let name = buffer.get(..count)?.split(|&byte| byte == 0).next()?;
        Some(std::str::from_utf8(name).ok()?.to_owned()).filter(|name| !name.is_empty())
    }
}

/// Reads to the end of the line, or `bytes_max`, and says how much that was.
fn skip_line(reader: &mut impl BufRead, bytes_max: usize) -> io::Result<usize> {
    let mut skipped = 0;
    while skipped < bytes_max {
        let buffer = reader.fill_buf()?;
        let end = buffer.iter().position(|&byte| byte == b'\n');
        let count = end.map_or(buffer.len(), |end| end + 1);
        reader.consume(count);
        skipped += count;
        if end.is_some() || count == 0 {
            break;
        }
    }
    Ok(skipped)
}

fn errno_of(error: io::Error) -> Errno {
    Errno::from_io_error(&error).unwrap_or(Errno::IO)
}

/// The names in a folder that is read rarely: the hierarchies and cgroups.
pub(super) fn folders_in(path: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(path) else { return Vec::new() };
    entries
        .filter_map(Result::ok)
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
        .filter(|entry| entry.file_name() != OsStr::new("."))
        .map(|entry| entry.path())
        .collect()
}
