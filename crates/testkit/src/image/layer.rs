//! A layer, entry by entry, and how it is stored.

use std::io::Write;

/// How a layer's tar is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packing {
    /// As it is.
    Plain,
    /// gzip.
    Gzip,
    /// zstd.
    Zstd,
}

/// A layer as it is put together.
pub struct LayerBuilder {
    tar: tar::Builder<Vec<u8>>,
    pub(super) packing: Packing,
}

impl Default for LayerBuilder {
    fn default() -> Self {
        Self::new()
    }
}

impl LayerBuilder {
    /// A layer without entries, to be stored with gzip.
    pub fn new() -> Self {
        Self { tar: tar::Builder::new(Vec::new()), packing: Packing::Gzip }
    }

    /// Stores it like that.
    #[must_use]
    pub fn packing(mut self, packing: Packing) -> Self {
        self.packing = packing;
        self
    }

    /// A file of mode 0644, owned by root.
    #[must_use]
    pub fn file(self, path: &str, content: impl AsRef<[u8]>) -> Self {
        self.file_with(path, content, 0o644, 0, 0)
    }

    /// A file of this mode and owner.
    #[must_use]
    pub fn file_with(
        self,
        path: &str,
        content: impl AsRef<[u8]>,
        mode: u32,
        uid: u64,
        gid: u64,
    ) -> Self {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(tar::EntryType::Regular);
        header.set_mode(mode);
        header.set_uid(uid);
        header.set_gid(gid);
        self.entry(header, path, content.as_ref())
    }

    /// A folder.
    #[must_use]
    pub fn dir(self, path: &str) -> Self {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(tar::EntryType::Directory);
        header.set_mode(0o755);
        self.entry(header, path, &[])
    }

    /// A symbolic link.
    #[must_use]
    pub fn symlink(self, path: &str, target: &str) -> Self {
        self.link(path, target, tar::EntryType::Symlink)
    }

    /// A hard link; `target` is a path from the root.
    #[must_use]
    pub fn hardlink(self, path: &str, target: &str) -> Self {
        self.link(path, target, tar::EntryType::Link)
    }

    /// The mark that takes `path` of the layers below away.
    #[must_use]
    pub fn whiteout(self, path: &str) -> Self {
        let marked = match path.rsplit_once('/') {
            Some((folder, name)) => format!("{folder}/.wh.{name}"),
            None => format!(".wh.{path}"),
        };
        self.file(&marked, [])
    }

    /// The mark that hides all that the layers below have in this folder.
    #[must_use]
    pub fn opaque(self, folder: &str) -> Self {
        self.file(&format!("{folder}/.wh..wh..opq"), [])
    }

    /// An entry with a header of the caller's; name, size and checksum are filled in. The name is
    /// written as it is, so that it may be hostile.
    #[must_use]
    pub fn entry(mut self, mut header: tar::Header, path: &str, content: &[u8]) -> Self {
        header.set_size(content.len() as u64);
        header.set_mtime(0);
        self.name(&mut header, path);
        header.set_cksum();
        self.tar.append(&header, content).unwrap();
        self
    }

    fn link(self, path: &str, target: &str, kind: tar::EntryType) -> Self {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(kind);
        // A symbolic link has all permissions, another name those of its file.
        header.set_mode(if kind == tar::EntryType::Link { 0o644 } else { 0o777 });
        let field = &mut header.as_gnu_mut().unwrap().linkname;
        assert!(target.len() < field.len(), "a link target of {} bytes", target.len());
        field[..target.len()].copy_from_slice(target.as_bytes());
        self.entry(header, path, &[])
    }

    // A name that does not fit goes before its entry, as GNU tar writes it.
    fn name(&mut self, header: &mut tar::Header, path: &str) {
        let bytes = path.as_bytes();
        let field = &mut header.as_gnu_mut().unwrap().name;
        if bytes.len() <= field.len() {
            field[..bytes.len()].copy_from_slice(bytes);
            return;
        }
        field.copy_from_slice(&bytes[..100]);
        let mut long = tar::Header::new_gnu();
        long.set_entry_type(tar::EntryType::GNULongName);
        long.as_gnu_mut().unwrap().name[..13].copy_from_slice(b"././@LongLink");
        long.set_size(bytes.len() as u64 + 1);
        long.set_cksum();
        let content = [bytes, &[0]].concat();
        self.tar.append(&long, &content[..]).unwrap();
    }

    /// The layer's tar.
    pub fn tar(self) -> Vec<u8> {
        self.tar.into_inner().unwrap()
    }
}

/// Stores a tar like that.
pub fn pack(tar: &[u8], packing: Packing) -> Vec<u8> {
    match packing {
        Packing::Plain => tar.to_vec(),
        Packing::Gzip => {
            let level = flate2::Compression::default();
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), level);
            encoder.write_all(tar).unwrap();
            encoder.finish().unwrap()
        }
        Packing::Zstd => zstd::encode_all(tar, 1).unwrap(),
    }
}
