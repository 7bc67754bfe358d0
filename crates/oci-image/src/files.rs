//! Read-only files of a folder or of a tar, by their path from its root. No path leaves the root.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use crate::archive_index::{ArchiveIndex, Slice};
use crate::error::ImageError;

const PATH_BYTES_MAX: usize = 512;

/// Read-only files.
#[derive(Debug, Clone)]
pub(crate) enum Files {
    /// Of a folder.
    Folder(PathBuf),
    /// Of a tar, by where they lie in it.
    Tar { file: Arc<File>, name: String, index: Arc<ArchiveIndex> },
}

impl Files {
    /// The files of a folder.
    pub(crate) fn folder(path: &Path) -> Result<Self, ImageError> {
        let root = fs::canonicalize(path).map_err(|error| unreadable(path.display(), error))?;
        Ok(Self::Folder(root))
    }

    /// The files of a tar.
    pub(crate) fn tar(path: &Path) -> Result<Self, ImageError> {
        let file = File::open(path).map_err(|error| unreadable(path.display(), error))?;
        Self::tar_file(file, &path.display().to_string())
    }

    /// The files of a tar that is open already; `name` is what errors call it.
    pub(crate) fn tar_file(mut file: File, name: &str) -> Result<Self, ImageError> {
        refuse_compressed(&mut file, name)?;
        let index = Arc::new(ArchiveIndex::of(&file, name)?);
        Ok(Self::Tar { file: Arc::new(file), name: name.to_owned(), index })
    }

    /// Opens a file: its size and its bytes. `None` if there is none.
    pub(crate) fn open(&self, path: &str) -> Result<Option<(u64, OpenFile)>, ImageError> {
        match self {
            Self::Folder(root) => open_below(root, path),
            Self::Tar { file, index, .. } => Ok(index.find(path).map(|(offset, size)| {
                (size, OpenFile(Box::new(Slice { file: Arc::clone(file), offset, left: size })))
            })),
        }
    }

    /// A whole file, if it is no larger than the limit.
    pub(crate) fn read(
        &self,
        path: &str,
        (max, limit): (u64, &'static str),
    ) -> Result<Option<Vec<u8>>, ImageError> {
        let Some((_, file)) = self.open(path)? else { return Ok(None) };
        let what = format!("{path} of {}", self.name());
        let mut bytes = Vec::new();
        let read = file.take(max.saturating_add(1)).read_to_end(&mut bytes);
        read.map_err(|error| unreadable(&what, error))?;
        if bytes.len() as u64 > max {
            return Err(ImageError::Limit { what, limit, max });
        }
        Ok(Some(bytes))
    }

    /// What errors call it.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Folder(root) => root.display().to_string(),
            Self::Tar { name, .. } => name.clone(),
        }
    }
}

/// A file's bytes.
pub(crate) struct OpenFile(pub(crate) Box<dyn Read + Send>);

impl Read for OpenFile {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

fn open_below(root: &Path, path: &str) -> Result<Option<(u64, OpenFile)>, ImageError> {
    let sound = Path::new(path).components().all(|it| matches!(it, Component::Normal(_)));
    let outside = || {
        let text = format!("{path} leads out of the layout {}", root.display());
        ImageError::Confused(text)
    };
    if !sound || path.len() > PATH_BYTES_MAX {
        return Err(outside());
    }
    let full = match fs::canonicalize(root.join(path)) {
        Ok(full) => full,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unreadable(root.join(path).display(), error)),
    };
    if !full.starts_with(root) {
        return Err(outside());
    }
    let wrong = |error| unreadable(full.display(), error);
    // A FIFO would block in open, a device may do anything: only regular files are opened.
    if !fs::metadata(&full).map_err(wrong)?.is_file() {
        return Err(ImageError::Confused(format!("{} is not a regular file", full.display())));
    }
    let file = File::open(&full).map_err(wrong)?;
    let size = file.metadata().map_err(wrong)?.len();
    Ok(Some((size, OpenFile(Box::new(file)))))
}

fn refuse_compressed(file: &mut File, name: &str) -> Result<(), ImageError> {
    let mut magic = Vec::new();
    let read = file.by_ref().take(4).read_to_end(&mut magic);
    read.and_then(|_| file.seek(SeekFrom::Start(0))).map_err(|error| unreadable(name, error))?;
    let kind = match magic.as_slice() {
        [0x1f, 0x8b, ..] => "gzip",
        [0x28, 0xb5, 0x2f, 0xfd] => "zstd",
        _ => return Ok(()),
    };
    let why = format!("the archive is compressed with {kind}: decompress it first");
    Err(ImageError::Name { text: name.to_owned(), why })
}

pub(crate) fn unreadable(what: impl ToString, error: io::Error) -> ImageError {
    if error.kind() == io::ErrorKind::NotFound {
        return ImageError::NotFound(what.to_string());
    }
    ImageError::Source { what: what.to_string(), source: error.into() }
}
