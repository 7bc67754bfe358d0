//! Debian's package database (deb-control(5), dpkg-query(1)): `status`, and distroless's folder
//! `status.d` with one file a package (GoogleContainerTools/distroless, PACKAGE_METADATA.md). What
//! dpkg had not yet written into `status` when it was stopped lies in `updates`.

use std::io::Read;

use super::findings::{Findings, Found, Trouble};
use super::lines::{Line, Lines};
use super::roles::fill;
use super::{Cataloger, FilePath, split_last};
use crate::ecosystem::Ecosystem;
use crate::package::Source;

/// Reads dpkg's database.
pub(super) struct Dpkg;

const STATUS: &str = "var/lib/dpkg/status";
const STATUS_FOLDER: &str = "var/lib/dpkg/status.d";
/// Its files are named by numbers.
const UPDATES: &str = "var/lib/dpkg/updates";

/// States in which a package's files are there, or may be.
const STATES_PRESENT: [&str; 6] = [
    "installed",
    "unpacked",
    "half-configured",
    "half-installed",
    "triggers-awaited",
    "triggers-pending",
];

impl Cataloger for Dpkg {
    fn wants(&self, path: &FilePath<'_>) -> bool {
        let (folder, file) = path.split();
        path.whole == STATUS.as_bytes()
            || (folder == STATUS_FOLDER.as_bytes() && !file.ends_with(b".md5sums"))
            || is_update(path.whole)
    }

    fn places(&self) -> &'static [&'static str] {
        &[STATUS, STATUS_FOLDER, UPDATES]
    }

    fn read(
        &self,
        path: &[u8],
        content: &mut dyn Read,
        findings: &mut Findings,
    ) -> Result<(), Trouble> {
        if is_update(path) {
            return see_update(content);
        }
        // distroless leaves the status out: what has a file there is installed.
        let is_installed_unsaid = path != STATUS.as_bytes();
        let mut lines = Lines::new(content);
        let mut stanza = Stanza::default();
        let (mut is_empty, mut stanzas) = (true, 0_u32);
        while let Some(line) = lines.next_line()? {
            if line.is_blank() {
                let stanza = std::mem::take(&mut stanza);
                stanzas += u32::from(stanza.close(is_installed_unsaid, findings)?);
                continue;
            }
            is_empty = false;
            if let Err(trouble) = stanza.take(line) {
                findings.trouble(trouble);
            }
        }
        stanzas += u32::from(stanza.close(is_installed_unsaid, findings)?);
        if stanzas == 0 && !is_empty {
            return Err(Trouble::Malformed("holds no dpkg package record".to_owned()));
        }
        Ok(())
    }
}

fn is_update(path: &[u8]) -> bool {
    let (folder, file) = split_last(path);
    folder == UPDATES.as_bytes() && !file.is_empty() && file.iter().all(u8::is_ascii_digit)
}

/// What it says is not in `status`, or other than there.
fn see_update(content: &mut dyn Read) -> Result<(), Trouble> {
    match fill(content, &mut [0])? {
        0 => Ok(()),
        _ => {
            let text = "holds changes of dpkg's database that are not in it";
            Err(Trouble::Malformed(text.to_owned()))
        }
    }
}

#[derive(Default)]
struct Stanza {
    package: Option<String>,
    version: Option<String>,
    architecture: Option<String>,
    source: Option<String>,
    status: Option<String>,
    is_status_unreadable: bool,
}

impl Stanza {
    fn take(&mut self, line: Line<'_>) -> Result<(), Trouble> {
        let slots: [(&str, &mut Option<String>); 5] = [
            ("Package", &mut self.package),
            ("Version", &mut self.version),
            ("Architecture", &mut self.architecture),
            ("Source", &mut self.source),
            ("Status", &mut self.status),
        ];
        for (name, slot) in slots {
            if let Some(field) = line.field(name) {
                match field.text(name) {
                    Ok(text) => *slot = Some(text).filter(|it| !it.is_empty()),
                    Err(trouble) => {
                        self.is_status_unreadable |= name == "Status";
                        return Err(trouble);
                    }
                }
                break;
            }
        }
        Ok(())
    }

    fn is_present(&self, is_installed_unsaid: bool) -> bool {
        match &self.status {
            // want, flag, state: "install ok installed", "deinstall ok config-files", …
            Some(status) => status
                .split_ascii_whitespace()
                .nth(2)
                .is_none_or(|state| STATES_PRESENT.contains(&state)),
            None => is_installed_unsaid || self.is_status_unreadable,
        }
    }

    /// Ends the stanza; answers whether it was a package's.
    fn close(self, is_installed_unsaid: bool, findings: &mut Findings) -> Result<bool, Trouble> {
        let is_present = self.is_present(is_installed_unsaid);
        let Some(name) = self.package else {
            if self.version.is_some() {
                let text = "package record without a readable name";
                findings.trouble(Trouble::Malformed(text.to_owned()));
            }
            return Ok(self.version.is_some());
        };
        if !is_present {
            return Ok(true);
        }
        let Some(version) = self.version else {
            let text = format!("package {name} has no readable version");
            findings.trouble(Trouble::Malformed(text));
            return Ok(true);
        };
        findings.package(Found {
            source: Some(source(self.source.as_deref(), &name, &version)),
            architecture: self.architecture,
            ..Found::new(Ecosystem::Dpkg, name, version)
        })?;
        Ok(true)
    }
}

/// The source package: `Source: name (version)`; what is left out is the package's own. A
/// rebuild without a change of the source (`+b1`) has the version of the source it is of.
fn source(field: Option<&str>, package: &str, version: &str) -> Source {
    let field = field.unwrap_or(package);
    if let Some((name, rest)) = field.split_once('(') {
        let version = rest.trim_end().trim_end_matches(')').trim();
        return Source { name: name.trim().to_owned(), version: version.to_owned() };
    }
    let version = match version.rsplit_once("+b") {
        Some((source, build)) if is_number(build) => source,
        _ => version,
    };
    Source { name: field.trim().to_owned(), version: version.to_owned() }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::super::findings::check;
    use super::*;

    fn status(text: &str, expected: &[&str]) {
        check(&Dpkg, STATUS, text, expected);
    }

    #[test]
    fn only_packages_whose_files_are_there_count() {
        let state = |state: &str| format!("Package: a\nStatus: {state}\nVersion: 1\n");
        status(&state("install ok installed"), &["a 1 (a 1)"]);
        status(&state("hold ok half-configured"), &["a 1 (a 1)"]);
        status(&state("install ok triggers-pending"), &["a 1 (a 1)"]);
        status(&state("deinstall ok config-files"), &[]);
        status(&state("purge ok not-installed"), &[]);
        status("Package: a\nStatus: install ok not-installed\nPriority: optional\n", &[]);
    }

    #[test]
    fn the_source_may_have_a_name_and_a_version_of_its_own() {
        let with = |fields: &str| {
            format!("Package: libc6\nStatus: install ok installed\nArchitecture: amd64\n{fields}\n")
        };
        status(&with("Source: glibc\nVersion: 2.36-9"), &["libc6 2.36-9 amd64 (glibc 2.36-9)"]);
        status(&with("Source: glibc (2.3)\nVersion: 1:9"), &["libc6 1:9 amd64 (glibc 2.3)"]);
        status(&with("Version: 1.2-3+b4"), &["libc6 1.2-3+b4 amd64 (libc6 1.2-3)"]);
        status(&with("Source: g (1+b1)\nVersion: 2+b9"), &["libc6 2+b9 amd64 (g 1+b1)"]);
        status(&with("Version: 1.2+build"), &["libc6 1.2+build amd64 (libc6 1.2+build)"]);
    }

    #[test]
    fn continued_lines_are_no_fields() {
        let text = "Package: a\nStatus: install ok installed\nVersion: 1\nDescription: x\n \
                    Package: b\n .\n Version: 2\n\nPackage: c\nStatus: install ok installed\n\
                    Version: 3\nConffiles:\n /etc/c 00\n";
        status(text, &["a 1 (a 1)", "c 3 (c 3)"]);
    }

    #[test]
    fn distroless_has_a_file_a_package() {
        let text = "Package: base-files\nVersion: 12.4\nArchitecture: amd64\n";
        let expected = ["base-files 12.4 amd64 (base-files 12.4)"];
        check(&Dpkg, "var/lib/dpkg/status.d/base", text, &expected);
        assert!(!Dpkg.wants(&FilePath::of(b"var/lib/dpkg/status.d/base.md5sums")));
        assert!(!Dpkg.wants(&FilePath::of(b"var/lib/dpkg/status.d/deep/base")));
    }

    #[test]
    fn what_dpkg_had_not_written_into_its_database_yet_is_said() {
        let text = "Package: late\nStatus: install ok installed\nVersion: 1\n";
        let trouble = ["! holds changes of dpkg's database that are not in it"];
        check(&Dpkg, "var/lib/dpkg/updates/0001", text, &trouble);
        check(&Dpkg, "var/lib/dpkg/updates/0001", "", &[]);
        assert!(!Dpkg.wants(&FilePath::of(b"var/lib/dpkg/updates/tmp.i")));
    }

    #[test]
    fn what_cannot_be_read_is_said() {
        status("garbage\n", &["! holds no dpkg package record"]);
        status(
            "Package: a\nStatus: install ok installed\n",
            &["! package a has no readable version"],
        );
        let not_utf8 = b"Package: \xff\nStatus: install ok installed\nVersion: 1\n";
        let expected = ["! Package is not UTF-8", "! package record without a readable name"];
        check(&Dpkg, STATUS, not_utf8, &expected);
    }
}
