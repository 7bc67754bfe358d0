//! Programs that a distribution's package brought: they are that package's, and not listed a
//! second time (docs/decisions/047).

use std::collections::HashMap;

/// A path that a package says it brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Claim {
    /// From the root, as the database writes it: not resolved.
    pub(crate) path: Vec<u8>,
    /// The package, by its place among all found; without one, the file that claims stands for it.
    pub(crate) package: Option<u32>,
}

/// What is claimed in an image.
#[derive(Debug, Default)]
pub(crate) struct Ownership(HashMap<Vec<u8>, u32>);

impl Ownership {
    /// A package that has been there since `layer` claims a real path.
    pub(crate) fn claim(&mut self, real: Vec<u8>, layer: u32) {
        let latest = self.0.entry(real).or_insert(layer);
        *latest = layer.max(*latest);
    }

    /// Whether what has been at a path since `layer` is a package's. What came after the package
    /// was put there by somebody else, whatever the package's list says.
    pub(crate) fn has(&self, path: &[u8], layer: u32) -> bool {
        self.0.get(path).is_some_and(|claimed| layer <= *claimed)
    }
}
