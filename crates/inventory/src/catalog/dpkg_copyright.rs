//! What Debian's packages declare of their licences: `usr/share/doc/NAME/copyright`, where it is
//! machine-readable (Debian's copyright-format 1.0, once DEP-5). Prose is not read.

use std::io::Read;

use super::findings::{Findings, Trouble};
use super::lines::{Line, Lines};
use super::{Cataloger, FilePath, split_last};

/// Reads the copyright files of Debian's packages.
pub(super) struct DpkgCopyright;

const FOLDER: &[u8] = b"usr/share/doc";
/// How many licences are held of one package.
const LICENSES_MAX: usize = 32;
/// What is longer is no short name.
const LICENSE_BYTES_MAX: usize = 256;

impl Cataloger for DpkgCopyright {
    fn wants(&self, path: &FilePath<'_>) -> bool {
        let (folder, file) = path.split();
        file == b"copyright" && split_last(folder).0 == FOLDER
    }

    fn streams(&self) -> bool {
        true
    }

    fn read(
        &self,
        _path: &[u8],
        content: &mut dyn Read,
        findings: &mut Findings,
    ) -> Result<(), Trouble> {
        let mut lines = Lines::new(content);
        let Some(first) = lines.next_line()? else { return Ok(()) };
        if !is_machine_readable(first) {
            return Ok(());
        }
        // The first paragraph speaks of the whole, those with `Files` of these. One with neither
        // is only the text of a licence.
        let (mut is_of_files, mut declared) = (true, None);
        while let Some(line) = lines.next_line()? {
            if line.is_blank() {
                add(findings, declared.take(), is_of_files)?;
                is_of_files = false;
            } else if line.field("Files").is_some() {
                is_of_files = true;
            } else if let Some(field) = line.field("License") {
                declared = field.text("licence").ok();
            }
        }
        add(findings, declared, is_of_files)
    }
}

fn is_machine_readable(first: Line<'_>) -> bool {
    let format = first.field("Format").or_else(|| first.field("Format-Specification"));
    let format = format.and_then(|it| it.text("format").ok()).unwrap_or_default();
    ["copyright-format", "dep5", "DEP5", "dep-5"].iter().any(|it| format.contains(it))
}

fn add(
    findings: &mut Findings,
    declared: Option<String>,
    is_of_files: bool,
) -> Result<(), Trouble> {
    let is_name = |it: &String| !it.is_empty() && it.len() <= LICENSE_BYTES_MAX;
    let Some(name) = declared.filter(|it| is_of_files && is_name(it)) else { return Ok(()) };
    if findings.licenses.len() < LICENSES_MAX && !findings.licenses.contains(&name) {
        findings.license(name)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[&str]) {
        let mut findings = Findings::default();
        DpkgCopyright.read(b"", &mut text.as_bytes(), &mut findings).unwrap();
        assert_eq!(findings.licenses, expected, "{text}");
    }

    const FORMAT: &str =
        "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n";

    #[test]
    fn the_licences_of_files_are_declared_each_once() {
        let text = "Upstream-Name: x\nSource: y\n\nFiles: *\nCopyright: me\nLicense: Expat\n \
            The text.\n License: not-this\n\nFiles: debian/*\nLicense: GPL-2+\n\nFiles: z\nLicense: Expat\n\n\
            License: GPL-2+\n The text.\n\nLicense: only-a-text\n";
        check(&format!("{FORMAT}{text}"), &["Expat", "GPL-2+"]);
        check(&format!("{FORMAT}License: MIT\n"), &["MIT"]);
        check("Format-Specification: http://dep.debian.net/deps/dep5\nLicense: A\n", &["A"]);
    }

    #[test]
    fn prose_declares_nothing() {
        check("", &[]);
        check("This package was debianized by me.\n\nLicense: GPL-2\n", &[]);
        check("Format: of my own\nLicense: GPL-2\n", &[]);
        let many: String = (0..100).map(|it| format!("\nFiles: {it}\nLicense: L-{it}\n")).collect();
        let mut findings = Findings::default();
        let text = format!("{FORMAT}{many}\nFiles: x\nLicense: {}\n", "x".repeat(1000));
        DpkgCopyright.read(b"", &mut text.as_bytes(), &mut findings).unwrap();
        assert_eq!(findings.licenses.len(), LICENSES_MAX);
    }

    #[test]
    fn a_package_has_one() {
        assert!(DpkgCopyright.wants(&FilePath::of(b"usr/share/doc/bash/copyright")));
        assert!(!DpkgCopyright.wants(&FilePath::of(b"usr/share/doc/copyright")));
        assert!(!DpkgCopyright.wants(&FilePath::of(b"usr/share/doc/a/b/copyright")));
    }
}
