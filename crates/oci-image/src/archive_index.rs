//! Where the files of a tar archive lie in it, found in one walk over its headers.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};

use crate::error::ImageError;
use crate::files::unreadable;

/// More entries than this is no image archive: a layer is one entry.
const ENTRIES_MAX: u64 = 20_000;
const PATH_BYTES_MAX: usize = 512;
/// Extended headers that name one path are no longer.
const EXTENSION_BYTES_MAX: u64 = 64 << 10;
/// Old Docker archives link equal layers to one another; nobody links through more than this.
const LINKS_MAX: usize = 4;

/// Where files lie, by their path from the root.
#[derive(Debug, Default)]
pub(crate) struct ArchiveIndex(BTreeMap<String, Lying>);

#[derive(Debug)]
enum Lying {
    At { offset: u64, size: u64 },
    Link(String),
}

/// What extended headers say of the entry behind them.
#[derive(Default)]
struct Extended {
    path: Option<Vec<u8>>,
    link: Option<Vec<u8>>,
}

impl ArchiveIndex {
    /// Walks over the headers of an archive; `name` is what errors call it.
    pub(crate) fn of(file: &File, name: &str) -> Result<Self, ImageError> {
        let wrong = |error| unreadable(name, error);
        let mut archive = tar::Archive::new(file.try_clone().map_err(wrong)?);
        let mut index = Self::default();
        let mut extended = Extended::default();
        // Raw: the library would read extended headers into memory however long they are.
        let entries = archive.entries_with_seek().map_err(wrong)?.raw(true);
        for (count, entry) in (1..).zip(entries) {
            let mut entry = entry.map_err(wrong)?;
            if count > ENTRIES_MAX {
                let (what, bound) = (format!("archive {name}"), "entries of an archive");
                return Err(ImageError::Bound { what, bound, max: ENTRIES_MAX });
            }
            if extended.take_from(&mut entry, name)? {
                continue;
            }
            let Extended { path, link } = std::mem::take(&mut extended);
            let path = path.unwrap_or_else(|| entry.path_bytes().into_owned());
            let link = link.or_else(|| entry.link_name_bytes().map(|it| it.into_owned()));
            if let Some((path, lying)) = lying(&entry, path, link) {
                index.0.insert(path, lying);
            }
        }
        Ok(index)
    }

    /// The offset and size of a file.
    pub(crate) fn find(&self, path: &str) -> Option<(u64, u64)> {
        let mut path = path;
        for _ in 0..=LINKS_MAX {
            match self.0.get(path)? {
                Lying::At { offset, size } => return Some((*offset, *size)),
                Lying::Link(target) => path = target,
            }
        }
        None
    }
}

impl Extended {
    /// Whether the entry was an extended header, for the entry behind it.
    fn take_from<R: Read>(
        &mut self,
        entry: &mut tar::Entry<'_, R>,
        name: &str,
    ) -> Result<bool, ImageError> {
        let kind = entry.header().entry_type();
        let is_pax = kind.is_pax_local_extensions();
        if !is_pax && !kind.is_gnu_longname() && !kind.is_gnu_longlink() {
            // What a global header says is no path; it is skipped as any other entry.
            return Ok(false);
        }
        if entry.size() > EXTENSION_BYTES_MAX {
            let (what, bound) = (format!("archive {name}"), "bytes of an extended header");
            return Err(ImageError::Bound { what, bound, max: EXTENSION_BYTES_MAX });
        }
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).map_err(|error| unreadable(name, error))?;
        if is_pax {
            return self.take_pax(&bytes, name).map(|()| true);
        }
        let end = bytes.iter().position(|it| *it == 0).unwrap_or(bytes.len());
        bytes.truncate(end);
        let to = if kind.is_gnu_longname() { &mut self.path } else { &mut self.link };
        *to = Some(bytes);
        Ok(true)
    }

    fn take_pax(&mut self, bytes: &[u8], name: &str) -> Result<(), ImageError> {
        for record in tar::PaxExtensions::new(bytes) {
            let record = record.map_err(|error| unreadable(name, error))?;
            let value = || Some(record.value_bytes().to_vec());
            match record.key_bytes() {
                b"path" => self.path = value(),
                b"linkpath" => self.link = value(),
                // A size of its own, or holes, would have readers disagree where the entry ends.
                b"size" => return Err(strange(name, "a size in an extended header")),
                key if key.starts_with(b"GNU.sparse.") => {
                    return Err(strange(name, "a sparse file"));
                }
                _ => {}
            }
        }
        Ok(())
    }
}

fn strange(name: &str, what: &str) -> ImageError {
    ImageError::Confused(format!("archive {name} has {what}, which no image archive has"))
}

fn lying<R: Read>(
    entry: &tar::Entry<'_, R>,
    path: Vec<u8>,
    link: Option<Vec<u8>>,
) -> Option<(String, Lying)> {
    let path = normal(&String::from_utf8(path).ok()?)?;
    let kind = entry.header().entry_type();
    if kind.is_file() {
        let (offset, size) = (entry.raw_file_position(), entry.size());
        return Some((path, Lying::At { offset, size }));
    }
    if !kind.is_symlink() && !kind.is_hard_link() {
        return None;
    }
    let target = String::from_utf8(link?).ok()?;
    let from_root = match path.rsplit_once('/') {
        Some((folder, _)) if kind.is_symlink() => format!("{folder}/{target}"),
        _ => target,
    };
    normal(&from_root).map(|target| (path, Lying::Link(target)))
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

/// A stretch of the archive, read at a position of its own.
pub(crate) struct Slice {
    pub(crate) file: std::sync::Arc<File>,
    pub(crate) offset: u64,
    pub(crate) left: u64,
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

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn index(entries: &[(tar::EntryType, &str, &[u8])]) -> Result<ArchiveIndex, ImageError> {
        let mut tar = tar::Builder::new(Vec::new());
        for (kind, path, content) in entries {
            let mut header = tar::Header::new_ustar();
            header.set_entry_type(*kind);
            header.as_old_mut().name[..path.len()].copy_from_slice(path.as_bytes());
            header.set_size(content.len() as u64);
            header.set_cksum();
            tar.append(&header, *content).unwrap();
        }
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&tar.into_inner().unwrap()).unwrap();
        std::io::Seek::rewind(&mut file).unwrap();
        ArchiveIndex::of(&file, "test.tar")
    }

    #[test]
    fn paths_stay_below_the_root() {
        assert_eq!(normal("./a/../b//c"), Some("b/c".to_owned()));
        assert_eq!(normal("/a"), Some("a".to_owned()));
        assert_eq!(normal("a/../../b"), None);
        assert_eq!(normal(".."), None);
    }

    #[test]
    fn extended_headers_name_the_entry_behind_them() {
        use tar::EntryType::{GNULongName, Regular, XHeader};
        let entries = [
            (XHeader, "x", b"14 path=a/b/c\n".as_slice()),
            (Regular, "short", b"1"),
            (GNULongName, "././@LongLink", b"d/e\0"),
            (Regular, "other", b"22"),
        ];
        let index = index(&entries).unwrap();
        assert_eq!(index.find("a/b/c").map(|it| it.1), Some(1));
        assert_eq!(index.find("d/e").map(|it| it.1), Some(2));
        assert_eq!(index.find("short"), None);
    }

    #[test]
    fn an_extended_header_is_bounded_and_may_not_move_the_end_of_an_entry() {
        let long = vec![b'a'; 100_000];
        let found = index(&[(tar::EntryType::GNULongName, "l", &long)]);
        assert!(matches!(found, Err(ImageError::Bound { .. })));
        let found = index(&[(tar::EntryType::XHeader, "x", b"10 size=1\n")]);
        assert!(matches!(found, Err(ImageError::Confused(_))));
    }
}
