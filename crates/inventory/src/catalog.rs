//! Who reads what: every package database and language, one file each.
//!
//! A cataloger answers two questions: does it want the file at this path, and what does the file
//! hold? It sees nothing else of the image, and it cannot fail it: what it cannot read becomes
//! trouble in its [`Findings`], and that a note of the inventory.

mod apk;
mod dpkg;
mod findings;
mod lines;
mod npm;
mod os_release;
mod python;

use std::io::Read;

pub(crate) use findings::{Findings, Found, Trouble};

/// One package database, or one language's metadata.
pub(crate) trait Cataloger: Sync {
    /// Whether it reads the file at this path: real, from the image's root, without a leading
    /// `/`. Any bytes.
    fn wants(&self, path: &[u8]) -> bool;

    /// Fixed places that it reads. They are found through symbolic links too.
    fn places(&self) -> &'static [&'static str] {
        &[]
    }

    /// What the file holds. The content is bounded by `file_bytes_max` before it comes here.
    fn read(
        &self,
        path: &[u8],
        content: &mut dyn Read,
        findings: &mut Findings,
    ) -> Result<(), Trouble>;
}

/// All of them. A new one is a file and a line here.
const CATALOGERS: &[&dyn Cataloger] =
    &[&apk::Apk, &dpkg::Dpkg, &npm::Npm, &python::Python, &os_release::OsReleaseFile];

/// Where the distribution is named, the first that is there (os-release(5)).
pub(crate) const OS_RELEASE_PLACES: &[&str] = os_release::PLACES;

/// A cataloger, by its place in the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Role(u8);

/// Who reads the file at this path.
pub(crate) fn role_of(path: &[u8]) -> Option<Role> {
    (0..).map(Role).zip(CATALOGERS).find(|(_, it)| it.wants(path)).map(|(role, _)| role)
}

/// The fixed places of all.
pub(crate) fn places() -> impl Iterator<Item = &'static str> {
    CATALOGERS.iter().flat_map(|it| it.places()).copied()
}

impl Role {
    pub(crate) fn read(self, path: &[u8], content: &mut dyn Read, findings: &mut Findings) {
        let Some(cataloger) = CATALOGERS.get(usize::from(self.0)) else { return };
        if let Err(trouble) = cataloger.read(path, content, findings) {
            findings.trouble(trouble);
        }
    }
}

/// Reads bytes that a file at this path might hold, as [`take`](crate::take) would: the door for
/// fuzzers. Answers how many packages it showed, `None` if nobody reads such a path.
pub fn read_file(path: &[u8], content: &mut dyn Read) -> Option<usize> {
    let role = role_of(path)?;
    let mut findings = Findings::default();
    role.read(path, content, &mut findings);
    Some(findings.packages.len())
}

/// The last component of a path, and what lies before it.
fn split_last(path: &[u8]) -> (&[u8], &[u8]) {
    match path.iter().rposition(|&byte| byte == b'/') {
        Some(slash) => (&path[..slash], &path[slash + 1..]),
        None => (&[], path),
    }
}
