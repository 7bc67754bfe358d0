//! What a distribution's package brought is that package's (docs/decisions/047, 049).

use std::collections::HashMap;
use std::sync::Arc;

/// A path that a package says it brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Claim {
    /// From the root, as the database writes it: not resolved.
    pub(crate) path: Vec<u8>,
    /// The package, by its place among all found; without one, the file that claims is its list.
    pub(crate) package: Option<u32>,
}

/// What is claimed in an image.
#[derive(Debug, Default)]
pub(crate) struct Ownership(HashMap<Vec<u8>, (u32, Arc<str>)>);

impl Ownership {
    /// A package, by its URL, that has been there since `layer` claims a real path.
    pub(crate) fn claim(&mut self, real: Vec<u8>, layer: u32, package: Arc<str>) {
        let claim = (layer, package);
        // Two may claim a path: the later one has it, and of one layer's the same whatever the order.
        let latest = self.0.entry(real).or_insert_with(|| claim.clone());
        if *latest < claim {
            *latest = claim;
        }
    }

    /// Whose it is what has been at a path since `layer`. What came after the package was put
    /// there by somebody else, whatever the package's list says.
    pub(crate) fn owner(&self, path: &[u8], layer: u32) -> Option<&Arc<str>> {
        self.0.get(path).filter(|(claimed, _)| layer <= *claimed).map(|(_, package)| package)
    }
}
