//! pip's requirements files (pip.pypa.io: Requirements File Format), where they pin, or lead to a
//! wheel: a range names no version.

use std::io::Read;

use super::findings::{Findings, Found, Trouble};
use super::lines::Lines;
use super::{Cataloger, FilePath, lock, marker, split_last};
use crate::ecosystem::Ecosystem;

/// Reads the pins of `*requirements*.txt`, and of all `.txt` in a folder `requirements`.
pub(super) struct Requirements;

impl Cataloger for Requirements {
    fn wants(&self, path: &FilePath<'_>) -> bool {
        let (folder, file) = path.split();
        let is_named = || memchr::memmem::find(file, b"requirements").is_some();
        let is_among = || split_last(folder).1 == b"requirements";
        file.ends_with(b".txt") && (is_named() || is_among()) && lock::is_own(path, &[file])
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
                findings.package(Found::new(Ecosystem::Pypi, name, version))?;
            }
        }
        Ok(())
    }
}

/// Name and version of `name[extras] == version, < other ; marker --option # comment`, or of the
/// wheel that a line leads to.
fn pin(line: &str) -> Option<(String, String)> {
    let line = uncommented(line).trim();
    let (line, marker) = line.split_once(';').unwrap_or((line, ""));
    let (line, _) = line.split_once(" --").unwrap_or((line, ""));
    let line = line.trim_end_matches('\\').trim();
    let marker = marker.split(" --").next().unwrap_or_default();
    if marker::excludes_linux(marker.trim().trim_end_matches('\\')) {
        return None;
    }
    if let Some(pin) = wheel(line) {
        return Some(pin);
    }
    let (left, specifiers) = line.split_at(line.find(['=', '<', '>', '!', '~', '('])?);
    let inner = specifiers.strip_prefix('(').and_then(|it| it.strip_suffix(')'));
    let mut specifiers = inner.unwrap_or(specifiers).split(',').map(str::trim);
    let version = specifiers.find_map(pinned)?;
    let name = left.split('[').next().unwrap_or(left).trim();
    is_name(name).then(|| (name.to_owned(), version.to_owned()))
}

/// The version of `== version`; `===` compares as text, and pins too.
fn pinned(specifier: &str) -> Option<&str> {
    let version = specifier.strip_prefix("==")?;
    Some(version.strip_prefix('=').unwrap_or(version).trim()).filter(|it| is_version(it))
}

/// A `#` begins a comment behind a blank or as the first character; others are a part of a URL.
fn uncommented(line: &str) -> &str {
    let mut before = None;
    let start = line.char_indices().find(|(_, it)| {
        let is_free = before.is_none_or(char::is_whitespace);
        before = Some(*it);
        *it == '#' && is_free
    });
    start.map_or(line, |(at, _)| &line[..at])
}

/// Name and version of a wheel (packaging.python.org: binary distribution format), by a path or URL
/// whose end is `NAME-VERSION-PYTHON-ABI-PLATFORM.whl`, maybe with a build before `PYTHON`.
fn wheel(line: &str) -> Option<(String, String)> {
    let address = line.split(['#', '?']).next().unwrap_or_default();
    let parts: Vec<&str> =
        address.rsplit(['/', ' ']).next()?.strip_suffix(".whl")?.split('-').take(7).collect();
    let ([name, version, _, _, _] | [name, version, _, _, _, _]) = parts[..] else { return None };
    let version = version.replace("%2B", "+").replace("%2b", "+");
    (is_name(name) && is_version(&version)).then(|| (name.to_owned(), version))
}

fn is_name(text: &str) -> bool {
    text.starts_with(|it: char| it.is_ascii_alphanumeric()) && text.chars().all(of_name)
}

fn of_name(it: char) -> bool {
    it.is_ascii_alphanumeric() || matches!(it, '.' | '_' | '-')
}

fn is_version(text: &str) -> bool {
    let of_version = |it: char| of_name(it) || matches!(it, '+' | '!');
    text.starts_with(|it: char| it.is_ascii_alphanumeric()) && text.chars().all(of_version)
}

#[cfg(test)]
mod tests {
    use super::super::findings::check;
    use super::*;

    #[test]
    fn files_of_any_requirements() {
        for path in [
            "requirements.txt",
            "app/requirements-prod.txt",
            "requirements/x/requirements.txt",
            "my-requirements.txt",
            "app/requirements/prod.txt",
        ] {
            assert!(Requirements.wants(&FilePath::of(path.as_bytes())), "{path}");
        }
        for path in ["requirements.in", "a/site-packages/x/requirements.txt", "prod.txt"] {
            assert!(!Requirements.wants(&FilePath::of(path.as_bytes())), "{path}");
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
            "a>=1\nb==1.*\nc>=1,<2\nd\n-r other.txt\n--index-url==x\n# e==1\nf==${V}\n==1\né==1",
            &[],
        );
        read(
            "a==1; sys_platform == 'win32'\nb==1; sys_platform=='linux'\nc==1 ; os_name == \"nt\"\n\
             d==1 ; python_version >= \"3.11\" and platform_system == \"Windows\" \\\n    --hash=sha256:0",
            &["b 1"],
        );
        // As pip's own parser takes them.
        read(
            "a==1,!=1.1\nb>=1,==1.5\nc (==2.0)\nd==1\t# old\ne[x, y] ==1 ,<2\n",
            &["a 1", "b 1.5", "c 2.0", "d 1", "e 1"],
        );
        read(
            "a @ https://h/a_b-3.1-py3-none-any.whl\nhttps://h/t-2.1%2Bcpu-1-cp311-cp311-linux_x86_64.whl#sha256=0\n\
             ./w-1.whl\ng @ git+https://h/g@v1\nn @ https://h/n-1-py3-none-any.whl ; sys_platform == 'win32'",
            &["a_b 3.1", "t 2.1+cpu"],
        );
        read("a==1; sys_platform == 'win32' or python_version == '3.11'", &["a 1"]);
        check(&Requirements, "requirements.txt", b"\xff\xfe", &["! has a line that is not UTF-8"]);
    }
}
