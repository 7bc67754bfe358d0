//! Conda's packages as they are installed: `conda-meta/NAME-VERSION-BUILD.json` of an environment
//! (docs.conda.io: conda-meta).

use std::io::Read;

use serde::Deserialize;

use super::findings::{Findings, Found, Trouble};
use super::json::{self, Licenses, Text};
use super::{Cataloger, FilePath, split_last};
use crate::ecosystem::Ecosystem;

/// Reads the record of each package of each environment.
pub(super) struct Conda;

impl Cataloger for Conda {
    fn wants(&self, path: &FilePath<'_>) -> bool {
        let (folder, file) = path.split();
        split_last(folder).1 == b"conda-meta" && file.ends_with(b".json")
    }

    fn read(
        &self,
        _path: &[u8],
        content: &mut dyn Read,
        findings: &mut Findings,
    ) -> Result<(), Trouble> {
        let record: Record = json::read(content, "conda record")?;
        let (Some(name), Some(version)) = (record.name.given(), record.version.given()) else {
            return Err(Trouble::Malformed("has no name and version".to_owned()));
        };
        let licenses = record.license.0;
        findings.package(Found { licenses, ..Found::new(Ecosystem::Conda, name, version) })
    }
}

#[derive(Deserialize)]
struct Record {
    #[serde(default)]
    name: Text,
    #[serde(default)]
    version: Text,
    #[serde(default)]
    license: Licenses,
}

#[cfg(test)]
mod tests {
    use super::super::findings::check;
    use super::*;

    #[test]
    fn a_record_is_a_package() {
        let check = |text: &str, expected: &[&str]| {
            check(&Conda, "opt/conda/conda-meta/xz-5.2.6-h166bdaf_0.json", text, expected);
        };
        let text = r#"{"build":"h166bdaf_0","files":["bin/xz"],"license":"0BSD","name":"xz","version":"5.2.6"}"#;
        check(text, &["xz 5.2.6 0BSD"]);
        check(r#"{"name":"xz"}"#, &["! has no name and version"]);
        assert!(
            !Conda.wants(&FilePath::of(b"opt/conda/conda-meta/history"))
                && !Conda.wants(&FilePath::of(b"pkgs/xz.json"))
        );
    }
}
