//! What a cataloger found in one file.

use std::io;

use serde::{Deserialize, Serialize};

use crate::claimed::BillBytes;
use crate::ecosystem::Ecosystem;
use crate::os_release::OsRelease;
use crate::package::Source;

/// A file of more packages is an attack or no package database.
pub(super) const PACKAGES_MAX: usize = 25_000;
/// What all packages of one file may take in memory.
const BYTES_MAX: usize = 8 << 20;
/// How many troubles of one file are told.
const TROUBLES_MAX: usize = 4;

/// A package as a file shows it, before anybody knows its layer.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct Found {
    pub(crate) ecosystem: Ecosystem,
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) source: Option<Source>,
    pub(crate) architecture: Option<String>,
    pub(crate) licenses: Vec<String>,
    pub(crate) vendor: Option<String>,
}

impl Found {
    /// One of which no more is known.
    pub(crate) fn new(ecosystem: Ecosystem, name: String, version: String) -> Self {
        let (source, architecture, licenses, vendor) = (None, None, Vec::new(), None);
        Self { ecosystem, name, version, source, architecture, licenses, vendor }
    }

    /// About what it takes in memory.
    pub(crate) fn bytes(&self) -> usize {
        let source = self.source.as_ref().map_or(0, |it| it.name.len() + it.version.len());
        let words = [&self.architecture, &self.vendor];
        let words: usize = words.into_iter().flatten().map(String::len).sum();
        let licenses: usize = self.licenses.iter().map(|it| it.len() + size_of::<String>()).sum();
        size_of::<Self>() + self.name.len() + self.version.len() + source + words + licenses
    }
}

/// Why a file, or a part of it, could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Trouble {
    #[error("cannot read it: {0}")]
    Read(String),
    #[error("{0}")]
    Malformed(String),
    #[error("past the limit {limit} = {max}")]
    Limit { limit: &'static str, max: u64 },
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Self {
        Self::Read(error.to_string())
    }
}

/// What a cataloger found in one file.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    pub(crate) packages: Vec<Found>,
    pub(crate) os_release: Option<OsRelease>,
    pub(crate) troubles: Vec<Trouble>,
    /// Paths that a package says it brought: the package by its place in `packages`, or in a list
    /// without packages none.
    pub(crate) claims: Vec<(Vec<u8>, Option<usize>)>,
    /// Licences that a file declares of the package that it belongs to.
    pub(crate) licenses: Vec<String>,
    /// Which bytes it is, of a bill of materials.
    pub(crate) bill: Option<BillBytes>,
    /// What they take in memory, while they are added to.
    pub(crate) bytes: usize,
}

impl Findings {
    /// Those that were told before, with the troubles as they are said.
    pub(crate) fn told(
        packages: Vec<Found>,
        os_release: Option<OsRelease>,
        troubles: Vec<String>,
        claims: Vec<(Vec<u8>, Option<usize>)>,
        licenses: Vec<String>,
        bill: Option<BillBytes>,
    ) -> Self {
        let troubles = troubles.into_iter().map(Trouble::Malformed).collect();
        Self { packages, os_release, troubles, claims, licenses, bill, bytes: 0 }
    }

    /// Those of a file that is past a limit.
    pub(crate) fn past_limit(limit: &'static str, max: u64) -> Self {
        let mut findings = Self::default();
        findings.trouble(Trouble::Limit { limit, max });
        findings
    }

    /// Whether there is nothing to tell.
    pub(crate) fn is_empty(&self) -> bool {
        self.packages.is_empty()
            && self.os_release.is_none()
            && self.troubles.is_empty()
            && self.claims.is_empty()
            && self.licenses.is_empty()
            && self.bill.is_none()
    }

    /// Adds a package. An error says that there is no room for more: read no further.
    pub(crate) fn package(&mut self, found: Found) -> Result<(), Trouble> {
        if self.packages.len() == PACKAGES_MAX {
            return Err(Trouble::Limit { limit: "file_packages_max", max: PACKAGES_MAX as u64 });
        }
        self.take(found.bytes())?;
        self.packages.push(found);
        Ok(())
    }

    /// Adds a path that the last package brought.
    pub(crate) fn claim(&mut self, path: &[u8]) -> Result<(), Trouble> {
        self.claim_of(self.packages.len().checked_sub(1), path)
    }

    /// Adds a path that a package brought, by its place in `packages`.
    pub(crate) fn claim_of(&mut self, package: Option<usize>, path: &[u8]) -> Result<(), Trouble> {
        self.take(path.len() + size_of::<(Vec<u8>, Option<usize>)>())?;
        self.claims.push((path.to_vec(), package));
        Ok(())
    }

    /// Adds a licence of the package that the file belongs to.
    pub(crate) fn license(&mut self, name: String) -> Result<(), Trouble> {
        self.take(name.len() + size_of::<String>())?;
        self.licenses.push(name);
        Ok(())
    }

    fn take(&mut self, bytes: usize) -> Result<(), Trouble> {
        self.bytes += bytes;
        if self.bytes > BYTES_MAX {
            return Err(Trouble::Limit { limit: "file_package_bytes_max", max: BYTES_MAX as u64 });
        }
        Ok(())
    }

    /// Adds a part that could not be read; reading goes on.
    pub(crate) fn trouble(&mut self, trouble: Trouble) {
        if self.troubles.len() < TROUBLES_MAX && !self.troubles.contains(&trouble) {
            self.troubles.push(trouble);
        }
    }
}

/// Reads `text` as a file at `path`, and compares packages and troubles, each in one line.
#[cfg(test)]
pub(super) fn check(
    cataloger: &dyn super::Cataloger,
    path: &str,
    text: impl AsRef<[u8]>,
    expected: &[&str],
) {
    let mut findings = Findings::default();
    assert!(cataloger.wants(&super::FilePath::of(path.as_bytes())), "{path} is not wanted");
    let end = cataloger.read(path.as_bytes(), &mut text.as_ref(), &mut findings);
    end.unwrap_or_else(|trouble| findings.trouble(trouble));
    let package = |it: &Found| {
        let mut line = format!("{} {}", it.name, it.version);
        if let Some(architecture) = &it.architecture {
            line += &format!(" {architecture}");
        }
        if let Some(source) = &it.source {
            line += &format!(" ({} {})", source.name, source.version);
        }
        it.licenses.iter().for_each(|license| line += &format!(" {license}"));
        line
    };
    let packages = findings.packages.iter().map(package);
    let troubles = findings.troubles.iter().map(|it| format!("! {it}"));
    let claims = findings.claims.iter();
    let claims = claims.map(|(path, _)| format!("claims {}", String::from_utf8_lossy(path)));
    assert_eq!(packages.chain(troubles).chain(claims).collect::<Vec<_>>(), expected);
}
