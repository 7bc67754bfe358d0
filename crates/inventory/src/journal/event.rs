//! The parts of a journal.

use crate::catalog::{Findings, Role, Roles};
use crate::tar_walk::{Entry, EntryKind};

/// One part of a journal.
#[derive(Debug)]
pub(crate) enum Event {
    /// An entry, with what was read of it.
    Entry(Entry, Option<Reading>),
    /// The layer ended, verified, and was inflated to so many bytes.
    End(u64),
}

/// Who read a file at the path that its name says, and what they found.
#[derive(Debug)]
pub(crate) struct Reading {
    pub(crate) asked: Roles,
    pub(crate) looking: Roles,
    pub(crate) findings: Vec<(Role, Findings)>,
}

/// The tags of the parts, and of the kinds of an entry.
pub(super) const END: u8 = 0;
pub(super) const FILE: u8 = 1;
pub(super) const FOLDER: u8 = 2;
pub(super) const SYMLINK: u8 = 3;
pub(super) const HARD_LINK: u8 = 4;
pub(super) const SPECIAL: u8 = 5;
pub(super) const FILE_READ: u8 = 6;

pub(super) fn tag_of(kind: EntryKind, is_read: bool) -> u8 {
    match kind {
        EntryKind::File if is_read => FILE_READ,
        EntryKind::File => FILE,
        EntryKind::Folder => FOLDER,
        EntryKind::Symlink => SYMLINK,
        EntryKind::HardLink => HARD_LINK,
        EntryKind::Special => SPECIAL,
    }
}

pub(super) fn kind_of(tag: u8) -> Option<EntryKind> {
    Some(match tag {
        FILE | FILE_READ => EntryKind::File,
        FOLDER => EntryKind::Folder,
        SYMLINK => EntryKind::Symlink,
        HARD_LINK => EntryKind::HardLink,
        SPECIAL => EntryKind::Special,
        _ => return None,
    })
}
