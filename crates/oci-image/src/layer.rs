//! A layer as it is read: fetch, hash, inflate, hash, count, in one pass and constant memory.

mod ahead;
mod inflating;

use std::io::{self, BufRead, Read};
use std::sync::Arc;

use verdict::{Limits, Sha256};

use self::ahead::Ahead;
use self::inflating::{Inflating, Seen, Stored};
use crate::error::ImageError;
use crate::image::Layer;
use crate::ledger::Ledger;
use crate::store::Store;

/// How much must have been inflated before the compression ratio says anything.
const RATIO_BYTES_MIN: u64 = 16 << 20;
/// The clock is looked at each time that so much more has been inflated.
const CLOCK_BYTES: u64 = 1 << 20;
const BUFFER_BYTES: usize = 128 << 10;

/// The inflated tar of one layer. Reading past a limit, or to the end of bytes that are not the
/// promised ones, is an [`io::Error`] that [`ImageError::from_io`] turns back.
pub struct LayerReader {
    source: Source,
    buffer: Vec<u8>,
    at: usize,
    diff: Sha256,
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
        let (source, diff) = (Source::Here(source), Sha256::default());
        let (layer, limits) = (layer.clone(), *limits);
        let (buffer, at) = (Vec::new(), 0);
        Ok(Self { source, buffer, at, diff, inflated: 0, layer, limits, ledger, ended: false })
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
        self.inflated += self.buffer.len() as u64;
        self.diff.update(&self.buffer);
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
        let seen = self.source.seen().map_err(|error| ImageError::from_io(error, what.as_str()))?;
        let (expected, found) = (self.layer.descriptor.size, seen.size);
        if found != expected {
            return Err(ImageError::WrongSize { what, expected, found });
        }
        let (expected, found) = (self.layer.descriptor.digest, seen.digest);
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

impl BufRead for LayerReader {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.at == self.buffer.len() && !self.ended {
            self.at = 0;
            self.source.refill(&mut self.buffer)?;
            if self.buffer.is_empty() {
                // Only then: whoever asks again after a fault is told of one again.
                self.verify().map_err(ImageError::into_io)?;
                self.ended = true;
            } else if let Err(error) = self.count() {
                // What is past a limit is not handed out, however often it is asked for.
                self.buffer.clear();
                return Err(error.into_io());
            }
        }
        Ok(self.buffer.get(self.at..).unwrap_or_default())
    }

    fn consume(&mut self, bytes: usize) {
        self.at = self.at.saturating_add(bytes).min(self.buffer.len());
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
    /// Puts the next inflated bytes into a buffer; none at the end. After a fault it is empty too.
    fn refill(&mut self, buffer: &mut Vec<u8>) -> io::Result<()> {
        match self {
            Self::Here(inflating) => {
                buffer.resize(BUFFER_BYTES, 0);
                let read = inflating.read(buffer);
                buffer.truncate(*read.as_ref().unwrap_or(&0));
                read.map(drop)
            }
            Self::Ahead(ahead) => ahead.refill(buffer),
        }
    }

    /// How many stored bytes were taken for what was read.
    fn stored(&self) -> u64 {
        match self {
            Self::Here(inflating) => inflating.stored(),
            Self::Ahead(ahead) => ahead.stored(),
        }
    }

    fn seen(&mut self) -> io::Result<Seen> {
        match self {
            Self::Here(inflating) => inflating.seen(),
            Self::Ahead(ahead) => ahead.seen(),
        }
    }
}
