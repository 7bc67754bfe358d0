//! `Cargo.lock` (doc.rust-lang.org/cargo: Cargo.toml vs Cargo.lock): the crates that a Rust
//! workspace is built from.

use std::io::Read;

use serde::Deserialize;

use super::findings::{Findings, Found, Trouble};
use super::{Cataloger, FilePath, lock, split_last, whole};
use crate::ecosystem::Ecosystem;

/// Reads the lock files of workspaces that lie there to be built.
pub(super) struct CargoLock;

/// A lock of a thousand crates has 250 KB.
const FILE_BYTES_MAX: u64 = 4 << 20;

#[derive(Deserialize)]
struct Lock {
    #[serde(default)]
    package: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    version: String,
}

/// Whether the folder is that of a crate which cargo fetched or vendored: it brings its own lock, which
/// nobody builds by.
fn is_of_another(folder: &[u8]) -> bool {
    let parts: Vec<&[u8]> = folder.split(|it| *it == b'/').collect();
    let is_fetched = parts.windows(2).any(|it| {
        *it == [b"registry".as_slice(), b"src"] || *it == [b"git".as_slice(), b"checkouts"]
    });
    // `cargo vendor` lays it beside the workspace.
    is_fetched || split_last(split_last(folder).0).1 == b"vendor"
}

impl Cataloger for CargoLock {
    fn wants(&self, path: &FilePath<'_>) -> bool {
        lock::is_own(path, &[b"Cargo.lock"]) && !is_of_another(path.split().0)
    }

    fn read(
        &self,
        _path: &[u8],
        content: &mut dyn Read,
        findings: &mut Findings,
    ) -> Result<(), Trouble> {
        let bytes = whole::bytes(content, "cargo_lock_bytes_max", FILE_BYTES_MAX)?;
        let malformed = |why: String| Trouble::Malformed(format!("is no Cargo.lock: {why}"));
        let text = str::from_utf8(&bytes).map_err(|error| malformed(error.to_string()))?;
        let lock: Lock =
            toml::from_str(text).map_err(|error| malformed(error.message().to_owned()))?;
        for Package { name, version } in lock.package {
            findings.package(Found::new(Ecosystem::Cargo, name, version))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::findings::check;
    use super::*;

    #[test]
    fn a_crate_that_was_fetched_is_not_asked() {
        assert!(
            CargoLock.wants(&FilePath::of(b"app/Cargo.lock"))
                && CargoLock.wants(&FilePath::of(b"vendor/Cargo.lock"))
        );
        for path in [
            "root/.cargo/registry/src/index.crates.io-1/serde-1.0.0/Cargo.lock",
            "root/.cargo/git/checkouts/a-1/2/Cargo.lock",
            "app/vendor/serde/Cargo.lock",
            "app/node_modules/a/native/Cargo.lock",
            "usr/local/bundle/gems/commonmarker-2.0.1/ext/commonmarker/Cargo.lock",
            "Cargo.lock/a",
            "xCargo.lock",
        ] {
            assert!(!CargoLock.wants(&FilePath::of(path.as_bytes())), "{path}");
        }
    }

    #[test]
    fn each_package_is_a_crate() {
        let text = "version = 4\n\n[[package]]\nname = \"a\"\nversion = \"1.0.0\"\n\
            source = \"registry+https://github.com/rust-lang/crates.io-index\"\n\
            dependencies = [\n \"b\",\n]\n\n[[package]]\nname = \"b\"\nversion = \"0.1.0-rc.1\"\n\
            [metadata]\n\"checksum a\" = \"x\"\n";
        check(&CargoLock, "Cargo.lock", text, &["a 1.0.0", "b 0.1.0-rc.1"]);
        check(&CargoLock, "Cargo.lock", "version = 3\n", &[]);
    }

    #[test]
    fn a_file_that_is_none_is_said() {
        let deep = format!("a = {}{}", "[".repeat(50_000), "]".repeat(50_000));
        for text in ["package = 7", "[[package]]\nname = \"a\"\n", "\0", &deep] {
            let mut findings = Findings::default();
            let end = CargoLock.read(b"Cargo.lock", &mut text.as_bytes(), &mut findings);
            assert!(matches!(end, Err(Trouble::Malformed(_))), "{end:?}");
        }
    }
}
