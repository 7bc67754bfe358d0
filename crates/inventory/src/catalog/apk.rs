//! Alpine's installed database: stanzas of one-letter fields (apk-db(5), apk-package(5)).

use std::io::Read;

use super::findings::{Findings, Found, Trouble};
use super::lines::{Line, Lines};
use super::{Cataloger, FilePath, owned};
use crate::ecosystem::Ecosystem;
use crate::package::Source;

/// Reads apk's installed database, in its old place and in that of merged `/usr`.
pub(super) struct Apk;

const PLACES: &[&str] = &["lib/apk/db/installed", "usr/lib/apk/db/installed"];

impl Cataloger for Apk {
    fn wants(&self, path: &FilePath<'_>) -> bool {
        PLACES.iter().any(|it| it.as_bytes() == path.whole)
    }

    fn places(&self) -> &'static [&'static str] {
        PLACES
    }

    fn read(
        &self,
        _path: &[u8],
        content: &mut dyn Read,
        findings: &mut Findings,
    ) -> Result<(), Trouble> {
        let mut lines = Lines::new(content);
        let mut stanza = Stanza::default();
        let (mut is_empty, mut stanzas) = (true, 0_u32);
        while let Some(line) = lines.next_line()? {
            if line.is_blank() {
                stanzas += u32::from(std::mem::take(&mut stanza).close(findings)?);
                continue;
            }
            is_empty = false;
            if let Err(trouble) = stanza.take(line) {
                findings.trouble(trouble);
            }
        }
        stanzas += u32::from(stanza.close(findings)?);
        if stanzas == 0 && !is_empty {
            return Err(Trouble::Malformed("holds no apk package record".to_owned()));
        }
        Ok(())
    }
}

#[derive(Default)]
struct Stanza {
    name: Option<String>,
    version: Option<String>,
    architecture: Option<String>,
    origin: Option<String>,
    license: Option<String>,
    /// The folder that the files after it lie in, and those that it claims.
    folder: Vec<u8>,
    claims: Vec<Vec<u8>>,
}

/// How many files one package may claim; no package brings so many.
const CLAIMS_MAX: usize = 4096;

impl Stanza {
    fn take(&mut self, line: Line<'_>) -> Result<(), Trouble> {
        // The letters' case matters: `p` is what a package provides.
        let (slot, what) = match line.bytes.first() {
            Some(b'P') => (&mut self.name, "package name"),
            Some(b'V') => (&mut self.version, "package version"),
            Some(b'A') => (&mut self.architecture, "architecture"),
            Some(b'o') => (&mut self.origin, "origin"),
            Some(b'L') => (&mut self.license, "licence"),
            Some(b'F' | b'R') => {
                self.take_file(line);
                return Ok(());
            }
            _ => return Ok(()),
        };
        let letter = char::from(line.bytes[0]).to_string();
        if let Some(field) = line.field(&letter) {
            *slot = Some(field.text(what)?).filter(|it| !it.is_empty());
        }
        Ok(())
    }

    /// A file that the package brought, if it shows packages. One whose path was cut is nobody's.
    fn take_file(&mut self, line: Line<'_>) {
        let (letter, name) = line.bytes.split_at_checked(2).unwrap_or_default();
        match letter {
            b"F:" if line.is_cut => self.folder = b"..".to_vec(), // leads nowhere
            b"F:" => self.folder = name.to_vec(),
            b"R:" if line.is_cut || self.claims.len() == CLAIMS_MAX => {}
            b"R:" if owned::may_be_told(name) => {
                let path = [&self.folder, b"/".as_slice(), name].concat();
                self.claims.extend(Some(path).filter(|it| owned::is_told(it)));
            }
            _ => {}
        }
    }

    /// Ends the stanza; answers whether it was a package's.
    fn close(self, findings: &mut Findings) -> Result<bool, Trouble> {
        let (name, version) = match (self.name, self.version) {
            (Some(name), Some(version)) => (name, version),
            (None, None) => return Ok(false),
            (Some(name), None) => {
                let text = format!("package {name} has no readable version");
                findings.trouble(Trouble::Malformed(text));
                return Ok(true);
            }
            (None, Some(version)) => {
                let text = format!("package of version {version} has no readable name");
                findings.trouble(Trouble::Malformed(text));
                return Ok(true);
            }
        };
        let origin = self.origin.unwrap_or_else(|| name.clone());
        findings.package(Found {
            source: Some(Source { name: origin, version: version.clone() }),
            architecture: self.architecture,
            licenses: self.license.into_iter().collect(),
            ..Found::new(Ecosystem::Apk, name, version)
        })?;
        self.claims.iter().try_for_each(|path| findings.claim(path))?;
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::super::findings::check;
    use super::*;

    #[test]
    fn a_stanza_is_a_package() {
        let text = "C:Q1xx=\nP:busybox\nV:1.36.1-r29\nA:x86_64\np:cmd:ash=1\no:busybox\n\
                    L:GPL-2.0-only\nF:bin\nR:busybox\nF:usr/lib/python3.12/site-packages/a-1.dist-info\nR:METADATA\n\
                    F:opt/a-1.dist-info\nR:METADATA\n\nP:ssl_client\nV:1.36.1-r29\no:busybox";
        let expected = [
            "busybox 1.36.1-r29 x86_64 (busybox 1.36.1-r29) GPL-2.0-only",
            "ssl_client 1.36.1-r29 (busybox 1.36.1-r29)",
            "claims bin/busybox",
            "claims usr/lib/python3.12/site-packages/a-1.dist-info/METADATA",
        ];
        check(&Apk, "lib/apk/db/installed", text, &expected);
    }

    #[test]
    fn what_cannot_be_read_is_said_and_the_rest_is_kept() {
        let check =
            |text: &str, expected: &[&str]| check(&Apk, "lib/apk/db/installed", text, expected);
        check("", &[]);
        check("\n\n", &[]);
        check("hello\n", &["! holds no apk package record"]);
        check("P:a\n\nP:b\nV:1\n", &["b 1 (b 1)", "! package a has no readable version"]);
        check("P:a\nV:1\nX", &["a 1 (a 1)"]);
        let long = format!("P:{}\nV:1\n\nP:b\nV:2\n", "a".repeat(1 << 20));
        check(
            &long,
            &[
                "b 2 (b 2)",
                "! past the limit line_bytes_max = 16384",
                "! package of version 1 has no readable name",
            ],
        );
    }
}
