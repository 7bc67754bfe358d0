//! The index file: a header, the texts, and two tables of where they lie. Numbers are
//! little-endian. Nothing in the file is believed before it has been compared with the file's
//! length.
//!
//! ```text
//! header   magic, format, revision, length, the tables' places, newest record, its own checksum
//! texts    JSON: one object a record, one list of entries a package, the map of ecosystems
//! keys     sorted by key: (key offset, key length, value length, value offset)
//! records  (offset, length)
//! ```

use verdict::Digest;

pub(crate) const MAGIC: [u8; 8] = *b"FVADVIDX";
/// Raised whenever a reader of the old format would misread the new one.
pub(crate) const FORMAT: u32 = 1;
pub(crate) const HEADER_BYTES: usize = 128;
const CHECKED_BYTES: usize = 112;
pub(crate) const KEY_BYTES: usize = 24;
pub(crate) const RECORD_BYTES: usize = 16;

/// The header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Header {
    /// A digest over all that follows the header.
    pub(crate) revision: Digest,
    pub(crate) length: u64,
    pub(crate) keys: Span,
    pub(crate) records: Span,
    pub(crate) ecosystems: Span,
    /// When the newest record was modified, in seconds since 1970.
    pub(crate) newest: i64,
}

/// A table: where it begins and how many rows it has. For texts: how many bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) offset: u64,
    pub(crate) count: u64,
}

impl Header {
    /// The header's bytes.
    pub(crate) fn write(&self) -> [u8; HEADER_BYTES] {
        let mut bytes = [0; HEADER_BYTES];
        bytes[..8].copy_from_slice(&MAGIC);
        bytes[8..12].copy_from_slice(&FORMAT.to_le_bytes());
        bytes[16..48].copy_from_slice(self.revision.as_bytes());
        let numbers = [
            self.length,
            self.keys.offset,
            self.keys.count,
            self.records.offset,
            self.records.count,
            self.ecosystems.offset,
            self.ecosystems.count,
        ];
        for (at, number) in numbers.into_iter().enumerate() {
            bytes[48 + 8 * at..56 + 8 * at].copy_from_slice(&number.to_le_bytes());
        }
        bytes[104..112].copy_from_slice(&self.newest.to_le_bytes());
        let checksum = checksum(&bytes);
        bytes[CHECKED_BYTES..].copy_from_slice(&checksum);
        bytes
    }

    /// Reads a header; `None` if there is none of this format.
    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        let header = bytes.get(..HEADER_BYTES)?;
        let known = header[..8] == MAGIC && number_u32(header, 8)? == FORMAT;
        // A table that seems shorter than it is would call packages clean.
        if !known || header[CHECKED_BYTES..] != checksum(header) {
            return None;
        }
        let span =
            |at| Some(Span { offset: number_u64(header, at)?, count: number_u64(header, at + 8)? });
        Some(Self {
            revision: Digest::from_bytes(header[16..48].try_into().ok()?),
            length: number_u64(header, 48)?,
            keys: span(56)?,
            records: span(72)?,
            ecosystems: span(88)?,
            newest: i64::from_le_bytes(header[104..112].try_into().ok()?),
        })
    }
}

/// The start of a SHA-256 over what is before it.
fn checksum(header: &[u8]) -> [u8; HEADER_BYTES - CHECKED_BYTES] {
    let mut start = [0; HEADER_BYTES - CHECKED_BYTES];
    let digest = Digest::of(&header[..CHECKED_BYTES]);
    let length = start.len();
    start.copy_from_slice(&digest.as_bytes()[..length]);
    start
}

pub(crate) fn number_u32(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at.checked_add(4)?)?.try_into().ok()?))
}

pub(crate) fn number_u64(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(bytes.get(at..at.checked_add(8)?)?.try_into().ok()?))
}

/// The key of a package: the ecosystem, a zero byte, the name.
pub(crate) fn key(ecosystem: &str, name: &str) -> Vec<u8> {
    [ecosystem.as_bytes(), &[0], name.as_bytes()].concat()
}
