//! One entry of a tar.

use super::sparse::Segment;

/// One entry of a tar, with what extended headers said of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its name as it is stored: any bytes but NUL.
    pub name: Vec<u8>,
    /// What it is.
    pub kind: EntryKind,
    /// Where a link leads, as it is stored; empty for all else.
    pub link: Vec<u8>,
    /// Permission bits.
    pub mode: u32,
    /// Owner.
    pub uid: u64,
    /// Group.
    pub gid: u64,
    /// The size of the file that it makes: larger than what is stored if it is sparse.
    pub size: u64,
    pub(super) segments: Option<Vec<Segment>>,
}

impl Entry {
    /// One that is only a name.
    pub(crate) fn named(name: Vec<u8>, kind: EntryKind) -> Self {
        let (link, mode, uid, gid, size, segments) = (Vec::new(), 0, 0, 0, 0, None);
        Self { name, kind, link, mode, uid, gid, size, segments }
    }
}

/// What an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryKind {
    /// A regular file.
    File,
    /// A folder.
    Folder,
    /// A symbolic link.
    Symlink,
    /// Another name of a file.
    HardLink,
    /// A device, a fifo, or another that holds nothing.
    Special,
}
