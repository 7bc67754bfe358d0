//! A layer as it is read: fetch, hash, inflate, hash, count, in one pass and constant memory.

mod ahead;
mod inflating;

use std::io::{self, BufRead, Read};
use std::sync::Arc;

use sha256_pair::Sha256;
use verdict::{Digest, Limits};

use self::ahead::Ahead;
use self::inflating::{Inflating, Stored};
use crate::descriptor::Compression;
use crate::error::ImageError;
use crate::image::Layer;
use crate::ledger::Ledger;
use crate::store::Store;

/// How much must have been inflated before the compression ratio says anything.
const RATIO_BYTES_MIN: u64 = 16 << 20;
/// The clock is looked at each time that so much more has been inflated.
const CLOCK_BYTES: u64 = 1 << 20;
const BUFFER_BYTES: usize = 512 << 10;

/// The inflated tar of one layer. Reading past a limit, or to the end of bytes that are not the
/// promised ones, is an [`io::Error`] that [`ImageError::from_io`] turns back.
pub struct LayerReader {
    source: Source,
    buffer: Vec<u8>,
    /// How much of the buffer holds inflated bytes, and how much of that was used.
    filled: usize,
    at: usize,
    /// The hash of what was inflated. None if that is what is stored.
    diff: Option<Sha256>,
    inflated: u64,
    layer: Layer,
    limits: Limits,
    ledger: Arc<Ledger>,
    ended: bool,
}

enum Source {
    Here(Inflating),
    Ahead(Ahead),
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
        let stored = Stored::new(bytes, index, descriptor.size, Arc::clone(&ledger));
        let source = Inflating::new(compression, stored)
            .map_err(|source| ImageError::Inflate { index, source })?;
        let diff = (compression != Compression::None).then(Sha256::default);
        let source = Source::Here(source);
        Ok(Self {
            source,
            buffer: Vec::new(),
            filled: 0,
            at: 0,
            diff,
            inflated: 0,
            layer: layer.clone(),
            limits: *limits,
            ledger,
            ended: false,
        })
    }

    /// The same, inflated in a thread of its own from now on, where one can be had.
    pub(crate) fn ahead(self) -> Self {
        let index = self.layer.index;
        let source = match self.source {
            Source::Here(inflating) => match Ahead::start(inflating, index) {
                Ok(ahead) => Source::Ahead(ahead),
                Err(inflating) => Source::Here(*inflating),
            },
            ahead @ Source::Ahead(_) => ahead,
        };
        Self { source, ..self }
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
        loop {
            let read = match self.fill_buf() {
                Ok([]) => return Ok(self.inflated),
                Ok(bytes) => bytes.len(),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => 0,
                Err(error) => {
                    let what = format!("layer {}", self.layer.index);
                    return Err(ImageError::from_io(error, what));
                }
            };
            self.consume(read);
        }
    }

    fn count(&mut self) -> Result<(), ImageError> {
        let before = self.inflated;
        self.inflated += self.filled as u64;
        if let Some(diff) = &mut self.diff {
            self.source.hash(&self.buffer[..self.filled], diff);
        }
        self.ledger.count(self.layer.index, self.inflated)?;
        if before / CLOCK_BYTES != self.inflated / CLOCK_BYTES {
            self.ledger.look_at_clock(self.layer.index)?;
        }
        let (index, limits) = (self.layer.index, &self.limits);
        let stored = self.source.stored().max(1);
        let max = u64::from(limits.compression_ratio_max);
        if self.inflated > RATIO_BYTES_MIN && self.inflated / stored > max {
            let what = format!("layer {index}, {} bytes of {stored} stored,", self.inflated);
            return Err(ImageError::Limit { what, limit: "compression_ratio_max", max });
        }
        Ok(())
    }

    fn verify(&mut self) -> Result<(), ImageError> {
        let index = self.layer.index;
        let what = format!("layer {index}");
        let size = self.source.end().map_err(|error| ImageError::from_io(error, what.as_str()))?;
        let stored = Digest::from_bytes(self.source.take_hash().finish());
        let expected = self.layer.descriptor.size;
        if size != expected {
            return Err(ImageError::WrongSize { what, expected, found: size });
        }
        let expected = self.layer.descriptor.digest;
        if stored != expected {
            return Err(ImageError::WrongDigest { what, expected, found: stored });
        }
        let found = self.diff.take().map_or(stored, |it| Digest::from_bytes(it.finish()));
        let expected = self.layer.diff_id;
        if found != expected {
            let what = format!("layer {index} inflated (diff_id)");
            return Err(ImageError::WrongDigest { what, expected, found });
        }
        Ok(())
    }
}

impl BufRead for LayerReader {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.at == self.filled && !self.ended {
            (self.filled, self.at) = (0, 0);
            self.filled = self.source.refill(&mut self.buffer)?;
            if self.filled == 0 {
                // Only then: whoever asks again after a fault is told of one again.
                self.verify().map_err(ImageError::into_io)?;
                self.ended = true;
            } else if let Err(error) = self.count() {
                // What is past a limit is not handed out, however often it is asked for.
                self.filled = 0;
                return Err(error.into_io());
            }
        }
        Ok(&self.buffer[self.at..self.filled])
    }

    fn consume(&mut self, bytes: usize) {
        self.at = self.at.saturating_add(bytes).min(self.filled);
    }
}

impl Read for LayerReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.fill_buf()?.read(buffer)?;
        self.consume(read);
        Ok(read)
    }
}

impl Source {
    /// Puts the next inflated bytes into a buffer, and says how many; none at the end.
    fn refill(&mut self, buffer: &mut Vec<u8>) -> io::Result<usize> {
        match self {
            Self::Here(inflating) => {
                buffer.resize(BUFFER_BYTES, 0);
                inflating.read(buffer)
            }
            Self::Ahead(ahead) => ahead.refill(buffer),
        }
    }

    /// Takes what was read into its hash.
    fn hash(&mut self, inflated: &[u8], sha256: &mut Sha256) {
        match self {
            Self::Here(inflating) => inflating.hash(inflated, sha256),
            Self::Ahead(ahead) => ahead.hash(inflated, sha256),
        }
    }

    /// How many stored bytes were taken for what was read.
    fn stored(&self) -> u64 {
        match self {
            Self::Here(inflating) => inflating.stored(),
            Self::Ahead(ahead) => ahead.stored(),
        }
    }

    /// How many stored bytes there were.
    fn end(&mut self) -> io::Result<u64> {
        match self {
            Self::Here(inflating) => inflating.end(),
            Self::Ahead(ahead) => ahead.end(),
        }
    }

    /// The hash of the stored bytes, once all were read.
    fn take_hash(&mut self) -> Sha256 {
        match self {
            Self::Here(inflating) => inflating.take_hash(),
            Self::Ahead(ahead) => ahead.take_hash(),
        }
    }
}
