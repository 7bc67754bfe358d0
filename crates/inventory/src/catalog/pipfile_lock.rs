//! Pipenv's lock file, `Pipfile.lock` (pipenv.pypa.io: Pipfile & Pipfile.lock).

use std::io::Read;

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::findings::{Findings, Found, Trouble};
use super::json::{self, Entries, Text};
use super::{Cataloger, FilePath, lock, marker};
use crate::ecosystem::Ecosystem;

/// Reads what Pipenv wrote down to install, without the section `develop`.
pub(super) struct PipfileLock;

impl Cataloger for PipfileLock {
    fn wants(&self, path: &FilePath<'_>) -> bool {
        lock::is_own(path, &[b"Pipfile.lock"])
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
        let lock: Lock = json::read(content, "Pipfile.lock")?;
        for (name, locked) in lock.default.0 {
            if marker::excludes_linux(locked.markers.0.as_deref().unwrap_or_default()) {
                continue;
            }
            // Without a version it is a repository or a folder; with `*`, what Pipenv did not lock,
            // since it is for another system.
            let version = locked.version.given();
            let Some(version) = version.as_deref().and_then(|it| it.strip_prefix("==")) else {
                continue;
            };
            let version = version.trim_start_matches('=').to_owned();
            findings.package(Found::new(Ecosystem::Pypi, name, version))?;
        }
        Ok(())
    }
}

#[derive(Deserialize)]
struct Lock {
    #[serde(rename = "_meta")]
    _meta: IgnoredAny,
    #[serde(default)]
    default: Entries<Locked>,
}

#[derive(Deserialize)]
struct Locked {
    #[serde(default)]
    version: Text,
    #[serde(default)]
    markers: Text,
}

#[cfg(test)]
mod tests {
    use super::super::findings::check;
    use super::*;

    #[test]
    fn what_is_not_for_developers_is_listed() {
        let text = r#"{"_meta":{"pipfile-spec":6},"default":{
            "six":{"hashes":["sha256:00"],"index":"pypi","version":"==1.16.0"},
            "colorama":{"version":"*"},
            "pywin32":{"markers":"sys_platform == 'win32'","version":"==312"},"own":{"editable":true,"path":"."}},
            "develop":{"pytest":{"version":"==8.0.0"}}}"#;
        check(&PipfileLock, "app/Pipfile.lock", text, &["six 1.16.0"]);
        let mut findings = Findings::default();
        assert!(PipfileLock.read(b"Pipfile.lock", &mut b"{}".as_slice(), &mut findings).is_err());
    }
}
