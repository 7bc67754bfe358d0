//! What Azure Linux's distroless images have instead of a database: a line a package, of what
//! `rpm -qa` printed when the image was made, in columns.

use std::io::Read;

use super::super::findings::{Findings, Found, Trouble};
use super::super::lines::Lines;
use super::super::{Cataloger, FilePath};
use super::source;
use crate::ecosystem::Ecosystem;

/// Reads the list of packages.
pub(in super::super) struct RpmManifest;

const PLACE: &str = "var/lib/rpmmanifest/container-manifest-2";

impl Cataloger for RpmManifest {
    fn wants(&self, path: &FilePath<'_>) -> bool {
        path.whole == PLACE.as_bytes()
    }

    fn places(&self) -> &'static [&'static str] {
        &[PLACE]
    }

    fn read(
        &self,
        _path: &[u8],
        content: &mut dyn Read,
        findings: &mut Findings,
    ) -> Result<(), Trouble> {
        let mut lines = Lines::new(content);
        while let Some(line) = lines.next_line()? {
            if line.is_blank() {
                continue;
            }
            let text = std::str::from_utf8(line.bytes).ok().filter(|_| !line.is_cut);
            match text.and_then(package) {
                Some(found) => findings.package(found)?,
                None => findings
                    .trouble(Trouble::Malformed("has a line that is no package's".to_owned())),
            }
        }
        Ok(())
    }
}

/// Name, version with release, times of installing and building, vendor, epoch, size,
/// architecture, epoch with all, source; what a package lacks is `(none)`.
fn package(line: &str) -> Option<Found> {
    let columns: Vec<&str> = line.split('\t').map(str::trim).collect();
    let [name, version, _, _, vendor, epoch, _, architecture, _, file, ..] = columns.as_slice()
    else {
        return None;
    };
    let given = |it: &str| Some(it.to_owned()).filter(|it| it != "(none)" && !it.is_empty());
    let is_whole = !name.is_empty() && version.contains('-');
    let version = match *epoch {
        "(none)" | "" | "0" => (*version).to_owned(),
        epoch => format!("{epoch}:{version}"),
    };
    is_whole.then(|| Found {
        source: source(file),
        architecture: given(architecture),
        vendor: given(vendor),
        ..Found::new(Ecosystem::Rpm, (*name).to_owned(), version)
    })
}
