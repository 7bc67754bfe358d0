//! A layer as it is read: fetch, hash, inflate, hash, count, in one pass and constant memory.

use std::io::{self, BufReader, Read};
use std::sync::Arc;

use verdict::{Limits, Sha256};

use crate::descriptor::Compression;
use crate::error::ImageError;
use crate::image::Layer;
use crate::ledger::Ledger;
use crate::store::Store;

/// How much must have been inflated before the compression ratio says anything.
const RATIO_BYTES_MIN: u64 = 16 << 20;
/// The clock is looked at each time that so much more has been inflated.
const CLOCK_BYTES: u64 = 1 << 20;
/// How far back a zstd frame may refer, as a power of two: 32 MiB, which all but `--ultra` and
/// `--long` stay below. The decoder holds so much in memory.
const ZSTD_WINDOW_LOG_MAX: u32 = 25;

/// What libzstd says of a frame that refers farther back than it may.
const WINDOW_TOO_LARGE: &str = "Frame requires too much memory for decoding";

/// The inflated tar of one layer. Reading past a limit, or to the end of bytes that are not the
/// promised ones, is an [`io::Error`] that [`ImageError::from_io`] turns back.
pub struct LayerReader {
    decoder: Decoder,
    diff: Sha256,
    inflated: u64,
    layer: Layer,
    limits: Limits,
    ledger: Arc<Ledger>,
    ended: bool,
}

enum Decoder {
    Plain(Stored),
    Gzip(Box<flate2::bufread::MultiGzDecoder<BufReader<Stored>>>),
    Zstd(Box<zstd::Decoder<'static, BufReader<Stored>>>),
}

/// The stored bytes, hashed and counted as they come.
struct Stored {
    bytes: Box<dyn Read + Send>,
    sha256: Sha256,
    count: u64,
    size: u64,
    index: u32,
    ledger: Arc<Ledger>,
}

impl LayerReader {
    pub(crate) fn open(
        store: &dyn Store,
        layer: &Layer,
        limits: &Limits,
        ledger: Arc<Ledger>,
    ) -> Result<Self, ImageError> {
        let (index, descriptor) = (layer.index, &layer.descriptor);
        let max = limits.layer_bytes_max;
        if descriptor.size > max {
            let what = format!("layer {index} of {} bytes", descriptor.size);
            return Err(ImageError::Limit { what, limit: "layer_bytes_max", max });
        }
        let media_type = || descriptor.media_type.clone();
        let compression = descriptor
            .compression()
            .ok_or_else(|| ImageError::LayerType { index, media_type: media_type() })?;
        ledger.look_at_clock(index)?;
        let bytes = store.blob(descriptor).map_err(|error| match error {
            ImageError::NotFound(_) if descriptor.is_foreign() => {
                ImageError::ForeignLayer { index }
            }
            error => error,
        })?;
        let (sha256, size) = (Sha256::default(), descriptor.size);
        let stored = Stored { bytes, sha256, count: 0, size, index, ledger: Arc::clone(&ledger) };
        let decoder = Decoder::of(compression, stored)
            .map_err(|source| ImageError::Inflate { index, source })?;
        let (diff, layer, limits) = (Sha256::default(), layer.clone(), *limits);
        Ok(Self { decoder, diff, inflated: 0, layer, limits, ledger, ended: false })
    }

    /// The layer that is read.
    pub fn layer(&self) -> &Layer {
        &self.layer
    }

    /// Reads what is left and says whether the whole was what it promised to be. Answers how many
    /// bytes it inflated to.
    ///
    /// # Errors
    /// When a digest or a size is wrong, or a limit is passed.
    pub fn finish(mut self) -> Result<u64, ImageError> {
        let what = format!("layer {}", self.layer.index);
        let mut buffer = vec![0; 64 << 10];
        loop {
            match self.read(&mut buffer) {
                Ok(0) => return Ok(self.inflated),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(ImageError::from_io(error, what)),
            }
        }
    }

    fn count(&mut self, bytes: &[u8]) -> Result<(), ImageError> {
        let before = self.inflated;
        self.inflated += bytes.len() as u64;
        self.diff.update(bytes);
        self.ledger.count(self.layer.index, self.inflated)?;
        if before / CLOCK_BYTES != self.inflated / CLOCK_BYTES {
            self.ledger.look_at_clock(self.layer.index)?;
        }
        let (index, limits) = (self.layer.index, &self.limits);
        let stored = self.decoder.stored().count.max(1);
        let max = u64::from(limits.compression_ratio_max);
        if self.inflated > RATIO_BYTES_MIN && self.inflated / stored > max {
            let what = format!("layer {index}, {} bytes of {stored} stored,", self.inflated);
            return Err(ImageError::Limit { what, limit: "compression_ratio_max", max });
        }
        Ok(())
    }

    // The decoder is at its end, which for gzip and zstd is the end of the stored bytes: what
    // follows the last member or frame and is none was an error, as it is to Go.
    fn verify(&mut self) -> Result<(), ImageError> {
        let index = self.layer.index;
        let what = format!("layer {index}");
        let stored = self.decoder.stored_mut();
        io::copy(stored, &mut io::sink())
            .map_err(|error| ImageError::from_io(error, what.as_str()))?;
        let (expected, found) = (stored.size, stored.count);
        if found != expected {
            return Err(ImageError::WrongSize { what, expected, found });
        }
        let (expected, found) =
            (self.layer.descriptor.digest, std::mem::take(&mut stored.sha256).finish());
        if found != expected {
            return Err(ImageError::WrongDigest { what, expected, found });
        }
        let (expected, found) = (self.layer.diff_id, std::mem::take(&mut self.diff).finish());
        if found != expected {
            let what = format!("layer {index} inflated (diff_id)");
            return Err(ImageError::WrongDigest { what, expected, found });
        }
        Ok(())
    }
}

impl Read for LayerReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.ended || buffer.is_empty() {
            return Ok(0);
        }
        let index = self.layer.index;
        let read = match &mut self.decoder {
            Decoder::Plain(stored) => stored.read(buffer),
            Decoder::Gzip(decoder) => inflate(decoder, buffer, index),
            Decoder::Zstd(decoder) => inflate(decoder, buffer, index),
        }?;
        if read == 0 {
            self.ended = true;
            self.verify().map_err(ImageError::into_io)?;
        } else {
            self.count(&buffer[..read]).map_err(ImageError::into_io)?;
        }
        Ok(read)
    }
}

fn inflate(decoder: &mut impl Read, buffer: &mut [u8], index: u32) -> io::Result<usize> {
    decoder.read(buffer).map_err(|error| {
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
    })
}

impl Decoder {
    fn of(compression: Compression, stored: Stored) -> io::Result<Self> {
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

    fn stored(&self) -> &Stored {
        match self {
            Self::Plain(stored) => stored,
            Self::Gzip(decoder) => decoder.get_ref().get_ref(),
            Self::Zstd(decoder) => decoder.get_ref().get_ref(),
        }
    }

    fn stored_mut(&mut self) -> &mut Stored {
        match self {
            Self::Plain(stored) => stored,
            Self::Gzip(decoder) => decoder.get_mut().get_mut(),
            Self::Zstd(decoder) => decoder.get_mut().get_mut(),
        }
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
