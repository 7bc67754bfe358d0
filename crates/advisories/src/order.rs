//! Which of two versions is the older one: each ecosystem has an order of its own.

mod apk;
mod dpkg;
mod pep440;
mod rpm;
mod semver;

use std::cmp::Ordering;

/// No version that any of the orders takes is longer.
pub(crate) const VERSION_CHARS_MAX: usize = 256;

/// An order of versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VersionOrder {
    /// Alpine's.
    Apk,
    /// Debian's.
    Dpkg,
    /// rpm's.
    Rpm,
    /// Semantic versions, as npm, Go and Cargo have them.
    Semver,
    /// Python's.
    Pep440,
}

impl VersionOrder {
    /// Whether `text` is a version of this order.
    pub fn takes(self, text: &str) -> bool {
        self.compare(text, text).is_some()
    }

    /// How `a` stands to `b`; `None` if one of them is no version of this order.
    pub fn compare(self, a: &str, b: &str) -> Option<Ordering> {
        if a.len() > VERSION_CHARS_MAX || b.len() > VERSION_CHARS_MAX {
            return None;
        }
        match self {
            Self::Apk => Some(apk::Version::parse(a)?.cmp(&apk::Version::parse(b)?)),
            Self::Dpkg => Some(dpkg::Version::parse(a)?.cmp(&dpkg::Version::parse(b)?)),
            Self::Rpm => Some(rpm::Version::parse(a)?.cmp(&rpm::Version::parse(b)?)),
            Self::Semver => Some(semver::Version::parse(a)?.cmp(&semver::Version::parse(b)?)),
            Self::Pep440 => Some(pep440::Version::parse(a)?.cmp(&pep440::Version::parse(b)?)),
        }
    }
    /// Whether what is said of one version is about builds such as the other at all.
    pub(crate) fn are_alike(self, a: &str, b: &str) -> bool {
        self != Self::Rpm || rpm::is_modular(a) == rpm::is_modular(b)
    }
}
