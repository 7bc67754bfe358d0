//! From header to header.

use std::io::{self, BufRead, Read as _};

use verdict::Limits;

use super::content::Content;
use super::entry::{Entry, EntryKind};
use super::header::{BLOCK, Header, sparse_extension};
use super::pax::{Extended, SparseMap};
use super::sparse::{self, SEGMENTS_MAX, Segment, decimal, parse_list};

/// An extended header of more is refused, as Go's archive/tar does.
const EXTENDED_BYTES_MAX: u64 = 1 << 20;

/// Why a tar cannot be walked on.
#[derive(Debug, thiserror::Error)]
pub enum TarError {
    /// The stream under it failed.
    #[error("cannot read on")]
    Read(#[source] io::Error),
    /// It is no tar, or a torn one.
    #[error("tar is malformed at byte {at}: {why}")]
    Malformed {
        /// Where the faulty header ends.
        at: u64,
        /// What is wrong.
        why: &'static str,
    },
    /// A name or a header is longer than the limits let it be.
    #[error("{what} is past the limit {limit} = {max}")]
    Limit {
        /// What is too long.
        what: &'static str,
        /// The limit's name.
        limit: &'static str,
        /// Its value.
        max: u64,
    },
}

/// A tar that is being walked.
pub struct Walk<R> {
    stream: Stream<R>,
    path_bytes_max: u64,
}

pub(super) struct Stream<R> {
    pub(super) reader: R,
    pub(super) content_left: u64,
    padding: u64,
    at: u64,
}

impl<R: BufRead> Walk<R> {
    /// Starts at the front of a tar.
    pub fn new(reader: R, limits: &Limits) -> Self {
        let stream = Stream { reader, content_left: 0, padding: 0, at: 0 };
        Self { stream, path_bytes_max: limits.path_bytes_max.into() }
    }

    /// The next entry; what of the last one's content has not been read is skipped. `None` at the
    /// archive's end. Of several headers that speak of one entry the same counts that counts for
    /// Go's archive/tar, with which containerd, Docker and Podman unpack layers.
    ///
    /// # Errors
    /// When the stream fails, the tar is malformed or a name is past the limits.
    pub fn next_entry(&mut self) -> Result<Option<Entry>, TarError> {
        let mut extended = Extended::default();
        let (mut long_name, mut long_link) = (None, None);
        loop {
            let Some(block) = self.stream.header()? else { return Ok(None) };
            let header = Header(&block);
            match header.kind() {
                b'x' => {
                    // It takes the place of one before it.
                    let bytes = self.stream.extension(&header, EXTENDED_BYTES_MAX)?;
                    extended = Extended::read(&bytes).map_err(|why| self.stream.malformed(why))?;
                }
                b'g' => {
                    // A global header says what no builder of layers relies on; containerd and
                    // Docker pass over it too. To them it is an entry, of which speaks what stands
                    // before it.
                    drop(self.stream.extension(&header, EXTENDED_BYTES_MAX)?);
                    (extended, long_name, long_link) = (Extended::default(), None, None);
                }
                b'L' => long_name = Some(self.long_text(&header)?),
                b'K' => long_link = Some(self.long_text(&header)?),
                _ => return self.entry(&header, extended, long_name, long_link).map(Some),
            }
        }
    }

    /// The content of the entry that was answered last.
    pub fn content<'w>(&'w mut self, entry: &'w Entry) -> Content<'w, R> {
        Content::new(&mut self.stream, entry.segments.as_deref(), entry.size)
    }

    /// The stream under it, for what follows the archive's end.
    pub fn into_inner(self) -> R {
        self.stream.reader
    }

    fn long_text(&mut self, header: &Header<'_>) -> Result<Vec<u8>, TarError> {
        let mut text = self.stream.extension(header, EXTENDED_BYTES_MAX)?;
        let end = text.iter().position(|&byte| byte == 0).unwrap_or(text.len());
        text.truncate(end);
        Ok(text)
    }

    fn entry(
        &mut self,
        header: &Header<'_>,
        extended: Extended,
        long_name: Option<Vec<u8>>,
        long_link: Option<Vec<u8>>,
    ) -> Result<Entry, TarError> {
        let malformed = |why| self.stream.malformed(why);
        let given = |long: Option<Vec<u8>>| long.filter(|it| !it.is_empty());
        let mut sparse = extended.sparse;
        let name = given(long_name).or(extended.path).unwrap_or_else(|| header.name());
        let link = given(long_link).or(extended.link).unwrap_or_else(|| header.link().to_vec());
        let size = extended.size.map_or_else(|| header.size(), Some);
        let size = size.ok_or_else(|| malformed("size is no number"))?;
        let kind = match header.kind() {
            b'\0' if name.ends_with(b"/") => EntryKind::Folder, // as tars before POSIX say it
            b'1' => EntryKind::HardLink,
            b'2' => EntryKind::Symlink,
            b'5' => EntryKind::Folder,
            b'3' | b'4' | b'6' => EntryKind::Special,
            _ => EntryKind::File,
        };
        let is_sparse = kind == EntryKind::File && header.kind() != b'S' && sparse.map().is_some();
        let name = sparse.name.take().filter(|_| is_sparse).unwrap_or(name);
        if name.contains(&0) {
            return Err(malformed("sparse file with a NUL in its name"));
        }
        let link = match kind {
            EntryKind::HardLink | EntryKind::Symlink => link,
            _ => Vec::new(),
        };
        for text in [&name, &link] {
            if text.len() as u64 > self.path_bytes_max {
                let (limit, max) = ("path_bytes_max", self.path_bytes_max);
                return Err(TarError::Limit { what: "name of an entry", limit, max });
            }
        }
        let mode = header.mode().ok_or_else(|| malformed("mode is no number"))?;
        let uid = extended.uid.map_or_else(|| header.uid(), Some);
        let gid = extended.gid.map_or_else(|| header.gid(), Some);
        let (uid, gid) = uid.zip(gid).ok_or_else(|| malformed("owner is no number"))?;
        let (uid, gid) = (owner(uid), owner(gid));
        let mut entry = Entry { name, kind, link, mode, uid, gid, size, segments: None };
        if kind != EntryKind::File {
            entry.size = 0; // whatever the header says: no content follows (as Go reads it)
            return Ok(entry);
        }
        self.stream.stand_at(size);
        if header.kind() == b'S' {
            self.gnu_sparse(header, &mut entry)?;
        } else if let Some(map) = sparse.map() {
            let segments = match map {
                SparseMap::InContent => self.stream.map_in_content()?,
                SparseMap::Here(map) => parse_list(map)
                    .ok_or_else(|| self.stream.malformed("sparse file with a malformed map"))?,
            };
            self.shape(&mut entry, segments, sparse.size().unwrap_or(size))?;
        }
        Ok(entry)
    }

    fn gnu_sparse(&mut self, header: &Header<'_>, entry: &mut Entry) -> Result<(), TarError> {
        let sparse = header.sparse().ok_or_else(|| self.stream.malformed("sparse map"))?;
        let (mut segments, mut is_continued, size) = sparse;
        let (content_left, padding) = (self.stream.content_left, self.stream.padding);
        while is_continued {
            // The map goes on before the content, and does not count into its size.
            let block = self.stream.block()?;
            let block = block.ok_or_else(|| self.stream.malformed("sparse map is torn"))?;
            let more =
                sparse_extension(&block).ok_or_else(|| self.stream.malformed("sparse map"))?;
            segments.extend(more.0);
            is_continued = more.1;
            if segments.len() > SEGMENTS_MAX {
                return Err(self.stream.malformed("sparse file with too many runs"));
            }
        }
        (self.stream.content_left, self.stream.padding) = (content_left, padding);
        self.shape(entry, segments, size)
    }

    fn shape(&self, entry: &mut Entry, segments: Vec<Segment>, size: u64) -> Result<(), TarError> {
        if !sparse::fits(&segments, size, self.stream.content_left) {
            return Err(self.stream.malformed("sparse map does not fit the file"));
        }
        entry.size = size;
        entry.segments = Some(segments);
        Ok(())
    }
}

/// An owner as lchown(2) takes it from an extractor: in 32 bits, and the highest of them all leaves
/// the file to whoever extracts, which is root.
fn owner(id: i64) -> u64 {
    match id as u32 {
        u32::MAX => 0,
        id => id.into(),
    }
}

impl<R: BufRead> Stream<R> {
    /// The next header; `None` at two blocks of zeros or where the stream ends between entries.
    fn header(&mut self) -> Result<Option<[u8; BLOCK]>, TarError> {
        self.skip()?;
        let Some(block) = self.block()? else { return Ok(None) };
        let header = Header(&block);
        if header.is_zero() {
            return match self.block()? {
                Some(second) if !Header(&second).is_zero() => {
                    Err(self.malformed("one block of zeros amid entries"))
                }
                _ => Ok(None),
            };
        }
        if !header.has_checksum() {
            return Err(self.malformed("checksum of a header does not hold"));
        }
        Ok(Some(block))
    }

    fn block(&mut self) -> Result<Option<[u8; BLOCK]>, TarError> {
        let mut block = [0; BLOCK];
        if self.is_at_end()? {
            return Ok(None);
        }
        match self.reader.read_exact(&mut block) {
            Ok(()) => {
                self.at += BLOCK as u64;
                Ok(Some(block))
            }
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                Err(self.malformed("ends in the middle of a block"))
            }
            Err(error) => Err(TarError::Read(error)),
        }
    }

    fn is_at_end(&mut self) -> Result<bool, TarError> {
        loop {
            match self.reader.fill_buf() {
                Ok(available) => return Ok(available.is_empty()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(TarError::Read(error)),
            }
        }
    }

    fn stand_at(&mut self, content: u64) {
        self.content_left = content;
        self.padding = content.wrapping_neg() % BLOCK as u64;
        self.at = self.at.saturating_add(content).saturating_add(self.padding);
    }

    fn skip(&mut self) -> Result<(), TarError> {
        let mut left = self.content_left.saturating_add(self.padding);
        (self.content_left, self.padding) = (0, 0);
        while left > 0 {
            let available = match self.reader.fill_buf() {
                Ok(available) => available.len() as u64,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(TarError::Read(error)),
            };
            if available == 0 {
                return Err(self.malformed("ends in the middle of a file"));
            }
            let step = available.min(left);
            self.reader.consume(usize::try_from(step).unwrap_or(usize::MAX));
            left -= step;
        }
        Ok(())
    }

    /// The content of an entry that only speaks of the next one.
    fn extension(&mut self, header: &Header<'_>, max: u64) -> Result<Vec<u8>, TarError> {
        let size = header.size().ok_or_else(|| self.malformed("size is no number"))?;
        if size > max {
            let (what, limit) = ("extended header", "extended_header_bytes_max");
            return Err(TarError::Limit { what, limit, max });
        }
        self.stand_at(size);
        let mut bytes = Vec::new();
        let read = Content::new(self, None, size).read_to_end(&mut bytes);
        match read {
            Ok(_) => Ok(bytes),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                Err(self.malformed("ends in the middle of an extended header"))
            }
            Err(error) => Err(TarError::Read(error)),
        }
    }

    /// The map of sparse format 1.0: decimal lines in front of the content, padded to a block.
    fn map_in_content(&mut self) -> Result<Vec<Segment>, TarError> {
        let mut used = 0_u64;
        let count = self.map_line(&mut used)?;
        if count > SEGMENTS_MAX as u64 {
            return Err(self.malformed("sparse file with too many runs"));
        }
        let mut segments = Vec::new();
        for _ in 0..count {
            let (offset, length) = (self.map_line(&mut used)?, self.map_line(&mut used)?);
            segments.push(Segment { offset, length });
        }
        let padding = used.wrapping_neg() % BLOCK as u64;
        let left = self.content_left.checked_sub(padding);
        let left = left.ok_or_else(|| self.malformed("sparse map is torn"))?;
        let mut pad = [0; BLOCK];
        let pad = &mut pad[..usize::try_from(padding).unwrap_or(0)];
        self.reader.read_exact(pad).map_err(TarError::Read)?;
        self.content_left = left;
        Ok(segments)
    }

    fn map_line(&mut self, used: &mut u64) -> Result<u64, TarError> {
        let mut line = Vec::new();
        let mut byte = [0];
        while line.len() <= 20 {
            let read = Content::new(self, None, 0).read(&mut byte).map_err(TarError::Read)?;
            *used += read as u64;
            match (read, byte[0]) {
                (0, _) => break,
                (_, b'\n') => {
                    return decimal(&line).ok_or_else(|| self.malformed("sparse map"));
                }
                (_, digit) => line.push(digit),
            }
        }
        Err(self.malformed("sparse map is torn"))
    }

    fn malformed(&self, why: &'static str) -> TarError {
        TarError::Malformed { at: self.at, why }
    }
}
