//! The index, mapped into memory: opened without reading it, asked without loading it.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fs::File;
use std::ops::Range;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use memmap2::Mmap;
use serde::{Deserialize, Serialize};
use verdict::Digest;

use crate::evaluate::Entry;
use crate::format::{self, Header, KEY_BYTES, RECORD_BYTES, Span};

/// More ecosystems than this nobody has; their list is read when the index is opened.
const ECOSYSTEMS_BYTES_MAX: usize = 1 << 20;

/// An index of advisories.
pub struct Index {
    bytes: Bytes,
    header: Header,
    ecosystems: BTreeMap<String, u64>,
}

enum Bytes {
    Mapped(Mmap),
    Held(Vec<u8>),
}

/// Why an index cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// It cannot be opened.
    #[error("advisory index {path} cannot be opened")]
    Open {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is not an index, or of another format.
    #[error("it is not an advisory index of format {}", format::FORMAT)]
    Format,
    /// It is shorter or longer than it says, or points outside of itself.
    #[error("advisory index is damaged")]
    Damaged,
    /// A text in it is not JSON of its shape.
    #[error("advisory index holds a malformed text")]
    Text(#[source] serde_json::Error),
    /// Its content is not what its revision says.
    #[error("advisory index of revision {expected} has the content of {found}")]
    Revision {
        /// The revision in its header.
        expected: Digest,
        /// The digest of its content.
        found: Digest,
    },
}

/// An advisory, as the index keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Advisory {
    pub(crate) id: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) aliases: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) upstream: Vec<String>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) summary: String,
}

impl std::fmt::Debug for Index {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Index({})", self.header.revision)
    }
}

impl Index {
    /// Maps an index file. Its header and tables are checked against its length; its content is
    /// checked as it is read, and as a whole by [`Index::verify`].
    ///
    /// # Errors
    /// When it cannot be opened, is none, or points outside of itself.
    #[expect(unsafe_code, reason = "mapping a file is unsafe: see the SAFETY comment")]
    pub fn open(path: &Path) -> Result<Self, IndexError> {
        let wrong = |source| IndexError::Open { path: path.to_owned(), source };
        let file = File::open(path).map_err(wrong)?;
        if !file.metadata().map_err(wrong)?.is_file() {
            return Err(wrong(std::io::Error::other("it is not a regular file")));
        }
        // SAFETY: the map is only read. `build` never changes an index in place: it writes a new
        // file and renames it over the old one, so mapped pages keep their content. Somebody else
        // who truncates the file in place ends this process (SIGBUS), which fails closed; all
        // content is bounds-checked and parsed as foreign bytes, so changed bytes are no more
        // than wrong answers of a file that its owner could have written anyway.
        let mapped = unsafe { Mmap::map(&file) }.map_err(wrong)?;
        Self::of(Bytes::Mapped(mapped))
    }

    /// An index held in memory.
    ///
    /// # Errors
    /// When the bytes are no index, or point outside of themselves.
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Self, IndexError> {
        Self::of(Bytes::Held(bytes))
    }

    fn of(bytes: Bytes) -> Result<Self, IndexError> {
        let all = bytes.as_slice();
        let header = Header::read(all).ok_or(IndexError::Format)?;
        if header.length != all.len() as u64 {
            return Err(IndexError::Damaged);
        }
        for (span, row) in [(header.keys, KEY_BYTES), (header.records, RECORD_BYTES)] {
            table(all, span, row).ok_or(IndexError::Damaged)?;
        }
        let list = table(all, header.ecosystems, 1).ok_or(IndexError::Damaged)?;
        if list.len() > ECOSYSTEMS_BYTES_MAX {
            return Err(IndexError::Damaged);
        }
        let ecosystems = serde_json::from_slice(list).map_err(IndexError::Text)?;
        Ok(Self { bytes, header, ecosystems })
    }

    /// The revision: a digest of the content. The same records give the same revision.
    pub fn revision(&self) -> Digest {
        self.header.revision
    }

    /// When the newest record was modified.
    pub fn newest(&self) -> Option<Timestamp> {
        Timestamp::from_second(self.header.newest).ok().filter(|_| self.header.newest > 0)
    }

    /// How many records there are of each of OSV's ecosystems.
    pub fn ecosystems(&self) -> &BTreeMap<String, u64> {
        &self.ecosystems
    }

    /// How many records there are.
    pub fn records(&self) -> u64 {
        self.header.records.count
    }

    /// Reads all of it and compares it with its revision.
    ///
    /// # Errors
    /// When it is not what it says.
    pub fn verify(&self) -> Result<(), IndexError> {
        let found = Digest::of(&self.bytes.as_slice()[format::HEADER_BYTES..]);
        let expected = self.header.revision;
        if found == expected { Ok(()) } else { Err(IndexError::Revision { expected, found }) }
    }

    /// What is said of a package.
    pub(crate) fn entries(&self, ecosystem: &str, name: &str) -> Result<Vec<Entry>, IndexError> {
        let wanted = format::key(ecosystem, name);
        let all = self.bytes.as_slice();
        let keys = table(all, self.header.keys, KEY_BYTES).ok_or(IndexError::Damaged)?;
        let (mut low, mut high) = (0, keys.len() / KEY_BYTES);
        while low < high {
            let middle = low + (high - low) / 2;
            let (key, value) = row(all, keys, middle).ok_or(IndexError::Damaged)?;
            match key.cmp(wanted.as_slice()) {
                Ordering::Less => low = middle + 1,
                Ordering::Greater => high = middle,
                Ordering::Equal => return serde_json::from_slice(value).map_err(IndexError::Text),
            }
        }
        Ok(Vec::new())
    }

    /// The advisory of an entry.
    pub(crate) fn advisory(&self, record: u32) -> Result<Advisory, IndexError> {
        let all = self.bytes.as_slice();
        let records = table(all, self.header.records, RECORD_BYTES).ok_or(IndexError::Damaged)?;
        let text = || {
            let at = (record as usize).checked_mul(RECORD_BYTES)?;
            let offset = format::number_u64(records, at)?;
            let length = format::number_u32(records, at + 8)?;
            all.get(range(offset, u64::from(length))?)
        };
        serde_json::from_slice(text().ok_or(IndexError::Damaged)?).map_err(IndexError::Text)
    }
}

impl Bytes {
    fn as_slice(&self) -> &[u8] {
        match self {
            Self::Mapped(mapped) => mapped,
            Self::Held(bytes) => bytes,
        }
    }
}

fn row<'i>(all: &'i [u8], keys: &[u8], at: usize) -> Option<(&'i [u8], &'i [u8])> {
    let at = at * KEY_BYTES;
    let key = range(format::number_u64(keys, at)?, u64::from(format::number_u32(keys, at + 8)?))?;
    let length = u64::from(format::number_u32(keys, at + 12)?);
    let value = range(format::number_u64(keys, at + 16)?, length)?;
    Some((all.get(key)?, all.get(value)?))
}

fn table(all: &[u8], span: Span, row_bytes: usize) -> Option<&[u8]> {
    all.get(range(span.offset, span.count.checked_mul(row_bytes as u64)?)?)
}

fn range(offset: u64, length: u64) -> Option<Range<usize>> {
    let end = offset.checked_add(length)?;
    Some(usize::try_from(offset).ok()?..usize::try_from(end).ok()?)
}
