//! rpm's package database, in each of the formats that it has had: SQLite, NDB and Berkeley DB
//! (docs/decisions/048). Each is read by a reader of our own, as it streams by.

mod bdb;
mod header;
mod manifest;
mod ndb;
mod pages;
mod sqlite;
#[cfg(test)]
mod tests;

use std::io::{BufRead, Read};

use self::header::Header;
pub(super) use self::manifest::RpmManifest;
use super::findings::{Findings, Found, Trouble};
use super::roles::fill;
use super::{Cataloger, FilePath, split_last};
use crate::ecosystem::Ecosystem;
use crate::package::Source;

/// Reads rpm's database.
pub(super) struct Rpm;

/// Where it lies: of old, where Fedora and SUSE have it now, and on systems made by rpm-ostree.
const FOLDERS: &[&str] = &["var/lib/rpm", "usr/lib/sysimage/rpm", "usr/share/rpm"];
/// Its name says the format; what counts is how the file begins.
const FILES: [&[u8]; 3] = [b"Packages", b"Packages.db", b"rpmdb.sqlite"];
/// What SQLite keeps beside a database while it is changed.
const LOGS: [&[u8]; 2] = [b"rpmdb.sqlite-wal", b"rpmdb.sqlite-journal"];
/// As much of a file as says which format it has.
const FRONT_BYTES: usize = 512;

impl Cataloger for Rpm {
    fn wants(&self, path: &FilePath<'_>) -> bool {
        let (folder, file) = path.split();
        FOLDERS.iter().any(|it| it.as_bytes() == folder)
            && (FILES.contains(&file) || LOGS.contains(&file))
    }

    fn streams(&self) -> bool {
        true
    }

    fn places(&self) -> &'static [&'static str] {
        FOLDERS
    }

    fn read(
        &self,
        path: &[u8],
        content: &mut dyn Read,
        findings: &mut Findings,
    ) -> Result<(), Trouble> {
        let mut front = vec![0; FRONT_BYTES];
        let length = fill(content, &mut front)?;
        front.truncate(length);
        if LOGS.contains(&split_last(path).1) {
            return sqlite::see_log(&front);
        }
        if front.starts_with(sqlite::MAGIC) {
            return sqlite::read(&front, content, findings);
        }
        if front.starts_with(ndb::MAGIC) {
            return ndb::read(&front, content, findings);
        }
        if let Some(order) = bdb::Order::of(&front) {
            return bdb::read(order, &front, content, findings);
        }
        Err(Trouble::Malformed("is no rpm database".to_owned()))
    }
}

/// Reads a record of the database: the header of a package. What is wrong with it alone does not
/// keep the others from being read.
fn take(record: &mut dyn BufRead, bytes: u64, findings: &mut Findings) -> Result<(), Trouble> {
    match Header::read(record, bytes) {
        Ok(header) => add(header, findings),
        Err(trouble) => {
            findings.trouble(trouble);
            Ok(())
        }
    }
}

/// Keys that signatures are checked with lie in the database as if they were packages.
const KEY: &str = "gpg-pubkey";

fn add(header: Header, findings: &mut Findings) -> Result<(), Trouble> {
    // Of a key's source rpm writes `(none)`, or nothing.
    let source = source(&header.source);
    if header.name == KEY && source.is_none() {
        return Ok(());
    }
    let release = format!("{}-{}", header.version, header.release);
    let version = match header.epoch {
        0 => release,
        epoch => format!("{epoch}:{release}"),
    };
    let given = |it: String| Some(it).filter(|it| !it.is_empty());
    findings.package(Found {
        source,
        architecture: given(header.architecture),
        licenses: given(header.license).into_iter().collect(),
        vendor: given(header.vendor),
        ..Found::new(Ecosystem::Rpm, header.name, version)
    })?;
    header.programs.iter().try_for_each(|path| findings.claim(path))
}

/// The source package of `NAME-VERSION-RELEASE.src.rpm`; a source that may not be given on is
/// `nosrc`.
fn source(file: &str) -> Option<Source> {
    let stem = file.strip_suffix(".rpm")?;
    let stem = stem.strip_suffix(".src").or_else(|| stem.strip_suffix(".nosrc"))?;
    let (rest, release) = stem.rsplit_once('-')?;
    let (name, version) = rest.rsplit_once('-')?;
    Some(Source { name: name.to_owned(), version: format!("{version}-{release}") })
}
