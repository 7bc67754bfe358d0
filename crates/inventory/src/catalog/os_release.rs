//! Which distribution it is: os-release(5).

use std::io::Read;

use super::findings::{Findings, Trouble};
use super::lines::Lines;
use super::{Cataloger, FilePath};
use crate::os_release::OsRelease;

/// Reads `os-release`, in both of its places.
pub(super) struct OsReleaseFile;

pub(super) const PLACES: &[&str] = &["etc/os-release", "usr/lib/os-release"];

impl Cataloger for OsReleaseFile {
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
        let mut os = OsRelease { id: "linux".to_owned(), ..OsRelease::default() };
        let mut lines = Lines::new(content);
        while let Some(line) = lines.next_line()? {
            let text = std::str::from_utf8(line.bytes).unwrap_or_default().trim();
            let Some((key, value)) = text.split_once('=') else { continue };
            let value = unquote(value);
            let is_wanted = matches!(key, "ID" | "ID_LIKE" | "VERSION_ID" | "VERSION_CODENAME");
            if is_wanted && line.is_cut {
                return Err(Trouble::Malformed(format!("{key} is too long")));
            }
            match key {
                "ID" => os.id = value,
                "ID_LIKE" => os.id_like = value.split_whitespace().map(str::to_owned).collect(),
                "VERSION_ID" => os.version_id = value,
                "VERSION_CODENAME" => os.version_codename = value,
                "PRETTY_NAME" => os.pretty_name = value,
                _ => {}
            }
        }
        findings.os_release = Some(os);
        Ok(())
    }
}

/// A value as a shell would read it: bare, or in quotes with backslashes.
fn unquote(value: &str) -> String {
    let value = value.trim();
    if let Some(inner) = value.strip_prefix('\'') {
        return inner.strip_suffix('\'').unwrap_or(inner).to_owned();
    }
    let inner = match value.strip_prefix('"') {
        Some(inner) => inner.strip_suffix('"').unwrap_or(inner),
        None => value,
    };
    let mut text = String::with_capacity(inner.len());
    let mut characters = inner.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => text.extend(characters.next()),
            _ => text.push(character),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(mut text: &[u8]) -> OsRelease {
        let mut findings = Findings::default();
        OsReleaseFile.read(b"etc/os-release", &mut text, &mut findings).unwrap();
        findings.os_release.unwrap()
    }

    #[test]
    fn values_are_read_as_a_shell_reads_them() {
        let os = read(
            b"# no\nPRETTY_NAME=\"Debian \\\"12\\\"\"\nID=debian\nVERSION_ID='12'\nID_LIKE=\"a b\"\n",
        );
        assert_eq!((os.id.as_str(), os.version_id.as_str()), ("debian", "12"));
        assert_eq!(os.pretty_name, "Debian \"12\"");
        assert_eq!(os.id_like, ["a", "b"]);
    }

    #[test]
    fn a_file_that_names_nothing_is_linux() {
        assert_eq!(read(b"").id, "linux");
        assert_eq!(read(b"\xff\xfe\n=\nID\n").id, "linux");
    }
}
