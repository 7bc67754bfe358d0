//! Inflating the stored bytes of a layer, hashed and counted as they come.

use std::io::{self, BufRead, Read};
use std::sync::Arc;

use sha256_pair::Sha256;

use crate::descriptor::Compression;
use crate::error::ImageError;
use crate::ledger::Ledger;

/// How far back a zstd frame may refer, as a power of two: 32 MiB, which all but `--ultra` and
/// `--long` stay below. The decoder holds so much in memory.
const ZSTD_WINDOW_LOG_MAX: u32 = 25;

/// What libzstd says of a frame that refers farther back than it may.
const WINDOW_TOO_LARGE: &str = "Frame requires too much memory for decoding";

const BUFFER_BYTES: usize = 256 << 10;

/// The inflated bytes of a layer.
pub(super) enum Inflating {
    Plain(Stored),
    Gzip(Box<flate2::bufread::MultiGzDecoder<Stored>>),
    Zstd(Box<zstd::Decoder<'static, Stored>>),
}

/// The stored bytes.
pub(super) struct Stored {
    bytes: Box<dyn Read + Send>,
    buffer: Vec<u8>,
    /// How much of the buffer holds stored bytes, and how much of that was used.
    filled: usize,
    at: usize,
    sha256: Sha256,
    /// Whether the buffer's bytes are in the hash.
    hashed: bool,
    /// Who hashes them instead, if somebody does: he is handed what comes into the buffer.
    taker: Option<Taker>,
    count: u64,
    size: u64,
    index: u32,
    ledger: Arc<Ledger>,
}

/// Takes stored bytes as they are read.
type Taker = Box<dyn FnMut(&[u8]) -> io::Result<()> + Send>;

impl Inflating {
    /// Begins with a layer's first byte.
    pub(super) fn new(compression: Compression, stored: Stored) -> io::Result<Self> {
        Ok(match compression {
            Compression::None => Self::Plain(stored),
            Compression::Gzip => Self::Gzip(Box::new(flate2::bufread::MultiGzDecoder::new(stored))),
            Compression::Zstd => {
                let mut decoder = zstd::Decoder::with_buffer(stored)?;
                decoder.window_log_max(ZSTD_WINDOW_LOG_MAX)?;
                Self::Zstd(Box::new(decoder))
            }
        })
    }

    /// How many stored bytes it has taken so far.
    pub(super) fn stored(&self) -> u64 {
        self.taken().count
    }

    /// Takes inflated bytes into their hash, and into their own the stored ones that they came of.
    pub(super) fn hash(&mut self, inflated: &[u8], sha256: &mut Sha256) {
        let stored = self.taken_mut();
        let unhashed = if stored.hashed { 0 } else { stored.filled };
        stored.sha256.update_both(&stored.buffer[..unhashed], sha256, inflated);
        stored.hashed = true;
    }

    /// The hash of the stored bytes so far. What follows them begins a new one.
    pub(super) fn take_hash(&mut self) -> Sha256 {
        let stored = self.taken_mut();
        stored.hash_buffer();
        std::mem::take(&mut stored.sha256)
    }

    /// Leaves it to somebody else to hash the stored bytes that are read from now on.
    pub(super) fn hashed_by(&mut self, taker: Taker) {
        self.taken_mut().taker = Some(taker);
    }

    /// How many stored bytes there were. The decoder is at its end, which for gzip and zstd is the
    /// end of the stored bytes: what follows the last member or frame and is none was an error, as
    /// it is to Go.
    pub(super) fn end(&mut self) -> io::Result<u64> {
        let stored = self.taken_mut();
        io::copy(stored, &mut io::sink())?;
        Ok(stored.count)
    }

    fn taken(&self) -> &Stored {
        match self {
            Self::Plain(stored) => stored,
            Self::Gzip(decoder) => decoder.get_ref(),
            Self::Zstd(decoder) => decoder.get_ref(),
        }
    }

    fn taken_mut(&mut self) -> &mut Stored {
        match self {
            Self::Plain(stored) => stored,
            Self::Gzip(decoder) => decoder.get_mut(),
            Self::Zstd(decoder) => decoder.get_mut(),
        }
    }
}

impl Read for Inflating {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = match self {
            Self::Plain(stored) => return stored.read(buffer),
            Self::Gzip(decoder) => decoder.read(buffer),
            Self::Zstd(decoder) => decoder.read(buffer),
        };
        read.map_err(|error| named(error, self.taken().index))
    }
}

fn named(error: io::Error, index: u32) -> io::Error {
    if error.get_ref().is_some_and(|inner| inner.is::<ImageError>()) {
        return error;
    }
    match error.kind() {
        io::ErrorKind::Interrupted => error,
        _ if error.to_string() == WINDOW_TOO_LARGE => {
            let (what, bound) = (format!("layer {index}"), "zstd window bytes");
            ImageError::Bound { what, bound, max: 1 << ZSTD_WINDOW_LOG_MAX }.into_io()
        }
        _ => ImageError::Inflate { index, source: error }.into_io(),
    }
}

impl Stored {
    /// The bytes of a layer that is promised with this size.
    pub(super) fn new(
        bytes: Box<dyn Read + Send>,
        index: u32,
        size: u64,
        ledger: Arc<Ledger>,
    ) -> Self {
        Self {
            bytes,
            buffer: vec![0; BUFFER_BYTES],
            filled: 0,
            at: 0,
            sha256: Sha256::default(),
            hashed: true,
            taker: None,
            count: 0,
            size,
            index,
            ledger,
        }
    }

    fn hash_buffer(&mut self) {
        if !self.hashed {
            self.sha256.update(&self.buffer[..self.filled]);
            self.hashed = true;
        }
    }

    fn refill(&mut self) -> io::Result<()> {
        self.hash_buffer();
        (self.filled, self.at) = (0, 0);
        // Here too: members that inflate to nothing, or a source that drips, pass no other clock.
        self.ledger.look_at_clock(self.index).map_err(ImageError::into_io)?;
        let read = self.bytes.read(&mut self.buffer)?;
        self.count += read as u64;
        if self.count > self.size {
            let (what, expected, found) = (format!("layer {}", self.index), self.size, self.count);
            return Err(ImageError::WrongSize { what, expected, found }.into_io());
        }
        match &mut self.taker {
            Some(taker) => taker(&self.buffer[..read])?,
            None => self.hashed = false,
        }
        self.filled = read;
        Ok(())
    }
}

impl BufRead for Stored {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.at == self.filled {
            self.refill()?;
        }
        Ok(&self.buffer[self.at..self.filled])
    }

    fn consume(&mut self, bytes: usize) {
        self.at = self.at.saturating_add(bytes).min(self.filled);
    }
}

impl Read for Stored {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.fill_buf()?.read(buffer)?;
        self.consume(read);
        Ok(read)
    }
}
