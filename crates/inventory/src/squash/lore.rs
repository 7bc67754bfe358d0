//! What one look at an image teaches the next.
//!
//! Bytes pass by once. What turns out to matter only later (a database behind a symbolic link or
//! a hard link to a file that nobody asked for; a link that a whiteout at the layer's end takes
//! away) is learnt, and the image is looked at once more. Ordinary images never need that.

use std::collections::{BTreeMap, BTreeSet};

use crate::catalog::{self, Roles};

/// Past this many things to learn an image is made to be unreadable.
const THINGS_MAX: usize = 4096;

/// What is known of an image before it is looked at.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Lore {
    /// Files that a wanted name is a hard link to: real path, and who reads them.
    linked: BTreeMap<Vec<u8>, Roles>,
    /// Real paths of places that a symbolic link leads away from, with the place. Several may lead
    /// to one path, or one to above another.
    places: BTreeSet<(Vec<u8>, &'static str)>,
    /// Links of lower layers that a whiteout of this layer takes away, after an entry was led
    /// through them: whiteouts go first, whatever their order.
    early: BTreeSet<(u32, Vec<u8>)>,
}

/// A place that a path stands for.
pub(super) struct Behind<'l> {
    /// Where the place really is.
    pub(super) real: &'l [u8],
    pub(super) place: &'static str,
    /// The path as it would be without the links.
    pub(super) wanted: Vec<u8>,
}

impl Lore {
    /// Who reads the file at a real path, of those who would not ask for it by itself.
    pub(super) fn roles_of(&self, path: &[u8]) -> Roles {
        let linked = self.linked.get(path).copied().unwrap_or_default();
        let places = self.places_of(path).map(|it| catalog::roles_of(&it.wanted));
        places.fold(linked, Roles::union)
    }

    /// The places that a real path stands for, if symbolic links lead there.
    pub(super) fn places_of(&self, path: &[u8]) -> impl Iterator<Item = Behind<'_>> {
        self.places.iter().filter_map(move |(real, place)| {
            let rest = path.strip_prefix(real.as_slice())?;
            let is_below = rest.is_empty() || real.is_empty() || rest.starts_with(b"/");
            // Below the root itself nothing stands between a place and what lies in it.
            let between: &[u8] = if real.is_empty() && !rest.is_empty() { b"/" } else { b"" };
            let wanted = || [place.as_bytes(), between, rest].concat();
            is_below.then(|| Behind { real, place, wanted: wanted() })
        })
    }

    pub(super) fn early(&self, layer: u32) -> impl Iterator<Item = &[u8]> {
        self.early.iter().filter(move |it| it.0 == layer).map(|it| it.1.as_slice())
    }

    pub(super) fn learn_linked(&mut self, path: Vec<u8>, roles: Roles) {
        if self.len() < THINGS_MAX {
            let known = self.linked.entry(path).or_default();
            *known = known.union(roles);
        }
    }

    pub(super) fn learn_place(&mut self, real: Vec<u8>, place: &'static str) {
        if self.len() < THINGS_MAX {
            self.places.insert((real, place));
        }
    }

    pub(super) fn learn_early(&mut self, layer: u32, path: Vec<u8>) {
        if self.len() < THINGS_MAX {
            self.early.insert((layer, path));
        }
    }

    /// How much is known.
    pub(crate) fn len(&self) -> usize {
        let linked: usize = self.linked.values().map(|it| it.len()).sum();
        linked + self.places.len() + self.early.len()
    }
}
