//! Which files Debian's packages brought: `info/NAME.list` of an installed package (dpkg-query(1)),
//! and distroless's `status.d/NAME.md5sums`.

use std::io::Read;

use super::findings::{Findings, Trouble};
use super::lines::Lines;
use super::{Cataloger, FilePath, owned, split_last};

/// Reads the lists of files beside dpkg's database.
pub(super) struct DpkgFiles;

const LISTS: &str = "var/lib/dpkg/info";
const SUMS: &str = "var/lib/dpkg/status.d";

impl Cataloger for DpkgFiles {
    fn wants(&self, path: &FilePath<'_>) -> bool {
        let (folder, file) = path.split();
        (folder == LISTS.as_bytes() && file.ends_with(b".list"))
            || (folder == SUMS.as_bytes() && file.ends_with(b".md5sums"))
    }

    fn places(&self) -> &'static [&'static str] {
        &[LISTS]
    }

    fn read(
        &self,
        path: &[u8],
        content: &mut dyn Read,
        findings: &mut Findings,
    ) -> Result<(), Trouble> {
        let is_sums = path.ends_with(b".md5sums");
        let mut lines = Lines::new(content);
        while let Some(line) = lines.next_line()? {
            let named = match is_sums {
                true => line.bytes.get(32..).and_then(|it| it.strip_prefix(b"  ")),
                false => Some(line.bytes),
            };
            // A path that was cut is nobody's.
            let Some(named) = named.filter(|_| !line.is_cut) else { continue };
            let named = named.strip_prefix(b"./").unwrap_or(named).trim_ascii();
            let named = named.strip_prefix(b"/").unwrap_or(named);
            if owned::is_told(named) {
                findings.claim(named)?;
            }
        }
        Ok(())
    }
}

/// The names that the list of a package's files may have: that of dpkg's, also where several
/// architectures have it, and that beside the file of distroless's that shows it.
pub(crate) fn lists_of(name: &str, architecture: Option<&str>, shown_by: &[u8]) -> Vec<Vec<u8>> {
    let file = split_last(shown_by).1;
    let of_architecture = architecture.map(|it| format!("{name}:{it}.list").into_bytes());
    let names = [format!("{name}.list").into_bytes(), [file, b".md5sums".as_slice()].concat()];
    names.into_iter().chain(of_architecture).collect()
}

#[cfg(test)]
mod tests {
    use super::super::findings::check;
    use super::*;

    #[test]
    fn what_shows_packages_is_claimed_and_nothing_else() {
        check(
            &DpkgFiles,
            "var/lib/dpkg/info/python3.11-minimal.list",
            "/.\n/usr\n/usr/bin\n/usr/bin/python3.11\n/usr/share/doc/x\n\
             /usr/lib/python3/dist-packages/six-1.egg-info\n",
            &["claims usr/bin/python3.11", "claims usr/lib/python3/dist-packages/six-1.egg-info"],
        );
        check(
            &DpkgFiles,
            "var/lib/dpkg/status.d/perl-base.md5sums",
            "d41d8cd98f00b204e9800998ecf8427e  usr/bin/perl\nnonsense\n\
             d41d8cd98f00b204e9800998ecf8427e  usr/bin/prename\n",
            &["claims usr/bin/perl"],
        );
        let long = format!("/usr/bin/perl{}", "x".repeat(20_000));
        check(&DpkgFiles, "var/lib/dpkg/info/a.list", long, &[]);
        assert!(!DpkgFiles.wants(&FilePath::of(b"var/lib/dpkg/info/perl.md5sums")));
        assert!(!DpkgFiles.wants(&FilePath::of(b"var/lib/dpkg/status.d/perl")));
    }
}
