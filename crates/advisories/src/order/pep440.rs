//! Python's order of versions (PEP 440), by the crate that uv is built on.

use std::cmp::Ordering;
use std::str::FromStr as _;

/// A version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Version(pep440_rs::Version);

impl Version {
    pub(super) fn parse(text: &str) -> Option<Self> {
        pep440_rs::Version::from_str(text).ok().map(Self)
    }
}

impl Ord for Version {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.cmp(&other.0)
    }
}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
