//! Journals of layers that were read before, in a folder of the user's own (docs/decisions/043).
//!
//! A journal is kept once its layer was read to the end and had the promised digests. Its name is
//! a hash of all that it depends on, its file carries a hash of its bytes: a damaged one is as
//! good as none. Several processes may use a folder, and each may be killed at any time.

mod entry;
mod folder;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use oci_image::{Image, Layer};
use verdict::Sha256;

pub(crate) use self::entry::{Draft, Kept};
use crate::journal::REVISION;

/// What all that is kept may take on disk.
const BYTES_MAX: u64 = 512 << 20;
/// A draft that is older was its process's end.
const DRAFT_AGE_MAX: Duration = Duration::from_secs(3600);

/// Why a folder is not used.
#[derive(Debug, thiserror::Error)]
pub enum CacheError {
    /// It cannot be made, read or written.
    #[error("cannot use the folder {0}")]
    Folder(PathBuf, #[source] io::Error),
    /// Others could put there what they like.
    #[error("folder {0} could be written by others than its user")]
    NotOwn(PathBuf),
}

/// What is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stored {
    /// How many layers.
    pub layers: u64,
    /// What they take on disk.
    pub bytes: u64,
    /// What they may take.
    pub bytes_max: u64,
}

/// Layers that were read before.
#[derive(Debug)]
pub struct LayerCache {
    folder: PathBuf,
    bytes_max: u64,
}

impl LayerCache {
    /// The cache in `layers` below this folder; both are made if they are not there.
    ///
    /// # Errors
    /// When it cannot be used, or others than the user may write to it.
    pub fn open(folder: &Path) -> Result<Self, CacheError> {
        Self::open_bounded(folder, BYTES_MAX)
    }

    /// The same, that may take so many bytes on disk.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_bounded(folder: &Path, bytes_max: u64) -> Result<Self, CacheError> {
        let layers = folder.join("layers");
        folder::make_own(folder)?;
        folder::make_own(&layers)?;
        Ok(Self { folder: layers, bytes_max })
    }

    /// Where it lies.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// What is kept.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn stored(&self) -> Result<Stored, CacheError> {
        let files = self.files()?;
        let kept = || files.iter().filter(|it| !it.is_draft);
        let bytes = files.iter().map(|it| it.bytes).sum();
        Ok(Stored { layers: kept().count() as u64, bytes, bytes_max: self.bytes_max })
    }

    /// Removes all that is kept. Answers what it was.
    ///
    /// # Errors
    /// When something of it cannot be removed.
    pub fn clear(&self) -> Result<Stored, CacheError> {
        let stored = self.stored()?;
        for file in self.files()? {
            self.remove(&file.path)?;
        }
        Ok(stored)
    }

    /// Whether the journal of a layer is kept, by its name.
    pub(crate) fn has(&self, image: &Image, layer: &Layer) -> bool {
        self.path_of(image, layer).is_some_and(|path| path.exists())
    }

    /// The journal of a layer; `None` if there is none that is sound.
    pub(crate) fn get(&self, image: &Image, layer: &Layer) -> Option<Kept> {
        let path = self.path_of(image, layer)?;
        match Kept::open(&path) {
            Ok(kept) => kept,
            Err(error) => {
                tracing::debug!(path = %path.display(), %error, "kept layer cannot be read");
                None
            }
        }
    }

    /// Begins to keep the journal of a layer.
    pub(crate) fn draft(&self, image: &Image, layer: &Layer) -> Draft {
        let Some(path) = self.path_of(image, layer) else { return Draft::none() };
        Draft::new(&self.folder, path).unwrap_or_else(|error| {
            tracing::debug!(%error, "layer cannot be kept");
            Draft::none()
        })
    }

    /// Keeps a draft, and removes what was not used for the longest time if there is too much.
    pub(crate) fn keep(&self, draft: Draft) {
        let evicted = draft.keep().and_then(|kept| match kept {
            true => self.evict().map_err(io::Error::other),
            false => Ok(()),
        });
        if let Err(error) = evicted {
            tracing::debug!(%error, "layer cannot be kept");
        }
    }

    fn evict(&self) -> Result<(), CacheError> {
        let mut files = self.files()?;
        let mut bytes: u64 = files.iter().map(|it| it.bytes).sum();
        files.sort_by_key(|it| it.used);
        let now = SystemTime::now();
        for file in files {
            let age = now.duration_since(file.used).unwrap_or_default();
            let goes = match file.is_draft {
                true => age > DRAFT_AGE_MAX,
                false => bytes > self.bytes_max,
            };
            if goes {
                self.remove(&file.path)?;
                bytes -= file.bytes;
            }
        }
        Ok(())
    }

    fn files(&self) -> Result<Vec<KeptFile>, CacheError> {
        let failed = |error| CacheError::Folder(self.folder.clone(), error);
        let mut files = Vec::new();
        for entry in fs::read_dir(&self.folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let name = entry.file_name();
            let is_draft = name.as_encoded_bytes().ends_with(entry::DRAFT.as_bytes());
            if !is_draft && !name.as_encoded_bytes().ends_with(entry::KEPT.as_bytes()) {
                continue; // not ours
            }
            // Another process may have removed it since.
            let Ok(metadata) = entry.metadata() else { continue };
            let used = metadata.modified().map_err(failed)?;
            files.push(KeptFile { path: entry.path(), bytes: metadata.len(), used, is_draft });
        }
        Ok(files)
    }

    fn remove(&self, path: &Path) -> Result<(), CacheError> {
        match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(CacheError::Folder(self.folder.clone(), error))
            }
            _ => Ok(()),
        }
    }

    /// Named by all that a journal depends on: the layer's bytes, stored and inflated, how they
    /// are inflated, the limits, and who reads. `None` for what is no tar layer: it is not read.
    fn path_of(&self, image: &Image, layer: &Layer) -> Option<PathBuf> {
        let descriptor = &layer.descriptor;
        let compression = descriptor.compression()?;
        if descriptor.size > image.limits().layer_bytes_max {
            return None;
        }
        let limits = serde_json::to_string(image.limits()).ok()?;
        let (digest, size) = (&descriptor.digest, descriptor.size);
        let text = format!("{REVISION} {digest} {} {size} {compression:?} {limits}", layer.diff_id);
        let mut sha256 = Sha256::default();
        sha256.update(text.as_bytes());
        Some(self.folder.join(format!("{}{}", sha256.finish().hex(), entry::KEPT)))
    }
}

struct KeptFile {
    path: PathBuf,
    bytes: u64,
    used: SystemTime,
    is_draft: bool,
}
