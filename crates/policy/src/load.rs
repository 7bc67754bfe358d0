//! From a folder to a document: policy.yml, and the keys and modules that it names.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};

use verdict::PolicyDocument;

use crate::error::PolicyError;
use crate::read::{self, BODY_BYTES_MAX};
use crate::signatures;

const FILES_MAX: usize = 256;
const FILE_BYTES_MAX: u64 = 1 << 20;
// A policy travels in each request, within what a door takes in.
const ALL_BYTES_MAX: u64 = 4 << 20;
const DEPTH_MAX: usize = 8;

/// Reads policy.yml and the keys, Rego modules and data that it names. They lie in its folder or
/// below it: no path and no symbolic link leads out.
///
/// # Errors
/// When a file cannot be read or is too large, when policy.yml is malformed, or when a path leads
/// out of the policy's folder. What the policy means is for [`crate::Policy::parse`] to judge.
pub fn load(path: &Path) -> Result<PolicyDocument, PolicyError> {
    let body = text_of(path, BODY_BYTES_MAX)?;
    let policy = read::body(&body)?;
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let root = fs::canonicalize(folder)
        .map_err(|source| PolicyError::Read { path: folder.to_owned(), source })?;
    let mut reading = Reading { root, files: BTreeMap::new(), bytes: 0 };
    for named in signatures::named(&policy.signatures.authorities) {
        reading.take(named, signatures::is_wanted)?;
    }
    for named in &policy.rego.paths {
        reading.take(named, |name| name.ends_with(".rego") && !name.ends_with("_test.rego"))?;
    }
    for named in &policy.rego.data {
        reading.take(named, is_data)?;
    }
    Ok(PolicyDocument { body, files: reading.files })
}

fn is_data(name: &str) -> bool {
    [".json", ".yaml", ".yml"].iter().any(|suffix| name.ends_with(suffix))
}

struct Reading {
    root: PathBuf,
    files: BTreeMap<String, String>,
    bytes: u64,
}

impl Reading {
    /// Takes in the file that is named, or those of the folder that are wanted.
    fn take(&mut self, named: &str, wanted: fn(&str) -> bool) -> Result<(), PolicyError> {
        let path = self.within(named)?;
        if path.is_dir() {
            self.take_folder(named.trim_end_matches('/'), &path, wanted, 0)
        } else {
            self.take_file(named.to_owned(), &path)
        }
    }

    fn take_folder(
        &mut self,
        name: &str,
        folder: &Path,
        wanted: fn(&str) -> bool,
        depth: usize,
    ) -> Result<(), PolicyError> {
        let failed = |source| PolicyError::Read { path: folder.to_owned(), source };
        if depth > DEPTH_MAX {
            return Err(failed(io::Error::other("folders lie too deep")));
        }
        for entry in fs::read_dir(folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let file_name = entry.file_name();
            let Some(entry_name) = file_name.to_str() else { continue };
            let entry_path = format!("{name}/{entry_name}");
            let kind = entry.file_type().map_err(failed)?;
            if kind.is_dir() {
                self.take_folder(&entry_path, &entry.path(), wanted, depth + 1)?;
            } else if wanted(entry_name) {
                let path = self.within(&entry_path)?;
                self.take_file(entry_path, &path)?;
            }
        }
        Ok(())
    }

    fn take_file(&mut self, name: String, path: &Path) -> Result<(), PolicyError> {
        if self.files.contains_key(&name) {
            return Ok(());
        }
        if self.files.len() == FILES_MAX {
            return Err(PolicyError::TooManyFiles { max: FILES_MAX });
        }
        let text = text_of(path, FILE_BYTES_MAX)?;
        self.bytes += text.len() as u64;
        if self.bytes > ALL_BYTES_MAX {
            let what = "all that the policy names".to_owned();
            return Err(PolicyError::TooLarge { what, bytes_max: ALL_BYTES_MAX });
        }
        self.files.insert(name, text);
        Ok(())
    }

    /// The real path of what is named, which must lie below the root.
    fn within(&self, named: &str) -> Result<PathBuf, PolicyError> {
        let outside = || PolicyError::Outside { path: named.to_owned() };
        let plain = |part: Component<'_>| matches!(part, Component::Normal(_) | Component::CurDir);
        if named.is_empty() || !Path::new(named).components().all(plain) {
            return Err(outside());
        }
        let path = self.root.join(named);
        let real = fs::canonicalize(&path).map_err(|source| PolicyError::Read { path, source })?;
        if real.starts_with(&self.root) { Ok(real) } else { Err(outside()) }
    }
}

fn text_of(path: &Path, bytes_max: u64) -> Result<String, PolicyError> {
    let failed = |source| PolicyError::Read { path: path.to_owned(), source };
    let file = File::open(path).map_err(failed)?;
    if !file.metadata().map_err(failed)?.is_file() {
        return Err(failed(io::Error::other("not a regular file")));
    }
    let mut text = String::new();
    file.take(bytes_max + 1).read_to_string(&mut text).map_err(failed)?;
    if text.len() as u64 > bytes_max {
        let what = path.display().to_string();
        return Err(PolicyError::TooLarge { what, bytes_max });
    }
    Ok(text)
}
