//! Java archives (JAR file specification): what they were built from, by Maven's own notes, by
//! their manifest, or by their name; and the archives that lie in them. Also Maven's notes of one that
//! was unpacked into a folder.

mod evidence;
mod group;
#[cfg(test)]
mod tests;

use std::io::Read;

use self::evidence::Evidence;
use super::findings::{Findings, Trouble};
use super::unzip::{Entry, Meter, Unzip};
use super::{Cataloger, FilePath, split_last, whole};

/// Reads Java archives.
pub(super) struct Java;

const ENDINGS: [&[u8]; 5] = [b".jar", b".war", b".ear", b".hpi", b".jpi"];
/// An archive in an archive, and so on: an application in an enterprise's has its libraries at 3.
const DEPTH_MAX: u32 = 4;
/// The largest manifests list each of a thousand classes.
const MANIFEST_BYTES_MAX: u64 = 1 << 20;
const POM_BYTES_MAX: u64 = 64 << 10;

impl Cataloger for Java {
    fn wants(&self, path: &FilePath<'_>) -> bool {
        let (folder, file) = path.split();
        is_archive(file) || is_note(folder, file)
    }

    fn streams(&self) -> bool {
        true
    }

    fn read(
        &self,
        path: &[u8],
        content: &mut dyn Read,
        findings: &mut Findings,
    ) -> Result<(), Trouble> {
        let (folder, file) = split_last(path);
        if is_note(folder, file) {
            let text = whole::bytes(content, "pom_properties_bytes_max", POM_BYTES_MAX)?;
            return Evidence::default().pom(&text).map_or(Ok(()), |it| findings.package(it));
        }
        let meter = Meter::default();
        let mut fed = meter.feed(content);
        let mut reading = Reading { meter: &meter, findings };
        reading.archive(path, &mut fed, 1)
    }
}

fn is_archive(file: &[u8]) -> bool {
    let is_its = |ending: &&[u8]| {
        let stem = file.len().checked_sub(ending.len()).filter(|it| *it > 0);
        stem.is_some_and(|stem| file[stem..].eq_ignore_ascii_case(ending))
    };
    ENDINGS.iter().any(is_its)
}

struct Reading<'r> {
    meter: &'r Meter,
    findings: &'r mut Findings,
}

impl Reading<'_> {
    fn archive(&mut self, path: &[u8], content: &mut dyn Read, depth: u32) -> Result<(), Trouble> {
        let mut evidence = Evidence::default();
        let read = self.entries(content, &mut evidence, depth);
        let own = evidence.close(path);
        // What came before the trouble is there all the same.
        own.into_iter().try_for_each(|it| self.findings.package(it))?;
        read
    }

    fn entries(
        &mut self,
        content: &mut dyn Read,
        evidence: &mut Evidence,
        depth: u32,
    ) -> Result<(), Trouble> {
        let mut unzip = Unzip::new(content, self.meter);
        while let Some(entry) = unzip.next_entry()? {
            let name = entry.name.as_slice();
            let (folder, file) = split_last(name);
            if name.eq_ignore_ascii_case(b"META-INF/MANIFEST.MF") {
                evidence.manifest(&unzip.whole(&entry, MANIFEST_BYTES_MAX)?);
            } else if is_note(folder, file) {
                let text = unzip.whole(&entry, POM_BYTES_MAX)?;
                if let Some(found) = evidence.pom(&text) {
                    self.findings.package(found)?;
                }
            } else if let Some((group, artifact)) = project(folder, file) {
                evidence.project(group, artifact);
                unzip.skip(&entry)?;
            } else if is_archive(file) {
                self.inner(&mut unzip, &entry, depth)?;
            } else {
                unzip.skip(&entry)?;
            }
        }
        Ok(())
    }

    /// An archive in this one. What is wrong with it alone does not keep the rest from being read.
    fn inner(&mut self, unzip: &mut Unzip<'_>, entry: &Entry, depth: u32) -> Result<(), Trouble> {
        if depth == DEPTH_MAX {
            self.findings
                .trouble(Trouble::Limit { limit: "archive_depth_max", max: DEPTH_MAX.into() });
            return Ok(unzip.skip(entry)?);
        }
        let name = split_last(&entry.name).1.to_vec();
        let mut inner = Ok(());
        unzip.open(entry, |content| inner = self.archive(&name, content, depth + 1))?;
        match inner {
            Err(Trouble::Malformed(why)) => {
                let name = String::from_utf8_lossy(&name).into_owned();
                self.findings.trouble(Trouble::Malformed(format!("{name} in it {why}")));
                Ok(())
            }
            other => other,
        }
    }
}

/// Group and artifact of `META-INF/maven/GROUP/ARTIFACT/pom.xml`.
fn project<'n>(folder: &'n [u8], file: &[u8]) -> Option<(&'n [u8], &'n [u8])> {
    let (above, artifact) = split_last(folder);
    let (maven, group) = split_last(above);
    (file == b"pom.xml" && maven == b"META-INF/maven").then_some((group, artifact))
}

/// `META-INF/maven/GROUP/ARTIFACT/pom.properties`, also below a folder of classes.
fn is_note(folder: &[u8], file: &[u8]) -> bool {
    let group = split_last(folder).0;
    let maven = split_last(group).0;
    file == b"pom.properties" && maven.ends_with(b"META-INF/maven")
}
