//! A tar, walked once from front to end: every header as it is, every limit kept.
//!
//! A walker of our own, because a layer is hostile: extended headers are bounded, hard links and
//! sparse files are told as they are stored, and nothing is allocated by a size that the archive
//! claims. Reads what GNU tar, bsdtar and Go's archive/tar write (POSIX.1-2001 pax, ustar, GNU).

mod content;
mod entry;
mod header;
mod pax;
mod sparse;
mod walk;

pub use content::Content;
pub use entry::{Entry, EntryKind};
pub use walk::{TarError, Walk};
