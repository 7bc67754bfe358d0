//! A layer as it is read: fetch, hash, inflate, hash, count, in one pass and constant memory.

use std::io::{self, BufReader, Read};

use verdict::{Limits, Sha256};

use crate::descriptor::Compression;
use crate::error::ImageError;
use crate::image::Layer;
use crate::store::Store;

/// How much must have been inflated before the compression ratio says anything.
const RATIO_BYTES_MIN: u64 = 16 << 20;

/// The inflated tar of one layer. Reading past a limit, or to the end of bytes that are not the
/// promised ones, is an [`io::Error`] that [`ImageError::from_io`] turns back.
pub struct LayerReader {
    decoder: Decoder,
    diff: Sha256,
    inflated: u64,
    layer: Layer,
    limits: Limits,
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
}

impl LayerReader {
    pub(crate) fn open(
        store: &dyn Store,
        layer: &Layer,
        limits: &Limits,
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
        let bytes = store.blob(descriptor)?;
        let (sha256, size) = (Sha256::default(), descriptor.size);
        let stored = Stored { bytes, sha256, count: 0, size, index };
        let buffered = |stored| BufReader::with_capacity(64 << 10, stored);
        let decoder = match compression {
            Compression::None => Decoder::Plain(stored),
            Compression::Gzip => {
                Decoder::Gzip(Box::new(flate2::bufread::MultiGzDecoder::new(buffered(stored))))
            }
            Compression::Zstd => Decoder::Zstd(Box::new(
                zstd::Decoder::with_buffer(buffered(stored))
                    .map_err(|source| ImageError::Inflate { index, source })?,
            )),
        };
        let (diff, layer, limits) = (Sha256::default(), layer.clone(), *limits);
        Ok(Self { decoder, diff, inflated: 0, layer, limits, ended: false })
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
        self.inflated += bytes.len() as u64;
        self.diff.update(bytes);
        let (index, limits) = (self.layer.index, &self.limits);
        let stored = self.decoder.stored().count.max(1);
        if self.inflated > limits.inflated_bytes_max {
            let (limit, max) = ("inflated_bytes_max", limits.inflated_bytes_max);
            return Err(ImageError::Limit { what: format!("layer {index}"), limit, max });
        }
        let max = u64::from(limits.compression_ratio_max);
        if self.inflated > RATIO_BYTES_MIN && self.inflated / stored > max {
            let what = format!("layer {index}, {} bytes of {stored} stored,", self.inflated);
            return Err(ImageError::Limit { what, limit: "compression_ratio_max", max });
        }
        Ok(())
    }

    // The decoder is at its end: what is left of the stored bytes (padding is legal after the
    // last gzip member of some builders) still counts for size and digest.
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
            _ => ImageError::Inflate { index, source: error }.into_io(),
        }
    })
}

impl Decoder {
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
