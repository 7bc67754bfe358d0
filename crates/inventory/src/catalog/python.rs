//! Python distributions as they are installed (packaging.python.org: recording installed
//! projects, core metadata): `METADATA` or `PKG-INFO` in `*.dist-info` and `*.egg-info`
//! (importlib.metadata takes either in both), a single file `*.egg-info`, and `EGG-INFO/PKG-INFO` of
//! an egg, which is a folder or an archive.

use std::io::Read;

use super::findings::{Findings, Found, Trouble};
use super::lines::Lines;
use super::roles::fill;
use super::unzip::{Meter, Unzip};
use super::{Cataloger, FilePath, split_last};
use crate::ecosystem::Ecosystem;

/// Reads the metadata of each installed distribution.
pub(super) struct Python;

/// How many classifiers of licences are held of one.
const CLASSIFIERS_MAX: usize = 8;
/// The longest that the metadata in an egg may be: the description is a part of them.
const METADATA_BYTES_MAX: u64 = 4 << 20;

impl Cataloger for Python {
    fn wants(&self, path: &FilePath<'_>) -> bool {
        let (parent, file) = path.split();
        let (above, folder) = split_last(parent);
        match file {
            b"METADATA" | b"PKG-INFO" => {
                let is_in_egg = folder == b"EGG-INFO" && split_last(above).1.ends_with(b".egg");
                is_installed(folder) || (is_in_egg && file == b"PKG-INFO")
            }
            _ => has_stem(file, b".egg-info"),
        }
    }

    fn read(
        &self,
        _path: &[u8],
        content: &mut dyn Read,
        findings: &mut Findings,
    ) -> Result<(), Trouble> {
        findings.package(metadata(content)?)
    }
}

/// Reads an egg that is one file.
pub(super) struct PythonEgg;

impl Cataloger for PythonEgg {
    fn wants(&self, path: &FilePath<'_>) -> bool {
        has_stem(path.split().1, b".egg")
    }

    fn streams(&self) -> bool {
        true
    }

    fn read(
        &self,
        _path: &[u8],
        content: &mut dyn Read,
        findings: &mut Findings,
    ) -> Result<(), Trouble> {
        let mut front = [0; 2];
        fill(content, &mut front)?;
        // An egg of another kind: the name is a word too.
        if front != *b"PK" {
            return Ok(());
        }
        let meter = Meter::default();
        let mut content = front.as_slice().chain(content);
        let mut fed = meter.feed(&mut content);
        let mut unzip = Unzip::new(&mut fed, &meter);
        while let Some(entry) = unzip.next_entry()? {
            if entry.name == b"EGG-INFO/PKG-INFO" {
                let text = unzip.whole(&entry, METADATA_BYTES_MAX)?;
                return findings.package(metadata(&mut text.as_slice())?);
            }
            unzip.skip(&entry)?;
        }
        // Whatever it is, Python would list it under no name.
        Ok(())
    }
}

/// The distribution that metadata are of.
fn metadata(content: &mut dyn Read) -> Result<Found, Trouble> {
    let (mut name, mut version) = (None, None);
    let (mut license, mut expression, mut classifiers) = (None, None, Vec::new());
    let mut lines = Lines::new(content);
    // Headers as of a mail; the description that follows the empty line is anybody's text.
    while let Some(line) = lines.next_line()? {
        if line.bytes.is_empty() {
            break;
        }
        if let Some(field) = line.field("Name") {
            name.get_or_insert(field.text("name")?);
        } else if let Some(field) = line.field("Version") {
            version.get_or_insert(field.text("version")?);
        } else if let Some(field) = line.field("License-Expression") {
            expression = field.text("licence").ok();
        } else if let Some(field) = line.field("License") {
            license = field.text("licence").ok();
        } else if let Some(field) = line.field("Classifier") {
            classifiers.extend(field.text("classifier").ok().as_deref().and_then(classified));
            classifiers.truncate(CLASSIFIERS_MAX);
        }
    }
    let given = |it: Option<String>| it.filter(|it| !it.is_empty());
    let (Some(name), Some(version)) = (given(name), given(version)) else {
        return Err(Trouble::Malformed("has no name and version".to_owned()));
    };
    let license = given(expression).or_else(|| given(license).filter(|it| it != "UNKNOWN"));
    let licenses = license.map_or(classifiers, |it| vec![it]);
    Ok(Found { licenses, ..Found::new(Ecosystem::Pypi, name, version) })
}

/// The licence that a classifier names: `License :: OSI Approved :: MIT License`.
fn classified(classifier: &str) -> Option<String> {
    let name = classifier.strip_prefix("License :: ")?.rsplit(" :: ").next()?;
    Some(name.to_owned()).filter(|it| !it.is_empty() && it != "OSI Approved")
}

/// Whether a folder is of a distribution. One that begins with `~` is what pip was about to remove
/// when it was stopped: Python finds nothing under that name.
fn is_installed(folder: &[u8]) -> bool {
    let is_named = has_stem(folder, b".dist-info") || has_stem(folder, b".egg-info");
    is_named && !folder.starts_with(b"~")
}

fn has_stem(name: &[u8], ending: &[u8]) -> bool {
    name.strip_suffix(ending).is_some_and(|stem| !stem.is_empty())
}

#[cfg(test)]
mod tests {
    use super::super::findings::check;
    use super::*;

    #[test]
    fn all_places_of_metadata_are_known() {
        for path in [
            "usr/lib/python3/dist-packages/six-1.16.0.egg-info",
            "usr/lib/python3/dist-packages/six-1.16.0.egg-info/PKG-INFO",
            "venv/lib/python3.11/site-packages/six-1.16.0.dist-info/METADATA",
            "site-packages/six-1.16.0-py3.egg/EGG-INFO/PKG-INFO",
            // Installed to be edited: the old way beside the source, the new in site-packages.
            "src/own/own.egg-info/PKG-INFO",
            "site-packages/own-0.1.dist-info/METADATA",
            "site-packages/old-0.1.dist-info/PKG-INFO",
            "site-packages/new-0.1.egg-info/METADATA",
        ] {
            assert!(Python.wants(&FilePath::of(path.as_bytes())), "{path}");
        }
        let none = ["METADATA", "a/METADATA", ".dist-info/METADATA", "EGG-INFO/PKG-INFO"];
        for path in none.into_iter().chain(["site-packages/~umpy-1.0.dist-info/METADATA"]) {
            assert!(!Python.wants(&FilePath::of(path.as_bytes())), "{path}");
        }
    }

    #[test]
    fn headers_name_the_distribution_and_the_description_does_not() {
        let check = |text: &str, expected: &[&str]| {
            check(&Python, "six-1.dist-info/METADATA", text, expected);
        };
        check("Metadata-Version: 2.1\nName: six\nVersion: 1.16.0\n", &["six 1.16.0"]);
        check("name: Six\nVERSION: 1\nLicense: MIT\n\nName: x\nVersion: 2\n", &["Six 1 MIT"]);
        check("Name: a\nVersion: 1\nLicense: UNKNOWN\n", &["a 1"]);
        check("Name: a\nVersion: 1\nLicense-Expression: 0BSD\nLicense: x\n", &["a 1 0BSD"]);
        let classified = "Classifier: License :: OSI Approved :: MIT License\n";
        let more = "Classifier: License :: OSI Approved\nClassifier: Topic :: X\n";
        check(&format!("Name: a\nVersion: 1\n{classified}{more}"), &["a 1 MIT License"]);
        check(&format!("Name: a\nVersion: 1\nLicense: ISC\n{classified}"), &["a 1 ISC"]);
        check("Name: a\nLicense: x\n Version: 3\nVersion: 1\n", &["a 1 x"]);
        check("Name: a\n\nVersion: 1\n", &["! has no name and version"]);
        check("", &["! has no name and version"]);
    }

    #[test]
    fn an_egg_may_be_an_archive() {
        let zip = |name: &str| {
            let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
            for (name, text) in [("six.py", "x = 1\n"), (name, "Name: six\nVersion: 1\n")] {
                zip.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
                std::io::Write::write_all(&mut zip, text.as_bytes()).unwrap();
            }
            zip.finish().unwrap().into_inner()
        };
        let check = |bytes: &[u8], expected: &[&str]| {
            check(&PythonEgg, "site-packages/six-1-py3.11.egg", bytes, expected);
        };
        let egg = zip("EGG-INFO/PKG-INFO");
        check(&egg, &["six 1"]);
        check(&zip("other/PKG-INFO"), &[]);
        check(&egg[..60], &["! is torn"]);
        check(b"Easter", &[]);
        check(b"P", &[]);
        assert!(
            !PythonEgg.wants(&FilePath::of(b"site-packages/.egg"))
                && !PythonEgg.wants(&FilePath::of(b"a.egg/EGG-INFO"))
        );
    }
}
