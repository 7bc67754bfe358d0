//! Node.js packages as they are installed: `node_modules/NAME/package.json` (npm-folders(5)), and
//! `NAME/package.json` in the folders in which Debian's Node.js looks for modules of all.

use std::io::Read;

use serde::Deserialize;

use super::findings::{Findings, Found, Trouble};
use super::json::{Licenses, Text};
use super::{Cataloger, FilePath, split_last, whole};
use crate::ecosystem::Ecosystem;

/// Reads the `package.json` of each installed package: those directly in a folder of
/// `node_modules` (or Debian's) or of a scope in it. Others below are a package's own parts (test
/// fixtures, module markers) and are not installed.
pub(super) struct Npm;

/// Where modules of all lie (Debian's nodejs, `lib/internal/modules`), with nothing between.
const FOLDERS_OF_ALL: &[&[u8]] = &[b"usr/share/nodejs", b"usr/lib/nodejs"];

/// What is held of one `package.json`; the registry's largest is a few hundred kilobytes.
pub(super) const FILE_BYTES_MAX: u64 = 4 << 20;

impl Cataloger for Npm {
    fn wants(&self, path: &FilePath<'_>) -> bool {
        let (folder, file) = path.split();
        let (parent, name) = split_last(folder);
        if file != b"package.json" || name.is_empty() || name.starts_with(b"@") {
            return false;
        }
        let (above, last) = split_last(parent);
        let is_scope = last.starts_with(b"@");
        let modules = if is_scope { above } else { parent };
        // `.bin`, `.cache`, `.vite`: tools' own folders. pnpm's `.pnpm/x/node_modules/x` is one
        // level deeper.
        let is_installed = split_last(modules).1 == b"node_modules" || is_of_all(modules);
        is_installed && !name.starts_with(b".")
    }

    fn read(
        &self,
        _path: &[u8],
        content: &mut dyn Read,
        findings: &mut Findings,
    ) -> Result<(), Trouble> {
        let bytes = whole::bytes(content, "package_json_bytes_max", FILE_BYTES_MAX)?;
        read_package(&bytes, findings)
    }
}

/// Reads a `package.json`.
pub(super) fn read_package(bytes: &[u8], findings: &mut Findings) -> Result<(), Trouble> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let package: PackageJson = serde_json::from_slice(bytes)
        .map_err(|error| Trouble::Malformed(format!("is no package.json: {error}")))?;
    // Without both it was never published, and no advisory can name it.
    let (Some(name), Some(version)) = (package.name.given(), package.version.given()) else {
        return Ok(());
    };
    let licenses = package.license.0.into_iter().chain(package.licenses.0).collect();
    findings.package(Found { licenses, ..Found::new(Ecosystem::Npm, name, version) })
}

/// Also those of one architecture, `usr/lib/x86_64-linux-gnu/nodejs`.
fn is_of_all(folder: &[u8]) -> bool {
    let (above, last) = split_last(folder);
    let is_of_architecture = last == b"nodejs" && split_last(above).0 == b"usr/lib";
    FOLDERS_OF_ALL.contains(&folder) || is_of_architecture
}

#[derive(Deserialize)]
struct PackageJson {
    #[serde(default)]
    name: Text,
    #[serde(default)]
    version: Text,
    #[serde(default)]
    license: Licenses,
    #[serde(default)]
    licenses: Licenses,
}

#[cfg(test)]
mod tests {
    use super::super::findings::check;
    use super::*;

    #[test]
    fn packages_lie_directly_in_node_modules_or_a_scope() {
        for path in [
            "node_modules/a/package.json",
            "app/node_modules/a/package.json",
            "app/node_modules/@s/a/package.json",
            "app/node_modules/a/node_modules/b/package.json",
            "app/node_modules/.pnpm/a@1/node_modules/a/package.json",
            "usr/share/nodejs/a/package.json",
            "usr/share/nodejs/@s/a/package.json",
            "usr/share/nodejs/a/node_modules/b/package.json",
            "usr/lib/x86_64-linux-gnu/nodejs/a/package.json",
        ] {
            assert!(Npm.wants(&FilePath::of(path.as_bytes())), "{path}");
        }
        for path in [
            "package.json",
            "app/package.json",
            "node_modules/package.json",
            "node_modules/@s/package.json",
            "node_modules/.cache/package.json",
            "node_modules/a/test/package.json",
            "node_modules/a/package.json/package.json",
            "xnode_modules/a/package.json",
            "usr/share/nodejs/package.json",
            "usr/share/nodejs/a/lib/package.json",
            "app/usr/share/nodejs/a/package.json",
            "usr/lib/a/b/nodejs/a/package.json",
        ] {
            assert!(!Npm.wants(&FilePath::of(path.as_bytes())), "{path}");
        }
    }

    #[test]
    fn name_and_version_make_a_package() {
        let check = |text: &str, expected: &[&str]| {
            check(&Npm, "node_modules/a/package.json", text, expected);
        };
        check(r#"{"name":"@s/a","version":"1.0.0","license":"MIT"}"#, &["@s/a 1.0.0 MIT"]);
        check(r#"{"name":"a","version":"1","license":{"type":"ISC"}}"#, &["a 1 ISC"]);
        check(r#"{"name":"a","version":"1","licenses":[{"type":"A"},"B"]}"#, &["a 1 A B"]);
        check("\u{feff}{\"name\":\"a\",\"version\":\"1\",\"license\":7}", &["a 1"]);
        check(r#"{"type":"module"}"#, &[]);
        check(r#"{"name":"a"}"#, &[]);
        check(r#"{"name":{},"version":"1"}"#, &[]);
    }

    #[test]
    fn a_file_that_is_none_is_said() {
        let path = "node_modules/a/package.json";
        let deep = format!("{{\"a\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
        let read = |text: &[u8]| {
            let mut findings = Findings::default();
            Npm.read(path.as_bytes(), &mut &*text, &mut findings).map(|()| findings.packages.len())
        };
        for text in [b"{".as_slice(), b"7", b"\"a\"", b"{\"name\":\"\xff\"}"] {
            assert!(read(text).is_err(), "{text:?}");
        }
        assert_eq!(read(deep.as_bytes()), Ok(0));
    }
}
