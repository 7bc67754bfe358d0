//! Package databases that are known and not read. An image that has one is not without packages: that
//! it has one is said, whatever else the image says of itself.

use std::io::Read;

use super::findings::{Findings, Trouble};
use super::{Cataloger, FilePath};

/// Tells of package databases that are not read.
pub(super) struct Unread;

/// A file that each such database has, whichever packages are in it.
const PLACES: &[&str] = &[
    "var/lib/pacman/local/ALPM_DB_VERSION",
    "nix/var/nix/db/db.sqlite",
    "var/guix/db/db.sqlite",
    "var/db/xbps/pkgdb-0.38.plist",
    "var/lib/portage/world",
    "usr/lib/opkg/status",
];
/// Whose they are.
const NAMES: [&str; PLACES.len()] = ["pacman", "Nix", "Guix", "XBPS", "Portage", "opkg"];

impl Cataloger for Unread {
    fn wants(&self, path: &FilePath<'_>) -> bool {
        PLACES.iter().any(|it| it.as_bytes() == path.whole)
    }

    fn places(&self) -> &'static [&'static str] {
        PLACES
    }

    /// Nothing of it is held.
    fn streams(&self) -> bool {
        true
    }

    fn read(
        &self,
        path: &[u8],
        _content: &mut dyn Read,
        _findings: &mut Findings,
    ) -> Result<(), Trouble> {
        let place = PLACES.iter().position(|it| it.as_bytes() == path);
        let name = place.map_or("another distribution", |it| NAMES[it]);
        Err(Trouble::Malformed(format!("is of the package database of {name}, which is not read")))
    }
}

#[cfg(test)]
mod tests {
    use super::super::findings::check;
    use super::*;

    #[test]
    fn a_database_that_is_not_read_is_told_of() {
        let expected = ["! is of the package database of pacman, which is not read"];
        check(&Unread, PLACES[0], "9\n", &expected);
        let expected = ["! is of the package database of opkg, which is not read"];
        check(&Unread, PLACES[5], "", &expected);
    }
}
