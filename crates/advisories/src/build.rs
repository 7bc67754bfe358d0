//! From OSV records to an index file.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::Serialize;
use verdict::{Digest, Sha256};

use crate::distribution::{normal_name, order_of};
use crate::evaluate::Entry;
use crate::format::{self, HEADER_BYTES, Header, Span};
use crate::index::Advisory;
use crate::osv::{Affected, Event, Record};
use crate::{severity, source};

const SUMMARY_CHARS_MAX: usize = 300;

/// Why no index was made.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// A source cannot be read.
    #[error("{path} cannot be read")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A zip is none.
    #[error("{path} is not a zip that can be read")]
    Zip {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: zip::result::ZipError,
    },
    /// A record is longer than any.
    #[error("{path} has more than {bytes_max} bytes")]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The limit.
        bytes_max: u64,
    },
    /// A record is no OSV record.
    #[error("{path} is not an OSV record")]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// More records than there can be.
    #[error("there are more than {records_max} records")]
    TooMany {
        /// The limit.
        records_max: u64,
    },
    /// More bytes than there can be.
    #[error("the records have more than {bytes_max} bytes together")]
    TooMuch {
        /// The limit.
        bytes_max: u64,
    },
    /// The index would be larger than its format holds.
    #[error("the index would be larger than its format holds")]
    Overflow,
    /// The index cannot be written.
    #[error("{path} cannot be written")]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

/// What was made of the records.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Built {
    /// The revision of the index.
    pub revision: String,
    /// Records that are in it.
    pub records: u64,
    /// Packages that something is said of.
    pub packages: u64,
    /// Records of each ecosystem.
    pub ecosystems: BTreeMap<String, u64>,
    /// Records that were withdrawn, and are not in it.
    pub withdrawn: u64,
    /// Statements on packages of ecosystems that are not judged here, by ecosystem.
    pub other_ecosystems: BTreeMap<String, u64>,
    /// Statements that name neither versions nor a range of versions (commits only).
    pub without_versions: u64,
    /// The size of the file in bytes.
    pub bytes: u64,
    /// When the newest record was modified.
    pub newest: Option<Timestamp>,
}

/// Compiles the OSV records under `paths` (zips, folders, JSON files) into the index file `out`.
/// The same records give the same bytes, in whatever order they come. An index that is being read
/// stays as it is: the new one takes its place in one step.
///
/// # Errors
/// When a source cannot be read or is malformed: half an index would call packages clean.
pub fn build(paths: &[PathBuf], out: &Path) -> Result<Built, BuildError> {
    let mut gathered = Gathered::default();
    source::read(paths, &mut |record| gathered.take(record))?;
    let (mut built, bytes) = gathered.compile()?;
    write(out, &bytes)?;
    built.bytes = bytes.len() as u64;
    Ok(built)
}

#[derive(Default)]
struct Gathered {
    records: BTreeMap<String, Record>,
    withdrawn: BTreeMap<String, Option<Timestamp>>,
}

impl Gathered {
    /// Of two records of one id the newer counts, also if it withdraws.
    fn take(&mut self, record: Record) {
        let known = self.records.get(&record.id).map(|it| it.modified);
        let gone = self.withdrawn.get(&record.id).copied();
        if known.or(gone).is_some_and(|modified| modified > record.modified) {
            return;
        }
        if record.withdrawn.is_some() {
            self.records.remove(&record.id);
            self.withdrawn.insert(record.id, record.modified);
        } else {
            self.withdrawn.remove(&record.id);
            self.records.insert(record.id.clone(), record);
        }
    }

    fn compile(self) -> Result<(Built, Vec<u8>), BuildError> {
        let mut built = Built { withdrawn: self.withdrawn.len() as u64, ..Built::default() };
        let mut packages: BTreeMap<(String, String), Vec<Entry>> = BTreeMap::new();
        let mut advisories = Vec::new();
        for record in self.records.into_values() {
            let number = u32::try_from(advisories.len()).map_err(|_| BuildError::Overflow)?;
            let said = entries(&record, number, &mut built);
            if said.is_empty() {
                continue;
            }
            let mut ecosystems: Vec<String> = said.iter().map(|it| it.0.0.clone()).collect();
            ecosystems.dedup();
            for ecosystem in ecosystems {
                *built.ecosystems.entry(ecosystem).or_default() += 1;
            }
            for (package, entry) in said {
                packages.entry(package).or_default().push(entry);
            }
            built.newest = built.newest.max(record.modified);
            advisories.push(advisory(record));
        }
        built.records = advisories.len() as u64;
        built.packages = packages.len() as u64;
        let bytes = layout(&packages, &advisories, &built)?;
        built.revision = Digest::of(&bytes[HEADER_BYTES..]).to_string();
        Ok((built, bytes))
    }
}

type Said = Vec<((String, String), Entry)>;

/// What a record says of packages whose versions can be ordered here, sorted.
fn entries(record: &Record, number: u32, built: &mut Built) -> Said {
    let mut said = Said::new();
    for affected in record.affected.iter().flatten() {
        let Some(package) = &affected.package else {
            built.without_versions += 1;
            continue;
        };
        if order_of(&package.ecosystem).is_none() {
            *built.other_ecosystems.entry(family(&package.ecosystem)).or_default() += 1;
            continue;
        }
        let entry = entry(record, affected, number);
        // The schema calls such a statement unmatched. It is counted, so that nobody wonders.
        if entry.ranges.is_empty() && entry.versions.is_empty() {
            built.without_versions += 1;
            continue;
        }
        let name = normal_name(&package.ecosystem, &package.name);
        said.push(((package.ecosystem.clone(), name), entry));
    }
    said.sort_by(|a, b| a.0.cmp(&b.0));
    said
}

/// What an ecosystem that is not judged is counted as: `Ubuntu:22.04` as Ubuntu, but `Debian`
/// without a release as it is written, since `Debian:12` is judged.
fn family(ecosystem: &str) -> String {
    match ecosystem.split_once(':') {
        Some((name @ ("npm" | "PyPI"), _)) => format!("{name}, other registries"),
        Some((name, _)) => name.to_owned(),
        None if matches!(
            ecosystem,
            "Alpine" | "Debian" | "AlmaLinux" | "Rocky Linux" | "openSUSE"
        ) =>
        {
            format!("{ecosystem}, no release")
        }
        None => ecosystem.to_owned(),
    }
}

fn entry(record: &Record, affected: &Affected, number: u32) -> Entry {
    let ordered = |kind: &str| kind == "ECOSYSTEM" || kind == "SEMVER";
    let ranges: Vec<Vec<Event>> = affected
        .ranges
        .iter()
        .flatten()
        .filter(|range| ordered(&range.kind) && !range.events.is_empty())
        .map(|range| range.events.clone())
        .collect();
    let versions = affected.versions.clone().unwrap_or_default();
    Entry { record: number, severity: severity::of(record, affected), ranges, versions }
}

fn advisory(record: Record) -> Advisory {
    let sorted = |list: Option<Vec<String>>| {
        let mut list = list.unwrap_or_default();
        list.sort();
        list.dedup();
        list
    };
    let summary = record.summary.filter(|it| !it.is_empty()).or(record.details).unwrap_or_default();
    let first_line = summary.lines().map(str::trim).find(|it| !it.is_empty()).unwrap_or_default();
    Advisory {
        id: record.id,
        aliases: sorted(record.aliases),
        upstream: sorted(record.upstream),
        summary: first_line.chars().take(SUMMARY_CHARS_MAX).collect(),
    }
}

fn layout(
    packages: &BTreeMap<(String, String), Vec<Entry>>,
    advisories: &[Advisory],
    built: &Built,
) -> Result<Vec<u8>, BuildError> {
    let mut bytes = vec![0; HEADER_BYTES];
    let (mut keys, mut records) = (Vec::new(), Vec::new());
    let length = |count: usize| u32::try_from(count).map_err(|_| BuildError::Overflow);
    // Sorted as bytes, which the pairs are not: "Debian:1" ends before "Debian:12" goes on.
    let mut sorted: Vec<(Vec<u8>, &Vec<Entry>)> = packages
        .iter()
        .map(|((ecosystem, name), entries)| (format::key(ecosystem, name), entries))
        .collect();
    sorted.sort_by(|a, b| a.0.cmp(&b.0));
    for (key, entries) in sorted {
        let value = json(entries)?;
        keys.extend((bytes.len() as u64).to_le_bytes());
        keys.extend(length(key.len())?.to_le_bytes());
        keys.extend(length(value.len())?.to_le_bytes());
        keys.extend(((bytes.len() + key.len()) as u64).to_le_bytes());
        bytes.extend(key);
        bytes.extend(value);
    }
    for advisory in advisories {
        let text = json(advisory)?;
        records.extend((bytes.len() as u64).to_le_bytes());
        records.extend(length(text.len())?.to_le_bytes());
        records.extend([0; 4]);
        bytes.extend(text);
    }
    let ecosystems = json(&built.ecosystems)?;
    let span = |bytes: &mut Vec<u8>, table: Vec<u8>, count: u64| {
        let offset = bytes.len() as u64;
        bytes.extend(table);
        Span { offset, count }
    };
    let count = ecosystems.len() as u64;
    let ecosystems = span(&mut bytes, ecosystems, count);
    let keys = span(&mut bytes, keys, built.packages);
    let records = span(&mut bytes, records, built.records);
    let mut sha256 = Sha256::default();
    sha256.update(&bytes[HEADER_BYTES..]);
    let newest = built.newest.map_or(0, Timestamp::as_second);
    let (revision, length) = (sha256.finish(), bytes.len() as u64);
    let header = Header { revision, length, keys, records, ecosystems, newest };
    bytes[..HEADER_BYTES].copy_from_slice(&header.write());
    Ok(bytes)
}

fn json(value: &impl Serialize) -> Result<Vec<u8>, BuildError> {
    serde_json::to_vec(value).map_err(|_| BuildError::Overflow)
}

/// Beside the old file, onto the disk, and then over it.
fn write(out: &Path, bytes: &[u8]) -> Result<(), BuildError> {
    let wrong = |source| BuildError::Write { path: out.to_owned(), source };
    let folder = match out.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(wrong)?;
    file.write_all(bytes).map_err(wrong)?;
    readable(file.as_file()).map_err(wrong)?;
    file.as_file().sync_all().map_err(wrong)?;
    file.persist(out).map_err(|error| wrong(error.error))?;
    Ok(())
}

/// A temporary file is for its owner alone; an index is for whoever validates.
fn readable(file: &File) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    file.set_permissions(std::fs::Permissions::from_mode(0o644))
}
