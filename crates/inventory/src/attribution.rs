//! Which layer brought a package: the first of the last unbroken presence of this very version at
//! this very path, in the squashed views of the layers.

use std::collections::HashMap;
use std::rc::Rc;

use crate::catalog::{Findings, Found, Trouble};
use crate::os_release::OsRelease;

/// What a file shows, each package with the layer that brought it.
#[derive(Debug, Default)]
pub(crate) struct Evidence {
    pub(crate) packages: Vec<(Found, u32)>,
    pub(crate) os_release: Option<OsRelease>,
    pub(crate) troubles: Vec<Trouble>,
}

/// What each path showed when the layer began.
pub(crate) type Before = HashMap<Vec<u8>, Rc<Evidence>>;

impl Evidence {
    /// What a file of this layer shows at a path that showed `before` when the layer began.
    pub(crate) fn new(findings: Findings, layer: u32, before: Option<&Rc<Self>>) -> Self {
        let Findings { packages, os_release, troubles, .. } = findings;
        let packages = attributed(packages, layer, before);
        Self { packages, os_release, troubles }
    }

    /// The same content under another name, which showed `before` when the layer began.
    pub(crate) fn at_another_path(&self, layer: u32, before: Option<&Rc<Self>>) -> Self {
        let packages = self.packages.iter().map(|(found, _)| found.clone()).collect();
        Self {
            packages: attributed(packages, layer, before),
            os_release: self.os_release.clone(),
            troubles: self.troubles.clone(),
        }
    }

    /// About what it takes in memory.
    pub(crate) fn bytes(&self) -> usize {
        self.packages.iter().map(|(found, _)| found.bytes()).sum()
    }
}

fn attributed(
    packages: Vec<Found>,
    layer: u32,
    before: Option<&Rc<Evidence>>,
) -> Vec<(Found, u32)> {
    let known: HashMap<&Found, u32> =
        before.iter().flat_map(|it| &it.packages).map(|(found, layer)| (found, *layer)).collect();
    packages
        .into_iter()
        .map(|found| {
            let since = known.get(&found).copied().unwrap_or(layer);
            (found, since)
        })
        .collect()
}
