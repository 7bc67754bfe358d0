//! Where journals wait to be laid: bounded, so that a layer that is walked too early stands still.
//!
//! All that wait share one budget. The layer that is being laid has one of its own: whatever the
//! others hold, it goes on, so nobody waits for ever.

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use oci_image::ImageError;

/// What all journals that wait may take.
const WAITING_BYTES_MAX: usize = 4 << 20;
/// What the one that is being laid may take.
const LAID_BYTES_MAX: usize = 1 << 20;
/// How much is handed over at a time.
const BATCH_BYTES: usize = 32 << 10;

/// The desk.
pub(crate) struct Desk {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    journals: Vec<Journal>,
    /// The layer that is being laid.
    laid: usize,
    stopped: bool,
}

#[derive(Default)]
struct Journal {
    batches: VecDeque<Vec<u8>>,
    bytes: usize,
    /// Nobody wants the rest of it.
    abandoned: bool,
    ended: bool,
    failed: Option<ImageError>,
}

impl Desk {
    pub(crate) fn new(layers: usize) -> Self {
        let journals = (0..layers).map(|_| Journal::default()).collect();
        let state = State { journals, laid: 0, stopped: false };
        Self { state: Mutex::new(state), changed: Condvar::new() }
    }

    /// From now on this layer is laid.
    pub(crate) fn lay(&self, layer: usize) {
        self.change(|state| state.laid = layer);
    }

    /// The journal of a layer is not wanted any more.
    pub(crate) fn abandon(&self, layer: usize) {
        self.change(|state| {
            if let Some(journal) = state.journals.get_mut(layer) {
                journal.abandoned = true;
                (journal.batches, journal.bytes) = (VecDeque::new(), 0);
            }
        });
    }

    /// Nothing is wanted any more.
    pub(crate) fn stop(&self) {
        self.change(|state| state.stopped = true);
    }

    /// Whether the rest of a layer is still wanted.
    pub(crate) fn wants(&self, layer: usize) -> bool {
        let state = self.state();
        !state.stopped && state.journals.get(layer).is_some_and(|it| !it.abandoned)
    }

    /// The journal of a layer ends; with an error where walking it did.
    pub(crate) fn end(&self, layer: usize, failed: Option<ImageError>) {
        self.change(|state| {
            if let Some(journal) = state.journals.get_mut(layer) {
                (journal.ended, journal.failed) = (true, failed);
            }
        });
    }

    /// Why walking a layer failed.
    pub(crate) fn failure(&self, layer: usize) -> Option<ImageError> {
        self.state().journals.get_mut(layer)?.failed.take()
    }

    /// Takes a layer's journal in.
    pub(crate) fn writer(&self, layer: usize) -> impl Write {
        Batches { desk: self, layer, batch: Vec::with_capacity(BATCH_BYTES) }
    }

    /// Hands a layer's journal out; ends where it ends, or where walking the layer failed.
    pub(crate) fn reader(&self, layer: usize) -> impl Read {
        Waiting { desk: self, layer, batch: Vec::new(), at: 0 }
    }

    fn push(&self, layer: usize, batch: Vec<u8>) -> io::Result<()> {
        let gone = || io::Error::other("nobody wants the journal");
        let mut state = self.state();
        loop {
            if state.stopped {
                return Err(gone());
            }
            let is_room = state.has_room(layer);
            let journal = state.journals.get_mut(layer).ok_or_else(gone)?;
            if journal.abandoned {
                return Err(gone());
            }
            if is_room {
                journal.bytes += batch.len();
                journal.batches.push_back(batch);
                self.changed.notify_all();
                return Ok(());
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn pull(&self, layer: usize) -> Option<Vec<u8>> {
        let mut state = self.state();
        loop {
            let journal = state.journals.get_mut(layer)?;
            if let Some(batch) = journal.batches.pop_front() {
                journal.bytes -= batch.len();
                self.changed.notify_all();
                return Some(batch);
            }
            if journal.ended {
                return None;
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state());
        self.changed.notify_all();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Whether a layer may hand over a batch more. A batch may be past the budget by itself.
    fn has_room(&self, layer: usize) -> bool {
        let bytes = |it: &Journal| it.bytes;
        if layer <= self.laid {
            return self.journals.get(layer).map_or(0, bytes) < LAID_BYTES_MAX;
        }
        let waiting: usize = self.journals.iter().skip(self.laid + 1).map(bytes).sum();
        waiting < WAITING_BYTES_MAX
    }
}

/// Stops all work at a desk when whoever lays goes away, by whatever way.
pub(crate) struct Stopping<'d>(pub(crate) &'d Desk);

impl Drop for Stopping<'_> {
    fn drop(&mut self) {
        self.0.stop();
    }
}

struct Batches<'d> {
    desk: &'d Desk,
    layer: usize,
    batch: Vec<u8>,
}

impl Write for Batches<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let room = (BATCH_BYTES - self.batch.len()).min(bytes.len());
        self.batch.extend_from_slice(bytes.get(..room).unwrap_or_default());
        if self.batch.len() == BATCH_BYTES {
            self.flush()?;
        }
        Ok(room)
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.batch.is_empty() {
            return Ok(());
        }
        let fresh = Vec::with_capacity(BATCH_BYTES);
        self.desk.push(self.layer, std::mem::replace(&mut self.batch, fresh))
    }
}

struct Waiting<'d> {
    desk: &'d Desk,
    layer: usize,
    batch: Vec<u8>,
    at: usize,
}

impl Read for Waiting<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.at == self.batch.len() {
            let Some(batch) = self.desk.pull(self.layer) else { return Ok(0) };
            (self.batch, self.at) = (batch, 0);
        }
        let left = self.batch.get(self.at..).unwrap_or_default();
        let read = left.len().min(buffer.len());
        if let (Some(to), Some(from)) = (buffer.get_mut(..read), left.get(..read)) {
            to.copy_from_slice(from);
        }
        self.at += read;
        Ok(read)
    }
}
