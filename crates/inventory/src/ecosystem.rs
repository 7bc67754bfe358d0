//! Whose packages they are.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Whose package it is: the package manager that wrote it down, not the place it came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Ecosystem {
    /// Alpine's apk; also Wolfi and Chainguard.
    Apk,
    /// Debian's dpkg; also Ubuntu and distroless.
    Dpkg,
    /// Node.js packages.
    Npm,
    /// Python distributions.
    Pypi,
}

impl Ecosystem {
    /// Its name, as JSON has it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Apk => "apk",
            Self::Dpkg => "dpkg",
            Self::Npm => "npm",
            Self::Pypi => "pypi",
        }
    }
}

impl fmt::Display for Ecosystem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
