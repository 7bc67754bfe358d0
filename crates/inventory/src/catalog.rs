//! Who reads what: every package database and language, one file each.
//!
//! A cataloger answers two questions: does it want this file, and what does the file hold? It
//! sees nothing else of the image, and it cannot fail it: what it cannot read becomes trouble in
//! its [`Findings`], and that a note of the inventory.

mod apk;
mod bill;
mod bun_lock;
mod cargo_lock;
mod chisel;
mod composer;
mod conda;
mod dpkg;
mod dpkg_copyright;
mod dpkg_files;
mod findings;
mod gemfile_lock;
mod gemspec;
mod go_mod;
mod java;
mod json;
mod lines;
mod lock;
mod marker;
mod npm;
mod npm_lock;
mod nuget;
mod os_release;
mod owned;
mod pipfile_lock;
mod pnpm_lock;
mod program;
mod python;
mod python_lock;
mod requirements;
mod roles;
mod rpm;
mod runtime;
mod unread;
mod unzip;
mod uv_lock;
mod whole;
mod yarn_cache;
mod yarn_lock;

use std::io::Read;

pub(crate) use findings::{Findings, Found, Trouble};
pub(crate) use roles::{Candidate, Role, Roles, lookers_into, roles_of};

/// The path of a file: real, from the image's root, without a leading `/`. Any bytes. Taken apart once
/// for all who are asked about it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FilePath<'p> {
    pub(crate) whole: &'p [u8],
    folder: &'p [u8],
    file: &'p [u8],
}

impl<'p> FilePath<'p> {
    pub(crate) fn of(whole: &'p [u8]) -> Self {
        let (folder, file) = split_last(whole);
        Self { whole, folder, file }
    }

    /// The folder, and the name in it.
    pub(crate) fn split(&self) -> (&'p [u8], &'p [u8]) {
        (self.folder, self.file)
    }
}

/// One package database, or one language's metadata.
pub(crate) trait Cataloger: Sync {
    /// Whether it asks for the file at this path. A file that was asked for and cannot be read is a
    /// note.
    fn wants(&self, path: &FilePath<'_>) -> bool;

    /// Whether it looks into a file of any name, by its mode and size, if it begins with one of
    /// its [`magics`](Self::magics). A file that then shows nothing is as if it had not been
    /// looked into.
    fn looks_into(&self, _candidate: &Candidate<'_>) -> bool {
        false
    }

    /// How files begin that it looks into: up to 8 bytes each.
    fn magics(&self) -> &'static [&'static [u8]] {
        &[]
    }

    /// Whether it holds little of a file, whatever its size: `file_bytes_max` is not for it.
    fn streams(&self) -> bool {
        false
    }

    /// Whether it reads lock files: what shall be installed, and not what is.
    fn is_lock(&self) -> bool {
        false
    }

    /// Fixed places that it reads. They are found through symbolic links too.
    fn places(&self) -> &'static [&'static str] {
        &[]
    }

    /// What the file holds. The content is bounded by `file_bytes_max` before it comes here, but
    /// for one that [`streams`](Self::streams).
    fn read(
        &self,
        path: &[u8],
        content: &mut dyn Read,
        findings: &mut Findings,
    ) -> Result<(), Trouble>;
}

/// All of them. A new one is a file and a line here.
const CATALOGERS: &[&dyn Cataloger] = &[
    &apk::Apk,
    &dpkg::Dpkg,
    &dpkg_files::DpkgFiles,
    &dpkg_copyright::DpkgCopyright,
    &chisel::Chisel,
    &rpm::Rpm,
    &rpm::RpmManifest,
    &unread::Unread,
    &npm::Npm,
    &program::Program,
    &go_mod::GoMod,
    &cargo_lock::CargoLock,
    &java::Java,
    &runtime::Runtime,
    &python::Python,
    &python::PythonEgg,
    &os_release::OsReleaseFile,
    &npm_lock::NpmLock,
    &yarn_lock::YarnLock,
    &yarn_cache::YarnCache,
    &pnpm_lock::PnpmLock,
    &bun_lock::BunLock,
    &requirements::Requirements,
    &python_lock::PythonLock,
    &uv_lock::UvLock,
    &pipfile_lock::PipfileLock,
    &conda::Conda,
    &gemspec::Gemspec,
    &gemfile_lock::GemfileLock,
    &composer::Composer,
    &composer::ComposerLock,
    &nuget::NugetDeps,
    &nuget::NugetLock,
    &bill::Bill,
];

/// Where the distribution is named, the first that is there (os-release(5)).
pub(crate) const OS_RELEASE_PLACES: &[&str] = os_release::PLACES;

/// The fixed places of all.
pub(crate) fn places() -> impl Iterator<Item = &'static str> {
    CATALOGERS.iter().flat_map(|it| it.places()).copied()
}

/// Whether the file at this path is a lock file: it names what shall be installed.
pub(crate) fn is_lock(path: &[u8]) -> bool {
    let path = FilePath::of(path);
    CATALOGERS.iter().any(|it| it.is_lock() && it.wants(&path))
}

/// Reads bytes that a file at this path might hold, as [`take`](crate::take) would: the door for
/// fuzzers. A path that nobody asks for is a program's. Answers how many packages it showed,
/// `None` if nobody reads it.
pub fn read_file(path: &[u8], content: &mut dyn Read) -> Option<usize> {
    let candidate = Candidate { path, mode: 0o755, size: u64::MAX };
    let (asked, looking) = (roles_of(path), lookers_into(&candidate));
    let is_read = !asked.union(looking).is_empty();
    let found = Roles::read(asked, looking, path, content);
    is_read.then(|| found.iter().map(|(_, it)| it.packages.len()).sum())
}

/// Whether a package is one of a cache that packages run from, and of which project.
pub(crate) use yarn_cache::project_of as cache_project_of;

/// The names of the lists of files that belong to this package of dpkg, by the file that shows it.
pub(crate) use dpkg_files::lists_of as dpkg_lists_of;

/// The last component of a path, and what lies before it.
pub(crate) fn split_last(path: &[u8]) -> (&[u8], &[u8]) {
    match memchr::memrchr(b'/', path) {
        Some(slash) => (&path[..slash], &path[slash + 1..]),
        None => (&[], path),
    }
}
