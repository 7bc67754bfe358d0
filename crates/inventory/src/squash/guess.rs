//! Where a file comes to lie and who reads it, if no link of its own or a lower layer leads
//! elsewhere.

use super::lore::Lore;
use super::path::{Marker, components, is_meta, marker};
use crate::catalog::{self, Candidate, Roles};
use crate::tar_walk::Entry;

/// A guess at what [`Rootfs`](super::Rootfs) will say of a file.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Guess {
    pub(crate) path: Vec<u8>,
    /// Who asks for it by its name.
    pub(crate) asked: Roles,
    /// Who looks into it whatever its name.
    pub(crate) looking: Roles,
}

impl Guess {
    /// Of an entry that is a file; `None` if nobody reads it.
    pub(crate) fn of(entry: &Entry, lore: &Lore) -> Option<Self> {
        let path = plain_path(&entry.name)?;
        let asked = asking(&path, lore);
        let looking = looking(&path, entry);
        let is_read = !asked.union(looking).is_empty();
        is_read.then_some(Self { path, asked, looking })
    }
}

/// The path that a name says by itself; `None` if it is a mark or leads out.
pub(crate) fn plain_path(name: &[u8]) -> Option<Vec<u8>> {
    let parts = components(name, u32::MAX).ok()?;
    let is_entry = parts.last().is_some_and(|base| marker(base) == Marker::None);
    is_entry.then(|| parts.join(&b'/'))
}

/// Who asks for the file at a real path, by itself or for what was learnt.
pub(super) fn asking(path: &[u8], lore: &Lore) -> Roles {
    let own = if is_meta(path) { Roles::default() } else { catalog::roles_of(path) };
    own.union(lore.roles_of(path))
}

/// Who looks into the file at a real path.
pub(super) fn looking(path: &[u8], entry: &Entry) -> Roles {
    if is_meta(path) {
        return Roles::default();
    }
    catalog::lookers_into(&Candidate { path, mode: entry.mode, size: entry.size })
}
