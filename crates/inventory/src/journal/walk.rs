//! Walking one layer into a journal.

use std::io::{self, BufRead, Read, Write};
use std::sync::{Mutex, PoisonError};

use oci_image::{Image, ImageError, Layer, LayerReader};

use super::desk::Desk;
use super::event::Reading;
use super::write::JournalWriter;
use crate::catalog::Roles;
use crate::look::content;
use crate::squash::{Guess, Lore};
use crate::tar_walk::{Entry, EntryKind, Walk};

/// A larger file that somebody asked for is read by one walker at a time: its reader may hold
/// much of it, and memory is not to grow with the walkers.
const LARGE_BYTES: u64 = 1 << 20;
/// After so many bytes the desk is asked whether more of a layer is wanted.
const UNASKED_BYTES: usize = 128 << 10;

/// What all who walk an image's layers share.
pub(crate) struct Walker<'i> {
    image: &'i Image,
    lore: &'i Lore,
    large: Mutex<()>,
    /// A layer of so many stored bytes is inflated in a thread of its own.
    ahead_bytes_min: u64,
}

impl<'i> Walker<'i> {
    pub(crate) fn new(image: &'i Image, lore: &'i Lore, ahead_bytes_min: u64) -> Self {
        Self { image, lore, large: Mutex::new(()), ahead_bytes_min }
    }

    fn open(&self, layer: &Layer) -> Result<LayerReader, ImageError> {
        match layer.descriptor.size >= self.ahead_bytes_min {
            true => self.image.layer_ahead(layer),
            false => self.image.layer(layer),
        }
    }

    fn reading<R: BufRead>(
        &self,
        entry: &Entry,
        walk: &mut Walk<R>,
    ) -> Result<Option<Reading>, ImageError> {
        let guess = match entry.kind {
            EntryKind::File => Guess::of(entry, self.lore),
            _ => None,
        };
        let Some(Guess { path, asked, looking }) = guess else { return Ok(None) };
        let is_large = entry.size > LARGE_BYTES && asked != Roles::default();
        let _alone = is_large.then(|| self.large.lock().unwrap_or_else(PoisonError::into_inner));
        let max = self.image.limits().file_bytes_max;
        let findings = content::read(asked, looking, &path, entry, walk, max)?;
        Ok(Some(Reading { asked, looking, findings }))
    }
}

/// Walks a layer to its end, verified, and writes its journal. Answers what was written to;
/// `None` if the journal was not wanted to its end.
pub(crate) fn walk_layer<W: Write>(
    walker: &Walker<'_>,
    layer: &Layer,
    desk: &Desk,
    out: W,
) -> Result<Option<W>, ImageError> {
    let (limits, index) = (walker.image.limits(), layer.index as usize);
    let mut journal = JournalWriter::new(out);
    let reader = Wanted { reader: walker.open(layer)?, desk, index, unasked: 0 };
    let mut walk = Walk::new(reader, limits);
    let mut entries = 0;
    loop {
        let entry = match walk.next_entry() {
            Ok(Some(entry)) => entry,
            Ok(None) => break,
            Err(_) if !desk.wants(index) => return Ok(None),
            Err(error) => return Err(content::torn(error, layer)),
        };
        entries += 1;
        let reading = match walker.reading(&entry, &mut walk) {
            Err(_) if !desk.wants(index) => return Ok(None),
            reading => reading?,
        };
        // Nobody takes it any more; no other write fails.
        if journal.entry(&entry, reading.as_ref()).is_err() {
            return Ok(None);
        }
        if entries > limits.entries_max {
            return Err(content::too_many_entries(layer, limits.entries_max));
        }
    }
    let inflated_bytes = match walk.into_inner().reader.finish() {
        Err(_) if !desk.wants(index) => return Ok(None),
        finished => finished?,
    };
    Ok(journal.end(inflated_bytes).ok())
}

/// A layer that is read as long as its journal is wanted.
struct Wanted<'d, R> {
    reader: R,
    desk: &'d Desk,
    index: usize,
    /// How much more is read before the desk is asked again.
    unasked: usize,
}

impl<R: BufRead> BufRead for Wanted<'_, R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.unasked == 0 {
            if !self.desk.wants(self.index) {
                return Err(io::Error::other("nobody wants the layer"));
            }
            self.unasked = UNASKED_BYTES;
        }
        self.reader.fill_buf()
    }

    fn consume(&mut self, bytes: usize) {
        self.unasked = self.unasked.saturating_sub(bytes);
        self.reader.consume(bytes);
    }
}

impl<R: BufRead> Read for Wanted<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.fill_buf()?.read(buffer)?;
        self.consume(read);
        Ok(read)
    }
}
