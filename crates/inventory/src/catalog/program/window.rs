//! A stretch of a stream: what is searched, and as much behind it as a match needs.

use std::io::{self, Read};

/// How much is read at a time.
const STEP_BYTES: usize = 128 << 10;
/// What stays ahead of what is searched, so that a match is seen whole.
pub(super) const AHEAD_BYTES: usize = 1 << 10;
/// As far as one match may ask for.
const WINDOW_BYTES_MAX: usize = 4 << 20;

/// A stretch of a stream.
pub(super) struct Window<'c> {
    content: &'c mut dyn Read,
    bytes: Vec<u8>,
    /// Where in the stream it starts.
    start: u64,
    /// How much of it was searched.
    searched: usize,
    is_at_end: bool,
}

impl<'c> Window<'c> {
    pub(super) fn new(content: &'c mut dyn Read) -> Self {
        let bytes = Vec::with_capacity(STEP_BYTES + AHEAD_BYTES);
        Self { content, bytes, start: 0, searched: 0, is_at_end: false }
    }

    /// Moves on. Answers whether there is anything to search.
    pub(super) fn next(&mut self) -> io::Result<bool> {
        self.bytes.drain(..self.searched);
        self.start += self.searched as u64;
        self.searched = 0;
        self.read_to(STEP_BYTES)?;
        let behind = if self.is_at_end { 0 } else { AHEAD_BYTES };
        self.searched = self.bytes.len().saturating_sub(behind);
        Ok(self.searched > 0)
    }

    /// Where in the stream it starts.
    pub(super) fn start(&self) -> u64 {
        self.start
    }

    /// All that is there.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// How many bytes of it are to be searched for matches that begin there.
    pub(super) fn searched(&self) -> usize {
        self.searched
    }

    /// `count` bytes from a place on, or fewer where the stream ends or the window is full.
    pub(super) fn at(&mut self, place: usize, count: usize) -> io::Result<&[u8]> {
        let end = place.saturating_add(count).min(WINDOW_BYTES_MAX);
        self.read_to(end)?;
        Ok(self.bytes.get(place..end.min(self.bytes.len())).unwrap_or_default())
    }

    fn read_to(&mut self, length: usize) -> io::Result<()> {
        let Some(missing) = length.checked_sub(self.bytes.len()).filter(|it| *it > 0) else {
            return Ok(());
        };
        if !self.is_at_end {
            let mut content = (&mut *self.content).take(missing as u64);
            self.is_at_end = content.read_to_end(&mut self.bytes)? < missing;
        }
        Ok(())
    }
}
