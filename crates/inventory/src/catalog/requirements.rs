//! pip's requirements files (pip.pypa.io: Requirements File Format), where they pin: a range
//! names no version.

use std::io::Read;

use super::findings::{Findings, Found, Trouble};
use super::lines::Lines;
use super::{Cataloger, lock, split_last};
use crate::ecosystem::Ecosystem;

/// Reads the pins of `requirements*.txt`.
pub(super) struct Requirements;

impl Cataloger for Requirements {
    fn wants(&self, path: &[u8]) -> bool {
        let (_, file) = split_last(path);
        file.starts_with(b"requirements") && file.ends_with(b".txt") && lock::is_own(path, &[file])
    }

    fn is_lock(&self) -> bool {
        true
    }

    fn read(
        &self,
        _path: &[u8],
        content: &mut dyn Read,
        findings: &mut Findings,
    ) -> Result<(), Trouble> {
        let mut lines = Lines::new(content);
        while let Some(line) = lines.next_line()? {
            let Ok(text) = std::str::from_utf8(line.bytes) else {
                findings.trouble(Trouble::Malformed("has a line that is not UTF-8".to_owned()));
                continue;
            };
            if let Some((name, version)) = pin(text.trim_start_matches('\u{feff}')) {
                let (name, version) = (name.to_owned(), version.to_owned());
                findings.package(Found::new(Ecosystem::Pypi, name, version))?;
            }
        }
        Ok(())
    }
}

/// Name and version of `name[extras] == version ; marker --option # comment`.
fn pin(line: &str) -> Option<(&str, &str)> {
    let line = line.split(" #").next()?.trim();
    let (line, marker) = line.split_once(';').unwrap_or((line, ""));
    let (line, _) = line.split_once(" --").unwrap_or((line, ""));
    let (left, version) = line.trim_end_matches('\\').split_once("==")?;
    // `===` compares as text, and pins too.
    let version = version.strip_prefix('=').unwrap_or(version).trim();
    let left = left.trim();
    let name = left.split_once('[').map_or(left, |(name, _)| name.trim());
    let of_name = |it: char| it.is_ascii_alphanumeric() || matches!(it, '.' | '_' | '-');
    let of_version = |it: char| of_name(it) || matches!(it, '+' | '!');
    let is_pin = !name.is_empty()
        && name.starts_with(|it: char| it.is_ascii_alphanumeric())
        && name.chars().all(of_name)
        && version.starts_with(|it: char| it.is_ascii_alphanumeric())
        && version.chars().all(of_version);
    (is_pin && !is_elsewhere(marker)).then_some((name, version))
}

/// Whether the whole marker is that the system is another than Linux.
fn is_elsewhere(marker: &str) -> bool {
    let marker = marker.split(" --").next().unwrap_or_default();
    let Some((variable, value)) = marker.trim().trim_end_matches('\\').split_once("==") else {
        return false;
    };
    let value = value.trim();
    let text = value.strip_prefix(['\'', '"']).and_then(|it| it.strip_suffix(['\'', '"']));
    let is_one = text.is_some_and(|it| !it.contains(['\'', '"']));
    match variable.trim() {
        "sys_platform" => is_one && text != Some("linux"),
        "platform_system" => is_one && text != Some("Linux"),
        "os_name" => is_one && text != Some("posix"),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::super::findings::check;
    use super::*;

    #[test]
    fn files_of_any_requirements() {
        for path in
            ["requirements.txt", "app/requirements-prod.txt", "requirements/x/requirements.txt"]
        {
            assert!(Requirements.wants(path.as_bytes()), "{path}");
        }
        for path in ["requirements.in", "a/site-packages/x/requirements.txt", "my-requirements.txt"]
        {
            assert!(!Requirements.wants(path.as_bytes()), "{path}");
        }
    }

    #[test]
    fn only_a_pin_names_a_version() {
        let read = |text: &str, expected: &[&str]| {
            check(&Requirements, "requirements.txt", text, expected);
        };
        read(
            "flask==2.0.1\nDjango == 3.2  # old\nuvicorn[standard]==0.20 ; python_version > '3'",
            &["flask 2.0.1", "Django 3.2", "uvicorn 0.20"],
        );
        read(
            "six==1.16.0 \\\n    --hash=sha256:00 \\\n    --hash=sha256:01\na===1!2+b --hash=x",
            &["six 1.16.0", "a 1!2+b"],
        );
        read(
            "a>=1\nb==1.*\nc==1,<2\nd\n-r other.txt\n--index-url==x\n# e==1\nf==${V}\n==1\né==1",
            &[],
        );
        read(
            "a==1; sys_platform == 'win32'\nb==1; sys_platform=='linux'\nc==1 ; os_name == \"nt\"",
            &["b 1"],
        );
        read("a==1; sys_platform == 'win32' or python_version == '3.11'", &["a 1"]);
        check(&Requirements, "requirements.txt", b"\xff\xfe", &["! has a line that is not UTF-8"]);
    }
}
