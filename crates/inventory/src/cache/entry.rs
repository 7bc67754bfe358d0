//! One kept journal: a mark, a hash of what follows, and the journal deflated.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;
use verdict::{Digest, Sha256};

/// How the names of kept journals end, and of those that are being written.
pub(super) const KEPT: &str = ".layer";
pub(super) const DRAFT: &str = ".draft";

const MARK: &[u8; 8] = b"fvlayer1";
/// The mark and the hash in hexadecimal.
const HEAD_BYTES: usize = MARK.len() + 64;
/// A journal that takes more on disk is not kept: reading it would take as much memory.
const BYTES_MAX: usize = 8 << 20;

/// A kept journal, whole and sound.
pub(crate) struct Kept {
    bytes: Vec<u8>,
}

impl Kept {
    /// Opens one and notes that it was used; `None` if there is none or it is damaged.
    pub(super) fn open(path: &Path) -> io::Result<Option<Self>> {
        let mut options = OpenOptions::new();
        // A link is not followed: we never make one.
        options.read(true).custom_flags(rustix::fs::OFlags::NOFOLLOW.bits() as i32);
        let file = match options.open(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            file => file?,
        };
        if file.metadata()?.uid() != rustix::process::geteuid().as_raw() {
            return Ok(None);
        }
        let mut bytes = Vec::new();
        (&file).take((HEAD_BYTES + BYTES_MAX) as u64 + 1).read_to_end(&mut bytes)?;
        if !is_sound(&bytes) {
            return Ok(None);
        }
        // Where the time cannot be set it goes earlier than others; that is all.
        let _ = file.set_modified(SystemTime::now());
        Ok(Some(Self { bytes }))
    }

    pub(crate) fn read(&self) -> impl Read {
        DeflateDecoder::new(self.bytes.get(HEAD_BYTES..).unwrap_or_default())
    }
}

fn is_sound(bytes: &[u8]) -> bool {
    let Some((head, body)) = bytes.split_at_checked(HEAD_BYTES) else { return false };
    let hash = head.strip_prefix(MARK.as_slice());
    hash == Some(Digest::of(body).hex().as_bytes())
}

/// A journal that is being written, to be kept once its layer was whole.
pub(crate) struct Draft(Option<Writing>);

struct Writing {
    /// Where it is written, and where it will lie.
    draft: PathBuf,
    path: PathBuf,
    deflate: DeflateEncoder<Hashed>,
}

struct Hashed {
    file: File,
    sha256: Sha256,
    bytes: usize,
}

impl Draft {
    /// One that nothing is kept of.
    pub(crate) fn none() -> Self {
        Self(None)
    }

    pub(super) fn new(folder: &Path, path: PathBuf) -> io::Result<Self> {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let name = format!("{}-{number}-{}{DRAFT}", std::process::id(), now.as_nanos());
        let draft = folder.join(name);
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
        file.write_all(&[0; HEAD_BYTES])?;
        let hashed = Hashed { file, sha256: Sha256::default(), bytes: 0 };
        let deflate = DeflateEncoder::new(hashed, Compression::fast());
        Ok(Self(Some(Writing { draft, path, deflate })))
    }

    /// Adds to it. What cannot be written is not kept, and no more.
    pub(crate) fn add(&mut self, bytes: &[u8]) {
        if let Some(writing) = &mut self.0
            && writing.deflate.write_all(bytes).is_err()
        {
            self.0 = None;
        }
    }

    /// Keeps it: on disk before it has its name, so that a name never stands for half of it.
    /// Answers whether there was anything to keep.
    pub(super) fn keep(mut self) -> io::Result<bool> {
        let Some(writing) = &mut self.0 else { return Ok(false) };
        writing.deflate.try_finish()?;
        let hashed = writing.deflate.get_mut();
        let digest = std::mem::take(&mut hashed.sha256).finish();
        let head = [MARK.as_slice(), digest.hex().as_bytes()].concat();
        std::os::unix::fs::FileExt::write_all_at(&hashed.file, &head, 0)?;
        hashed.file.sync_data()?;
        fs::rename(&writing.draft, &writing.path)?;
        Ok(true)
    }
}

impl Drop for Writing {
    fn drop(&mut self) {
        // Not there any more if it was kept.
        let _ = fs::remove_file(&self.draft);
    }
}

impl Write for Hashed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.bytes + bytes.len() > BYTES_MAX {
            return Err(io::Error::other("journal is too large to be kept"));
        }
        let written = self.file.write(bytes)?;
        self.sha256.update(bytes.get(..written).unwrap_or_default());
        self.bytes += written;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}
