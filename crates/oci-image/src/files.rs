//! Read-only files of a folder or of a tar, by their path from its root. No path leaves the root.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use crate::error::ImageError;

/// More entries than this is no image archive: a layer is one entry.
const ENTRIES_MAX: usize = 100_000;
const PATH_BYTES_MAX: usize = 1024;
/// Old Docker archives link equal layers to one another; nobody links through more than this.
const LINKS_MAX: usize = 4;

/// Read-only files.
#[derive(Debug)]
pub(crate) enum Files {
    /// Of a folder.
    Folder(PathBuf),
    /// Of a tar, by where they lie in it.
    Tar { file: Arc<File>, name: String, entries: BTreeMap<String, TarEntry> },
}

#[derive(Debug)]
pub(crate) enum TarEntry {
    File { offset: u64, size: u64 },
    Link(String),
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
        let wrong = |error| unreadable(name, error);
        refuse_compressed(&mut file, name)?;
        let mut entries = BTreeMap::new();
        let mut archive = tar::Archive::new(file.try_clone().map_err(wrong)?);
        for (count, entry) in archive.entries_with_seek().map_err(wrong)?.enumerate() {
            let entry = entry.map_err(wrong)?;
            if count >= ENTRIES_MAX {
                let (what, max) = (format!("archive {name}"), ENTRIES_MAX as u64);
                return Err(ImageError::Limit { what, limit: "archive entries", max });
            }
            if let Some((path, entry)) = indexed(&entry) {
                entries.insert(path, entry);
            }
        }
        Ok(Self::Tar { file: Arc::new(file), name: name.to_owned(), entries })
    }

    /// Opens a file: its size and its bytes. `None` if there is none.
    pub(crate) fn open(&self, path: &str) -> Result<Option<(u64, OpenFile)>, ImageError> {
        match self {
            Self::Folder(root) => open_below(root, path),
            Self::Tar { file, entries, .. } => Ok(find(entries, path).map(|(offset, size)| {
                (size, OpenFile(Box::new(Slice { file: Arc::clone(file), offset, left: size })))
            })),
        }
    }

    /// A whole file, if it is no larger than that.
    pub(crate) fn read(&self, path: &str, bytes_max: u64) -> Result<Option<Vec<u8>>, ImageError> {
        let Some((_, file)) = self.open(path)? else { return Ok(None) };
        let mut bytes = Vec::new();
        let name = || format!("{path} of {}", self.name());
        file.take(bytes_max + 1)
            .read_to_end(&mut bytes)
            .map_err(|error| unreadable(name(), error))?;
        if bytes.len() as u64 > bytes_max {
            let (limit, max) = ("manifest_bytes_max", bytes_max);
            return Err(ImageError::Limit { what: name(), limit, max });
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

/// A stretch of a shared file, read at its own position.
struct Slice {
    file: Arc<File>,
    offset: u64,
    left: u64,
}

impl Read for Slice {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        use std::os::unix::fs::FileExt as _;
        let wanted = buffer.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        let read = self.file.read_at(&mut buffer[..wanted], self.offset)?;
        self.offset += read as u64;
        self.left -= read as u64;
        Ok(read)
    }
}

fn indexed<R: Read>(entry: &tar::Entry<'_, R>) -> Option<(String, TarEntry)> {
    let path = normal(&String::from_utf8(entry.path_bytes().into_owned()).ok()?)?;
    let kind = entry.header().entry_type();
    if kind.is_file() {
        let (offset, size) = (entry.raw_file_position(), entry.size());
        return Some((path, TarEntry::File { offset, size }));
    }
    let target = String::from_utf8(entry.link_name_bytes()?.into_owned()).ok()?;
    let from_root = match path.rsplit_once('/') {
        Some((folder, _)) if kind.is_symlink() => format!("{folder}/{target}"),
        _ => target,
    };
    (kind.is_symlink() || kind.is_hard_link())
        .then(|| normal(&from_root).map(|target| (path, TarEntry::Link(target))))?
}

fn find(entries: &BTreeMap<String, TarEntry>, path: &str) -> Option<(u64, u64)> {
    let mut path = path;
    for _ in 0..=LINKS_MAX {
        match entries.get(path)? {
            TarEntry::File { offset, size } => return Some((*offset, *size)),
            TarEntry::Link(target) => path = target,
        }
    }
    None
}

/// The path from the root, without `.` and `..`; `None` if it leads out of it or is too long.
fn normal(path: &str) -> Option<String> {
    if path.len() > PATH_BYTES_MAX {
        return None;
    }
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_stay_below_the_root() {
        assert_eq!(normal("./a/../b//c"), Some("b/c".to_owned()));
        assert_eq!(normal("/a"), Some("a".to_owned()));
        assert_eq!(normal("a/../../b"), None);
        assert_eq!(normal(".."), None);
    }
}
