//! Names, each held once.

use std::collections::HashMap;
use std::rc::Rc;

/// A name that is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Name(u32);

/// All names of a tree.
#[derive(Debug, Default)]
pub(super) struct Names {
    by_bytes: HashMap<Rc<[u8]>, Name>,
    all: Vec<Rc<[u8]>>,
    bytes: usize,
}

impl Names {
    pub(super) fn find(&self, bytes: &[u8]) -> Option<Name> {
        self.by_bytes.get(bytes).copied()
    }

    pub(super) fn hold(&mut self, bytes: &[u8]) -> Name {
        if let Some(name) = self.find(bytes) {
            return name;
        }
        let name = Name(u32::try_from(self.all.len()).unwrap_or(u32::MAX));
        let held: Rc<[u8]> = bytes.into();
        self.all.push(Rc::clone(&held));
        self.by_bytes.insert(held, name);
        self.bytes += bytes.len() + 80;
        name
    }

    pub(super) fn bytes_of(&self, name: Name) -> &[u8] {
        self.all.get(name.0 as usize).map_or(&[], |it| it)
    }

    /// About what they take in memory.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }
}
