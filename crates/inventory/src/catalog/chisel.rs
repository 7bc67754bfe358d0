//! Chisel's manifest of an Ubuntu image that was cut from slices of packages
//! (documentation.ubuntu.com/chisel, "Chisel manifest"): a line of JSON for each package, slice and
//! path, sorted, in zstd. Such an image has no database of dpkg's.

use std::collections::HashMap;
use std::io::{BufReader, Read};

use serde::Deserialize;

use super::findings::{Findings, Found, Trouble};
use super::lines::{Line, Lines};
use super::{Cataloger, FilePath, owned};
use crate::ecosystem::Ecosystem;

/// Reads the manifest.
pub(super) struct Chisel;

/// Slices say in which folder it is generated; all that are published say this one.
const PLACE: &str = "var/lib/chisel/manifest.wall";
const NAME: &[u8] = b"manifest.wall";
/// What it may be inflated to. Of a whole distribution it would be some megabytes.
const INFLATED_BYTES_MAX: u64 = 64 << 20;
/// How far back it may refer, as a power of two: 8 MiB, which is what Chisel's encoder takes at most.
const WINDOW_LOG_MAX: u32 = 23;
/// The only schema that there is.
const SCHEMA: &str = "1.0";

impl Cataloger for Chisel {
    fn wants(&self, path: &FilePath<'_>) -> bool {
        path.split().1 == NAME
    }

    fn places(&self) -> &'static [&'static str] {
        &[PLACE]
    }

    fn read(
        &self,
        _path: &[u8],
        content: &mut dyn Read,
        findings: &mut Findings,
    ) -> Result<(), Trouble> {
        let mut inflating = zstd::Decoder::with_buffer(BufReader::new(content))?;
        inflating.window_log_max(WINDOW_LOG_MAX)?;
        let mut inflated = inflating.take(INFLATED_BYTES_MAX);
        read_lines(&mut inflated, findings)?;
        match inflated.limit() {
            0 => Err(Trouble::Limit { limit: "chisel_bytes_max", max: INFLATED_BYTES_MAX }),
            _ => Ok(()),
        }
    }
}

/// The first line.
#[derive(Deserialize)]
struct Front {
    schema: String,
}

/// Any other, as far as it is a package's or a path's.
#[derive(Deserialize)]
struct Record {
    kind: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    version: String,
    arch: Option<String>,
    #[serde(default)]
    path: String,
    #[serde(default)]
    slices: Vec<String>,
}

fn read_lines(content: &mut dyn Read, findings: &mut Findings) -> Result<(), Trouble> {
    let mut lines = Lines::new(content);
    let front = lines.next_line()?.and_then(parse::<Front>);
    if front.is_none_or(|it| it.schema != SCHEMA) {
        return Err(Trouble::Malformed("is no manifest of chisel's that is known".to_owned()));
    }
    let mut packages = HashMap::new();
    while let Some(line) = lines.next_line()? {
        if line.is_blank() {
            continue;
        }
        match parse::<Record>(line) {
            Some(record) if record.kind == "package" => add(record, &mut packages, findings)?,
            Some(record) if record.kind == "path" => claim(&record, &packages, findings)?,
            Some(_) => {}
            // A path that very many slices have is nobody's.
            None if line.is_cut && line.bytes.starts_with(br#"{"kind":"path","#) => {}
            None => {
                let text = "has a line that is no record of chisel's".to_owned();
                findings.trouble(Trouble::Malformed(text));
            }
        }
    }
    Ok(())
}

fn parse<'l, T: Deserialize<'l>>(line: Line<'l>) -> Option<T> {
    serde_json::from_slice(line.bytes).ok()
}

/// Of which source a package was built it does not say.
fn add(
    record: Record,
    packages: &mut HashMap<String, usize>,
    findings: &mut Findings,
) -> Result<(), Trouble> {
    let Record { name, version, arch, .. } = record;
    if name.is_empty() || version.is_empty() {
        let text = "has a package without a name or a version".to_owned();
        findings.trouble(Trouble::Malformed(text));
        return Ok(());
    }
    packages.insert(name.clone(), findings.packages.len());
    let architecture = arch.filter(|it| !it.is_empty());
    findings.package(Found { architecture, ..Found::new(Ecosystem::Dpkg, name, version) })
}

/// A path is of the packages whose slices (`PACKAGE_SLICE`) have it: mostly one.
fn claim(
    record: &Record,
    packages: &HashMap<String, usize>,
    findings: &mut Findings,
) -> Result<(), Trouble> {
    let path = record.path.trim_start_matches('/').as_bytes();
    let slice = record.slices.first().and_then(|it| it.split_once('_'));
    match slice.and_then(|(package, _)| packages.get(package)) {
        Some(package) if owned::is_told(path) => findings.claim_of(Some(*package), path),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::findings::check;
    use super::*;

    fn manifest(lines: &[&str]) -> Vec<u8> {
        zstd::encode_all(lines.join("\n").as_bytes(), 3).unwrap()
    }

    const FRONT: &str = r#"{"jsonwall":"1.0","schema":"1.0","count":9}"#;
    const PYTHON: &str = r#"{"kind":"package","name":"python3.12-minimal","version":"3.12.3-1ubuntu0.5","sha256":"aa","arch":"amd64"}"#;

    #[test]
    fn chisels_packages_and_what_they_brought() {
        let lines = [
            FRONT,
            r#"{"kind":"content","slice":"python3.12-minimal_bins","path":"/usr/bin/python3.12"}"#,
            r#"{"kind":"package","name":"libc6","version":"2.39-0ubuntu8.4","sha256":"bb","arch":"amd64"}"#,
            PYTHON,
            r#"{"kind":"path","path":"/etc/hosts","mode":"0644","slices":["base-files_base"]}"#,
            r#"{"kind":"path","path":"/usr/bin/python3.12","mode":"0755","slices":["python3.12-minimal_bins"],"sha256":"cc","size":8021824}"#,
            r#"{"kind":"slice","name":"libc6_libs"}"#,
        ];
        let expected = [
            "libc6 2.39-0ubuntu8.4 amd64",
            "python3.12-minimal 3.12.3-1ubuntu0.5 amd64",
            "claims usr/bin/python3.12",
        ];
        check(&Chisel, PLACE, manifest(&lines), &expected);
        check(&Chisel, "srv/manifest.wall", manifest(&lines), &expected);
    }

    #[test]
    fn what_cannot_be_read_is_said() {
        let unknown = ["! is no manifest of chisel's that is known"];
        check(&Chisel, PLACE, manifest(&[]), &unknown);
        check(
            &Chisel,
            PLACE,
            manifest(&[&FRONT.replace(r#"schema":"1.0"#, r#"schema":"2.0"#), PYTHON]),
            &unknown,
        );
        let lines = [
            FRONT,
            "x",
            r#"{"kind":"package","name":"a"}"#,
            r#"{"kind":"package","name":"b","version":"1"}"#,
        ];
        check(
            &Chisel,
            PLACE,
            manifest(&lines),
            &[
                "b 1",
                "! has a line that is no record of chisel's",
                "! has a package without a name or a version",
            ],
        );
        let mut findings = Findings::default();
        let torn = manifest(&[FRONT, PYTHON]);
        let end = Chisel.read(PLACE.as_bytes(), &mut &torn[..torn.len() - 1], &mut findings);
        assert!(matches!(end, Err(Trouble::Read(_))), "{end:?}");
    }

    #[test]
    fn a_manifest_that_inflates_without_end_is_past_the_limit() {
        let spaces = vec![b' '; usize::try_from(INFLATED_BYTES_MAX).unwrap()];
        let endless = zstd::encode_all([FRONT.as_bytes(), b"\n", &spaces].concat().as_slice(), 1);
        let expected = format!("! past the limit chisel_bytes_max = {INFLATED_BYTES_MAX}");
        check(&Chisel, PLACE, endless.unwrap(), &[&expected]);
    }
}
