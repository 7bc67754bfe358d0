//! Inflating the stored bytes of a layer, hashed and counted as they come.

use std::io::{self, BufReader, Read};
use std::sync::Arc;

use verdict::{Digest, Sha256};

use crate::descriptor::Compression;
use crate::error::ImageError;
use crate::ledger::Ledger;

/// How far back a zstd frame may refer, as a power of two: 32 MiB, which all but `--ultra` and
/// `--long` stay below. The decoder holds so much in memory.
const ZSTD_WINDOW_LOG_MAX: u32 = 25;

/// What libzstd says of a frame that refers farther back than it may.
const WINDOW_TOO_LARGE: &str = "Frame requires too much memory for decoding";

/// The inflated bytes of a layer.
pub(super) enum Inflating {
    Plain(Stored),
    Gzip(Box<flate2::bufread::MultiGzDecoder<BufReader<Stored>>>),
    Zstd(Box<zstd::Decoder<'static, BufReader<Stored>>>),
}

/// The stored bytes.
pub(super) struct Stored {
    bytes: Box<dyn Read + Send>,
    sha256: Sha256,
    count: u64,
    size: u64,
    index: u32,
    ledger: Arc<Ledger>,
}

/// What the stored bytes turned out to be, all of them.
pub(super) struct Seen {
    pub(super) size: u64,
    pub(super) digest: Digest,
}

impl Inflating {
    /// Begins with a layer's first byte.
    pub(super) fn new(compression: Compression, stored: Stored) -> io::Result<Self> {
        let buffered = |stored| BufReader::with_capacity(64 << 10, stored);
        Ok(match compression {
            Compression::None => Self::Plain(stored),
            Compression::Gzip => {
                Self::Gzip(Box::new(flate2::bufread::MultiGzDecoder::new(buffered(stored))))
            }
            Compression::Zstd => {
                let mut decoder = zstd::Decoder::with_buffer(buffered(stored))?;
                decoder.window_log_max(ZSTD_WINDOW_LOG_MAX)?;
                Self::Zstd(Box::new(decoder))
            }
        })
    }

    /// How many stored bytes it has taken so far.
    pub(super) fn stored(&self) -> u64 {
        match self {
            Self::Plain(stored) => stored.count,
            Self::Gzip(decoder) => decoder.get_ref().get_ref().count,
            Self::Zstd(decoder) => decoder.get_ref().get_ref().count,
        }
    }

    /// What the stored bytes were. The decoder is at its end, which for gzip and zstd is the end of
    /// the stored bytes: what follows the last member or frame and is none was an error, as it is
    /// to Go.
    pub(super) fn seen(&mut self) -> io::Result<Seen> {
        let stored = match self {
            Self::Plain(stored) => stored,
            Self::Gzip(decoder) => decoder.get_mut().get_mut(),
            Self::Zstd(decoder) => decoder.get_mut().get_mut(),
        };
        io::copy(stored, &mut io::sink())?;
        let digest = std::mem::take(&mut stored.sha256).finish();
        Ok(Seen { size: stored.count, digest })
    }

    fn index(&self) -> u32 {
        match self {
            Self::Plain(stored) => stored.index,
            Self::Gzip(decoder) => decoder.get_ref().get_ref().index,
            Self::Zstd(decoder) => decoder.get_ref().get_ref().index,
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
        read.map_err(|error| named(error, self.index()))
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
        Self { bytes, sha256: Sha256::default(), count: 0, size, index, ledger }
    }
}

impl Read for Stored {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        // Here too: members that inflate to nothing, or a source that drips, pass no other clock.
        self.ledger.look_at_clock(self.index).map_err(ImageError::into_io)?;
        let read = self.bytes.read(buffer)?;
        self.sha256.update(&buffer[..read]);
        self.count += read as u64;
        if self.count > self.size {
            let (what, expected, found) = (format!("layer {}", self.index), self.size, self.count);
            return Err(ImageError::WrongSize { what, expected, found }.into_io());
        }
        Ok(read)
    }
}
