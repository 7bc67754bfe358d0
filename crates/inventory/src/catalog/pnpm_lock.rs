//! pnpm's lock file, `pnpm-lock.yaml`, in its formats 5 to 9 (github.com/pnpm/spec: lockfile).
//!
//! Read line by line, as pnpm writes it: sections at the margin, the keys of `packages` indented
//! by two, what is said of each by four. Nothing deeper matters.

use std::io::Read;

use super::findings::{Findings, Found, Trouble};
use super::lines::Lines;
use super::{Cataloger, FilePath, lock};
use crate::ecosystem::Ecosystem;

/// Reads what pnpm wrote down to install, without what it says is for developers only.
pub(super) struct PnpmLock;

/// What is known of an entry while its lines pass.
#[derive(Default)]
struct Entry {
    key: String,
    name: Option<String>,
    version: Option<String>,
    is_dev: bool,
    is_foreign: bool,
}

impl Cataloger for PnpmLock {
    fn wants(&self, path: &FilePath<'_>) -> bool {
        lock::is_own(path, &[b"pnpm-lock.yaml"])
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
        let (mut format, mut is_inside) = (None, false);
        let mut entry = Entry::default();
        while let Some(line) = lines.next_line()? {
            let Ok(text) = std::str::from_utf8(line.bytes) else {
                findings.trouble(Trouble::Malformed("has a line that is not UTF-8".to_owned()));
                continue;
            };
            let Some((key, value)) = key_and_value(text.trim()) else { continue };
            match text.len() - text.trim_start_matches(' ').len() {
                0 => {
                    if key == "lockfileVersion" {
                        format = Some(Format::of(value)?);
                    }
                    is_inside = key == "packages";
                    if is_inside && !matches!(value, "" | "{}") {
                        let reason = "has its packages in a shape that pnpm does not write";
                        findings.trouble(Trouble::Malformed(reason.to_owned()));
                    }
                }
                2 if is_inside => {
                    let begun = Entry { key: key.to_owned(), ..Entry::default() };
                    close(std::mem::replace(&mut entry, begun), format, findings)?;
                }
                4 if is_inside => entry.learn(key, value),
                _ => {}
            }
        }
        close(entry, format, findings)?;
        match format {
            Some(_) => Ok(()),
            None => Err(Trouble::Malformed("is no pnpm-lock.yaml".to_owned())),
        }
    }
}

/// How keys are written.
#[derive(Clone, Copy)]
enum Format {
    /// `/name/version_peers`, formats before 6.
    Slash,
    /// `name@version(peers)`, before 9 with a `/` in front.
    At,
}

impl Format {
    fn of(version: &str) -> Result<Self, Trouble> {
        let major = version.split('.').next().and_then(|it| it.parse::<u32>().ok());
        match major {
            Some(..=5) => Ok(Self::Slash),
            Some(_) => Ok(Self::At),
            None => Err(Trouble::Malformed("has no number as its lockfileVersion".to_owned())),
        }
    }

    /// Name and version as a key tells them.
    fn name_and_version(self, key: &str) -> Option<(&str, &str)> {
        match self {
            Self::Slash => {
                // A registry that is not the usual stands before the name.
                let (_, key) = key.split_once('/')?;
                let (name, version) = key.rsplit_once('/')?;
                Some((name, version.split('_').next()?))
            }
            Self::At => {
                let key = key.strip_prefix('/').unwrap_or(key);
                lock::name_and_version(key.split('(').next()?)
            }
        }
    }
}

/// `key: value`, both without quotes.
fn key_and_value(line: &str) -> Option<(&str, &str)> {
    let quote = line.chars().next().filter(|it| matches!(it, '\'' | '"'));
    let (key, rest) = match quote {
        Some(quote) => {
            let (key, rest) = line.get(1..)?.split_once(quote)?;
            (key, rest.strip_prefix(':')?)
        }
        // A `:` within a key is followed by no space.
        None => line.split_once(": ").or_else(|| Some((line.strip_suffix(':')?, "")))?,
    };
    Some((key, rest.trim().trim_matches(['\'', '"'])))
}

impl Entry {
    fn learn(&mut self, key: &str, value: &str) {
        match key {
            "name" => self.name = Some(value.to_owned()),
            "version" => self.version = Some(value.to_owned()),
            "dev" => self.is_dev = value == "true",
            "os" => self.is_foreign = !is_for_linux(value),
            _ => {}
        }
    }
}

/// Whether pnpm installs it on Linux: `[darwin, linux]`, `['!win32']`.
fn is_for_linux(os: &str) -> bool {
    let Some(list) = os.strip_prefix('[').and_then(|it| it.strip_suffix(']')) else { return true };
    let mut names = list.split(',').map(|it| it.trim().trim_matches(['\'', '"']));
    names.any(|it| it == "linux" || (it.starts_with('!') && it != "!linux"))
}

fn close(entry: Entry, format: Option<Format>, findings: &mut Findings) -> Result<(), Trouble> {
    // The format stands first in the file: without it this is none of pnpm's.
    let Some(format) = format.filter(|_| !entry.is_dev && !entry.is_foreign) else {
        return Ok(());
    };
    let told = format.name_and_version(&entry.key);
    let name = entry.name.as_deref().or(told.map(|(name, _)| name));
    let version = entry.version.as_deref().or(told.map(|(_, version)| version));
    let (Some(name), Some(version)) = (name, version) else { return Ok(()) };
    if name.is_empty() || version.starts_with("link:") || version.starts_with("file:") {
        return Ok(());
    }
    findings.package(Found::new(Ecosystem::Npm, name.to_owned(), version.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::super::findings::check;
    use super::*;

    fn read(text: &str, expected: &[&str]) {
        check(&PnpmLock, "app/pnpm-lock.yaml", text, expected);
    }

    #[test]
    fn format_5() {
        read(
            "lockfileVersion: 5.4\n\nspecifiers:\n  a: ^1.0.0\n\ndependencies:\n  a: 1.0.0\n\n\
             packages:\n\n  /@s/a/1.0.0_react@17.0.2:\n    resolution: {integrity: sha512-x}\n    \
             peerDependencies:\n      version: 9\n    dev: false\n\n  /b/2.0.0:\n    \
             resolution: {integrity: sha512-y}\n    dev: true\n\n  registry.example.com/c/3.0.0:\n    \
             dev: false\n\n  github.com/u/d/0123abc:\n    name: d\n    version: 4.0.0\n",
            &["@s/a 1.0.0", "c 3.0.0", "d 4.0.0"],
        );
    }

    #[test]
    fn format_6() {
        read(
            "lockfileVersion: '6.0'\n\nsettings:\n  autoInstallPeers: true\n\npackages:\n\n  \
             /@s/a@1.0.0(react@17.0.2):\n    dev: false\n\n  /b@2.0.0:\n    dev: true\n\n  \
             file:own:\n    resolution: {directory: own, type: directory}\n    name: own\n",
            &["@s/a 1.0.0"],
        );
    }

    #[test]
    fn format_9() {
        read(
            "lockfileVersion: '9.0'\n\nimporters:\n\n  .:\n    dependencies:\n      a:\n        \
             specifier: ^1.0.0\n        version: 1.0.0\n\npackages:\n\n  '@s/a@1.0.0':\n    \
             resolution: {integrity: sha512-x}\n    engines: {node: '>=6'}\n\n  b@2.0.0:\n    \
             resolution: {integrity: sha512-y}\n    os: [darwin]\n\n  c@2.0.0:\n    \
             os: ['!win32']\n\n  d@https://codeload.github.com/u/d/tar.gz/0123:\n    \
             resolution: {tarball: https://codeload.github.com/u/d/tar.gz/0123}\n    \
             version: 4.0.0\n\nsnapshots:\n\n  '@s/a@1.0.0(b@2.0.0)':\n    dependencies:\n      \
             b: 2.0.0\n\n  e@5.0.0: {}\n",
            &["@s/a 1.0.0", "c 2.0.0", "d 4.0.0"],
        );
    }

    #[test]
    fn what_is_no_lock_is_said() {
        read("", &["! is no pnpm-lock.yaml"]);
        read("{}\n'\n\":\n  é\n    é: é\n", &["! is no pnpm-lock.yaml"]);
        read("lockfileVersion: x\n", &["! has no number as its lockfileVersion"]);
        read(
            "lockfileVersion: 9\npackages: {a@1: {}}\n",
            &["! has its packages in a shape that pnpm does not write"],
        );
        read("lockfileVersion: 9\npackages:\n  :\n  '':\n  a@:\n  @:\n  /:\n", &[]);
    }
}
