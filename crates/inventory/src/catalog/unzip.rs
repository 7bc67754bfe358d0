//! A ZIP archive as its bytes pass (PKWARE's APPNOTE.TXT): by the header before each entry, not by
//! the directory behind all of them.

use std::cell::Cell;
use std::io::{self, BufRead, BufReader, Read};

use flate2::bufread::DeflateDecoder;

use crate::catalog::Trouble;

const LOCAL: &[u8] = b"PK\x03\x04";
/// What follows the last entry: the directory, its end, or a record about it.
const BEHIND: [&[u8]; 4] = [b"PK\x01\x02", b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x08"];
const DESCRIPTOR: &[u8] = b"PK\x07\x08";
const HEADER_BYTES: usize = 26;
/// A script in front of an archive that can be run (as Spring Boot writes it).
const SCRIPT_BYTES_MAX: u64 = 64 << 10;

const ENCRYPTED: u16 = 1;
const DESCRIBED: u16 = 1 << 3;
const STORED: u16 = 0;
const DEFLATED: u16 = 8;

/// What may be inflated of one file with all archives in it: so much, and so many times what was
/// read of it. Classes shrink to a half, plain text to a tenth.
const INFLATED_BYTES_MIN: u64 = 64 << 20;
const INFLATED_TIMES_MAX: u64 = 20;

/// Why an archive cannot be read on.
#[derive(Debug, thiserror::Error)]
pub(super) enum ZipError {
    #[error("cannot read on")]
    Read(#[from] io::Error),
    #[error("{0}")]
    Malformed(&'static str),
}

impl From<ZipError> for Trouble {
    fn from(error: ZipError) -> Self {
        match error {
            ZipError::Read(error) if error.kind() == io::ErrorKind::QuotaExceeded => {
                let (limit, max) = ("archive_inflated_times_max", INFLATED_TIMES_MAX);
                Self::Limit { limit, max }
            }
            ZipError::Read(error) => match error.kind() {
                io::ErrorKind::UnexpectedEof => Self::Malformed("is torn".to_owned()),
                io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData => {
                    Self::Malformed("has content that cannot be inflated".to_owned())
                }
                _ => error.into(),
            },
            ZipError::Malformed(why) => Self::Malformed(why.to_owned()),
        }
    }
}

/// How much may still be inflated of one file.
#[derive(Debug)]
pub(super) struct Meter {
    left: Cell<u64>,
}

impl Default for Meter {
    fn default() -> Self {
        Self { left: Cell::new(INFLATED_BYTES_MIN) }
    }
}

impl Meter {
    /// The file's own bytes, each of which lets some be inflated.
    pub(super) fn feed<'m>(&'m self, content: &'m mut dyn Read) -> impl Read + 'm {
        Metered { reader: content, meter: self, is_source: true }
    }

    fn inflated<R: Read>(&self, reader: R) -> Metered<'_, R> {
        Metered { reader, meter: self, is_source: false }
    }
}

struct Metered<'m, R> {
    reader: R,
    meter: &'m Meter,
    is_source: bool,
}

impl<R: Read> Read for Metered<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.reader.read(buffer)?;
        let (left, bytes) = (self.meter.left.get(), read as u64);
        let left = match self.is_source {
            true => Some(left.saturating_add(bytes * INFLATED_TIMES_MAX)),
            false => left.checked_sub(bytes),
        };
        self.meter.left.set(left.ok_or(io::ErrorKind::QuotaExceeded)?);
        Ok(read)
    }
}

/// An entry, before its content.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) name: Vec<u8>,
    flags: u16,
    method: u16,
    /// As stored; 0 where only a descriptor behind the content says it.
    size: u64,
}

/// An archive that is being walked.
pub(super) struct Unzip<'c> {
    source: BufReader<&'c mut dyn Read>,
    meter: &'c Meter,
    /// The mark of the next entry, where it had to be read to find the last one's end.
    seen: Option<[u8; 4]>,
    is_started: bool,
}

impl<'c> Unzip<'c> {
    pub(super) fn new(content: &'c mut dyn Read, meter: &'c Meter) -> Self {
        let source = BufReader::with_capacity(32 << 10, content);
        Self { source, meter, seen: None, is_started: false }
    }

    /// The next entry, whose content must then be opened or skipped. `None` behind the last.
    pub(super) fn next_entry(&mut self) -> Result<Option<Entry>, ZipError> {
        let mut mark = [0; 4];
        if !self.is_started && self.source.fill_buf()?.is_empty() {
            return Ok(None); // an empty file holds nothing
        }
        match self.seen.take() {
            Some(seen) => mark = seen,
            None => self.source.read_exact(&mut mark)?,
        }
        if !self.is_started && mark.starts_with(b"#!") {
            mark = self.behind_script()?;
        }
        if BEHIND.contains(&mark.as_slice()) {
            return Ok(None);
        }
        if mark != LOCAL {
            let amid = "has bytes amid its entries that are none";
            return Err(ZipError::Malformed(if self.is_started { amid } else { "is no archive" }));
        }
        self.is_started = true;
        self.header().map(Some)
    }

    fn header(&mut self) -> Result<Entry, ZipError> {
        let mut header = [0; HEADER_BYTES];
        self.source.read_exact(&mut header)?;
        let half = |at: usize| u16::from_le_bytes([header[at], header[at + 1]]);
        let long = |at: usize| u64::from(half(at)) | u64::from(half(at + 2)) << 16;
        let mut name = vec![0; half(22).into()];
        self.source.read_exact(&mut name)?;
        let mut extra = vec![0; half(24).into()];
        self.source.read_exact(&mut extra)?;
        let size = match long(14) {
            0xffff_ffff => size_64(&extra).ok_or(ZipError::Malformed("has an entry of no size"))?,
            size => size,
        };
        Ok(Entry { name, flags: half(2), method: half(4), size })
    }

    /// Past the content of an entry.
    pub(super) fn skip(&mut self, entry: &Entry) -> Result<(), ZipError> {
        if entry.is_described() && entry.size == 0 {
            return self.open(entry, |_| ());
        }
        skip_bytes(&mut self.source, entry.size)?;
        self.pass_descriptor(entry)
    }

    /// The content of an entry, if it is no longer than `max`.
    pub(super) fn whole(&mut self, entry: &Entry, max: u64) -> Result<Vec<u8>, Trouble> {
        let mut bytes = Vec::new();
        let mut end = Ok(0);
        self.open(entry, |content| end = content.take(max + 1).read_to_end(&mut bytes))?;
        end.map_err(ZipError::from)?;
        if bytes.len() as u64 > max {
            return Err(Trouble::Limit { limit: "archive_entry_bytes_max", max });
        }
        Ok(bytes)
    }

    /// Lets the content of an entry be read, and goes past it.
    pub(super) fn open(
        &mut self,
        entry: &Entry,
        read: impl FnOnce(&mut dyn Read),
    ) -> Result<(), ZipError> {
        if entry.flags & ENCRYPTED != 0 {
            return Err(ZipError::Malformed("has an encrypted entry"));
        }
        let is_sized = !entry.is_described() || entry.size > 0;
        match entry.method {
            DEFLATED if is_sized => self.inflate(entry.size, read)?,
            DEFLATED => self.inflate(u64::MAX, read)?,
            STORED if is_sized || entry.name.ends_with(b"/") => {
                let mut content = (&mut self.source).take(entry.size);
                read(&mut content);
                let left = content.limit();
                skip_bytes(&mut self.source, left)?;
            }
            STORED => {
                return Err(ZipError::Malformed("has an entry that is stored without its size"));
            }
            _ => return Err(ZipError::Malformed("has an entry that is packed in an unknown way")),
        }
        self.pass_descriptor(entry)
    }

    fn inflate(&mut self, size: u64, read: impl FnOnce(&mut dyn Read)) -> Result<(), ZipError> {
        let mut stored = (&mut self.source).take(size);
        let mut content = self.meter.inflated(DeflateDecoder::new(&mut stored));
        read(&mut content);
        // The end of what is deflated is known only by inflating it.
        if size == u64::MAX {
            io::copy(&mut content, &mut io::sink())?;
            return Ok(());
        }
        drop(content);
        let left = stored.limit();
        skip_bytes(&mut self.source, left)
    }

    /// Past what stands behind content of which the header says so, also where it says the size all
    /// the same (as Maven writes manifests): with or without a mark, in numbers of 32 or 64 bits, or
    /// nothing. What follows it tells which.
    fn pass_descriptor(&mut self, entry: &Entry) -> Result<(), ZipError> {
        if !entry.is_described() {
            return Ok(());
        }
        let mut seen = Vec::new();
        for length in [0, 12, 16, 20, 24] {
            let missing = length + 4 - seen.len();
            (&mut self.source).take(missing as u64).read_to_end(&mut seen)?;
            let next = seen.get(length..length + 4).unwrap_or_default();
            let is_marked = seen.starts_with(DESCRIPTOR);
            let is_end = next == LOCAL || BEHIND.contains(&next);
            if is_end && (length == 0 || is_marked == (length % 8 == 0)) {
                self.seen = next.first_chunk().copied();
                return Ok(());
            }
        }
        Err(ZipError::Malformed("has an entry whose end cannot be found"))
    }

    /// Past the script in front of an archive: to the mark of its first entry.
    fn behind_script(&mut self) -> Result<[u8; 4], ZipError> {
        let mut mark = [0; 4];
        for byte in (&mut self.source).take(SCRIPT_BYTES_MAX).bytes() {
            mark.rotate_left(1);
            mark[3] = byte?;
            if mark == LOCAL {
                return Ok(mark);
            }
        }
        Err(ZipError::Malformed("is no archive"))
    }
}

impl Entry {
    /// Whether what is true of its content stands behind it.
    fn is_described(&self) -> bool {
        self.flags & DESCRIBED != 0
    }
}

/// The size of an entry of more than 4 GB: the second number of its extra field of that kind.
fn size_64(extra: &[u8]) -> Option<u64> {
    let mut fields = extra;
    loop {
        let (kind, rest) = fields.split_at_checked(2)?;
        let (length, rest) = rest.split_at_checked(2)?;
        let length = u16::from_le_bytes([length[0], length[1]]);
        let (field, rest) = rest.split_at_checked(length.into())?;
        if kind == [1, 0] {
            return field.get(8..)?.first_chunk().map(|it| u64::from_le_bytes(*it));
        }
        fields = rest;
    }
}

fn skip_bytes(source: &mut impl Read, count: u64) -> Result<(), ZipError> {
    let skipped = io::copy(&mut source.take(count), &mut io::sink())?;
    if skipped < count {
        return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
    }
    Ok(())
}
