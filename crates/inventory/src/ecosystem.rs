//! Whose packages they are.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Whose package it is: the package manager that wrote it down, not the place it came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Ecosystem {
    /// Alpine's apk; also Wolfi and Chainguard.
    Apk,
    /// Debian's dpkg; also Ubuntu and distroless.
    Dpkg,
    /// Red Hat's rpm; also Fedora, SUSE, Amazon Linux.
    Rpm,
    /// Node.js packages.
    Npm,
    /// Python distributions.
    Pypi,
    /// Conda packages.
    Conda,
    /// Go modules.
    Golang,
    /// Rust crates.
    Cargo,
    /// Java artifacts, `group:artifact`.
    Maven,
    /// RubyGems.
    Gem,
    /// PHP packages, `vendor/name`.
    Composer,
    /// .NET packages.
    Nuget,
    /// Programs that no package manager knows.
    Binary,
}

impl Ecosystem {
    /// Its name, as JSON has it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Apk => "apk",
            Self::Dpkg => "dpkg",
            Self::Rpm => "rpm",
            Self::Npm => "npm",
            Self::Pypi => "pypi",
            Self::Conda => "conda",
            Self::Golang => "golang",
            Self::Cargo => "cargo",
            Self::Maven => "maven",
            Self::Gem => "gem",
            Self::Composer => "composer",
            Self::Nuget => "nuget",
            Self::Binary => "binary",
        }
    }

    /// Whether a distribution's advisories speak for what its packages bring of it. They name
    /// programs and libraries, but not the modules and crates that a program was built from.
    pub(crate) const fn may_be_owned(self) -> bool {
        !self.is_distribution() && !matches!(self, Self::Golang | Self::Cargo)
    }

    /// Whether a distribution's package manager wrote it down.
    pub const fn is_distribution(self) -> bool {
        matches!(self, Self::Apk | Self::Dpkg | Self::Rpm)
    }
}

impl fmt::Display for Ecosystem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
