//! Bun's lock file as text, `bun.lock` (bun.sh/docs: lockfile): JSON with comments and trailing
//! commas. The older binary `bun.lockb` is told of as what it is: not read.

use std::fmt;
use std::io::Read;

use serde::de::{IgnoredAny, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::findings::{Findings, Found, Trouble};
use super::json::{self, Entries, Text, Texts};
use super::npm_lock::is_for_linux;
use super::{Cataloger, FilePath, lock, whole};
use crate::ecosystem::Ecosystem;

/// Reads what Bun wrote down to install, without the project's own workspaces and links.
pub(super) struct BunLock;

/// Where a part of the project itself comes from.
const OWN: &[&str] = &["workspace:", "link:", "root:", "file:"];

impl Cataloger for BunLock {
    fn wants(&self, path: &FilePath<'_>) -> bool {
        lock::is_own(path, &[b"bun.lock", b"bun.lockb"])
    }

    fn is_lock(&self) -> bool {
        true
    }

    fn read(
        &self,
        path: &[u8],
        content: &mut dyn Read,
        findings: &mut Findings,
    ) -> Result<(), Trouble> {
        if path.ends_with(b".lockb") {
            let reason = "is Bun's older binary lock, which is not read; `bun.lock` is";
            return Err(Trouble::Malformed(reason.to_owned()));
        }
        let mut bytes = whole::bytes(content, "list_bytes_max", json::BYTES_MAX)?;
        plain(&mut bytes);
        let read: Result<Lock, serde_json::Error> = serde_json::from_slice(&bytes);
        let lock = read.map_err(|it| Trouble::Malformed(format!("is no bun.lock: {it}")))?;
        let all = lock.packages.0.into_iter();
        let here = all.map(|it| it.1).filter(|it| is_for_linux(&it.systems.0));
        let resolved = here.filter_map(|it| it.text.0);
        for text in resolved {
            let Some((name, version)) = lock::name_and_version(&text) else { continue };
            if !OWN.iter().any(|it| version.starts_with(it)) {
                let (name, version) = (name.to_owned(), version.to_owned());
                findings.package(Found::new(Ecosystem::Npm, name, version))?;
            }
        }
        Ok(())
    }
}

#[derive(Deserialize)]
struct Lock {
    #[serde(rename = "lockfileVersion")]
    _version: u32,
    #[serde(default)]
    packages: Entries<Resolved>,
}

/// An entry's list: `name@version` comes first, and somewhere an object with what it says of itself.
#[derive(Default)]
struct Resolved {
    text: Text,
    systems: Texts,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Part {
    Facts {
        #[serde(default)]
        os: Texts,
    },
    Other(IgnoredAny),
}

impl<'de> Deserialize<'de> for Resolved {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(ResolvedVisitor)
    }
}

struct ResolvedVisitor;

impl<'de> Visitor<'de> for ResolvedVisitor {
    type Value = Resolved;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the list of a package")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Resolved, A::Error> {
        let text = list.next_element()?.unwrap_or_default();
        let mut resolved = Resolved { text, ..Resolved::default() };
        while let Some(part) = list.next_element()? {
            if let Part::Facts { os } = part {
                resolved.systems = os;
            }
        }
        Ok(resolved)
    }
}

/// Makes JSON of it: spaces in place of comments and of commas before a closing bracket.
fn plain(bytes: &mut [u8]) {
    let (mut at, mut comma) = (0, None);
    while let Some(&byte) = bytes.get(at) {
        let rest = bytes.get_mut(at..).unwrap_or_default();
        let length = match (byte, rest.get(1)) {
            (b'"', _) => text_length(rest),
            (b'/', Some(b'/')) => blank(rest, b"\n", 0),
            (b'/', Some(b'*')) => blank(rest, b"*/", 2),
            _ => 1,
        };
        match byte {
            b']' | b'}' => {
                if let Some(comma) = comma.take().and_then(|it: usize| bytes.get_mut(it)) {
                    *comma = b' ';
                }
            }
            b',' => comma = Some(at),
            b'/' | b' ' | b'\t' | b'\r' | b'\n' => {}
            _ => comma = None,
        }
        at += length;
    }
}

/// How long the text is that begins here, with its quotes.
fn text_length(bytes: &[u8]) -> usize {
    let mut is_escaped = false;
    let end = bytes.iter().skip(1).position(|&byte| {
        let ends = byte == b'"' && !is_escaped;
        is_escaped = byte == b'\\' && !is_escaped;
        ends
    });
    end.map_or(bytes.len(), |it| it + 2)
}

/// Blanks all before `end`, and `more` of it.
fn blank(bytes: &mut [u8], end: &[u8], more: usize) -> usize {
    let inside = bytes.get(2..).unwrap_or_default();
    let found = inside.windows(end.len()).position(|it| it == end);
    let length = found.map_or(bytes.len(), |it| 2 + it + more);
    bytes.iter_mut().take(length).for_each(|it| *it = b' ');
    length
}

#[cfg(test)]
mod tests {
    use super::super::findings::check;
    use super::*;

    #[test]
    fn the_first_of_each_list_is_the_package() {
        check(
            &BunLock,
            "app/bun.lock",
            r#"{
              "lockfileVersion": 1, // text
              "workspaces": {"": {"name": "fn", "dependencies": {"a": "^1",},},},
              "packages": {
                "@s/a": ["@s/a@1.0.0", "", { "dependencies": { "b": "^2" } }, "sha512-x=="],
                "alias": ["real@2.0.0", "", {}, "sha512-,]"],
                "g": ["g@github:u/g#0123", {}, "u-g-0123"], /* , } */
                "fsevents": ["fsevents@2.3.2", "", { "os": "darwin" }, "sha512-x"],
                "both": ["both@1.0.0", "", { "os": ["darwin", "linux"], "cpu": "x64" }, "sha512-x"],
                "unix": ["unix@1.0.0", "", { "os": "!win32" }, "sha512-x"],
                "own": ["own@workspace:packages/own"],
              },
            }"#,
            &["@s/a 1.0.0", "real 2.0.0", "g github:u/g#0123", "both 1.0.0", "unix 1.0.0"],
        );
    }

    #[test]
    fn what_cannot_be_read_is_said() {
        let text = "is Bun's older binary lock, which is not read; `bun.lock` is";
        check(&BunLock, "app/bun.lockb", b"#!/usr/bin/env bun", &[&format!("! {text}")]);
        for text in ["", "/", "/*", "\"\\", ",", "{,}", "{\"packages\":{}}", "//"] {
            let mut findings = Findings::default();
            let end = BunLock.read(b"bun.lock", &mut text.as_bytes(), &mut findings);
            assert!(end.is_err(), "{text}");
        }
    }
}
