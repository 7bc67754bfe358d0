//! Where OSV records come from: a bulk export (a zip of JSON files), a folder of them, or one.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::build::BuildError;
use crate::osv::Record;

/// A record is no longer; OSV's longest has about 5 MB.
const RECORD_BYTES_MAX: u64 = 16 << 20;
const RECORDS_MAX: u64 = 5_000_000;
/// All of OSV has about 4 GB of JSON; a zip of zeros would have more.
const TOTAL_BYTES_MAX: u64 = 16 << 30;
const DEPTH_MAX: usize = 8;

/// Hands every record under these paths to `take`.
pub(crate) fn read(paths: &[PathBuf], take: &mut dyn FnMut(Record)) -> Result<(), BuildError> {
    let mut reading = Reading { take, count: 0, bytes: 0 };
    paths.iter().try_for_each(|path| reading.path(path, 0))
}

struct Reading<'t> {
    take: &'t mut dyn FnMut(Record),
    count: u64,
    bytes: u64,
}

impl Reading<'_> {
    fn path(&mut self, path: &Path, depth: usize) -> Result<(), BuildError> {
        let wrong = |source| BuildError::Read { path: path.to_owned(), source };
        if depth > DEPTH_MAX {
            return Err(wrong(io::Error::other("folders are nested too deeply")));
        }
        if fs::metadata(path).map_err(wrong)?.is_dir() {
            let mut inside = fs::read_dir(path)
                .map_err(wrong)?
                .map(|entry| entry.map(|entry| entry.path()))
                .collect::<io::Result<Vec<_>>>()
                .map_err(wrong)?;
            inside.sort();
            let relevant = |path: &PathBuf| path.is_dir() || is(path, "json") || is(path, "zip");
            return inside
                .iter()
                .filter(|path| relevant(path))
                .try_for_each(|path| self.path(path, depth + 1));
        }
        let file = File::open(path).map_err(wrong)?;
        if is(path, "zip") { self.zip(path, file) } else { self.record(path, file) }
    }

    fn zip(&mut self, path: &Path, file: File) -> Result<(), BuildError> {
        let wrong = |source| BuildError::Zip { path: path.to_owned(), source };
        let mut archive = zip::ZipArchive::new(file).map_err(wrong)?;
        for at in 0..archive.len() {
            let entry = archive.by_index(at).map_err(wrong)?;
            let name = entry.name().map_err(wrong)?.into_owned();
            if entry.is_file() && name.ends_with(".json") {
                self.record(&path.join(name), entry)?;
            }
        }
        Ok(())
    }

    fn record(&mut self, path: &Path, file: impl Read) -> Result<(), BuildError> {
        let mut json = Vec::new();
        file.take(RECORD_BYTES_MAX + 1)
            .read_to_end(&mut json)
            .map_err(|source| BuildError::Read { path: path.to_owned(), source })?;
        if json.len() as u64 > RECORD_BYTES_MAX {
            return Err(BuildError::TooLarge {
                path: path.to_owned(),
                bytes_max: RECORD_BYTES_MAX,
            });
        }
        self.bytes += json.len() as u64;
        if self.bytes > TOTAL_BYTES_MAX {
            return Err(BuildError::TooMuch { bytes_max: TOTAL_BYTES_MAX });
        }
        let malformed = |source| BuildError::Malformed { path: path.to_owned(), source };
        // Several records in one file come as a list.
        let first = json.iter().find(|it| !it.is_ascii_whitespace());
        let records: Vec<Record> = match first {
            Some(b'[') => serde_json::from_slice(&json).map_err(malformed)?,
            _ => vec![serde_json::from_slice(&json).map_err(malformed)?],
        };
        self.count += records.len() as u64;
        if self.count > RECORDS_MAX {
            return Err(BuildError::TooMany { records_max: RECORDS_MAX });
        }
        records.into_iter().for_each(&mut self.take);
        Ok(())
    }
}

fn is(path: &Path, extension: &str) -> bool {
    path.extension().is_some_and(|it| it.eq_ignore_ascii_case(extension))
}
