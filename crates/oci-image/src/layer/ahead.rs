//! Inflating in a thread of its own, a few buffers ahead of whoever reads: what is inflated is
//! hashed and walked while the next of it is inflated.

use std::io::{self, Read};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread;

use super::inflating::{Inflating, Seen};
use crate::error::ImageError;

const BUFFER_BYTES: usize = 256 << 10;
/// How many buffers wait for the reader.
const BUFFERS_AHEAD: usize = 4;

/// What another thread inflates.
pub(super) struct Ahead {
    filled: Receiver<Filled>,
    empty: Sender<Vec<u8>>,
    stored: u64,
    seen: Option<Seen>,
    index: u32,
}

enum Filled {
    /// Inflated bytes, and how many stored ones had been taken by then.
    Bytes(Vec<u8>, u64),
    Failed(io::Error),
    End(Seen),
}

impl Ahead {
    /// Inflates in a new thread; hands the decoder back if there can be none.
    pub(super) fn start(inflating: Inflating, index: u32) -> Result<Self, Box<Inflating>> {
        let (filling, filled) = sync_channel(BUFFERS_AHEAD);
        let (empty, emptied) = channel();
        let (hand_over, handed_over) = sync_channel(1);
        let inflate = move || {
            if let Ok(inflating) = handed_over.recv() {
                run(inflating, &filling, &emptied);
            }
        };
        match thread::Builder::new().name("inflate".to_owned()).spawn(inflate) {
            Err(_) => Err(Box::new(inflating)),
            Ok(_) => {
                hand_over.send(inflating).map_err(|it| Box::new(it.0))?;
                Ok(Self { filled, empty, stored: 0, seen: None, index })
            }
        }
    }

    /// How many stored bytes had been taken for what was read last.
    pub(super) fn stored(&self) -> u64 {
        self.stored
    }

    /// What the stored bytes were, once all was read.
    pub(super) fn seen(&mut self) -> io::Result<Seen> {
        self.seen.take().ok_or_else(|| self.gone())
    }

    /// Puts the next inflated bytes into a buffer; none at the end. After a fault it is empty too.
    pub(super) fn refill(&mut self, buffer: &mut Vec<u8>) -> io::Result<()> {
        let read = std::mem::take(buffer);
        if self.seen.is_some() {
            return Ok(());
        }
        // Whoever inflates may be at its end.
        self.empty.send(read).ok();
        match self.filled.recv().map_err(|_| self.gone())? {
            Filled::Bytes(bytes, stored) => (*buffer, self.stored) = (bytes, stored),
            Filled::Failed(error) => return Err(error),
            Filled::End(seen) => self.seen = Some(seen),
        }
        Ok(())
    }

    fn gone(&self) -> io::Error {
        let source = "whoever inflated it panicked".into();
        ImageError::Source { what: format!("layer {}", self.index), source }.into_io()
    }
}

/// Inflates until the end, a fault, or the reader's going away.
fn run(mut inflating: Inflating, filling: &SyncSender<Filled>, emptied: &Receiver<Vec<u8>>) {
    loop {
        let mut buffer = emptied.try_recv().unwrap_or_default();
        buffer.resize(BUFFER_BYTES, 0);
        let last = match fill(&mut inflating, &mut buffer) {
            Ok(0) => inflating.seen().map_or_else(Filled::Failed, Filled::End),
            Ok(filled) => {
                buffer.truncate(filled);
                match filling.send(Filled::Bytes(buffer, inflating.stored())) {
                    Ok(()) => continue,
                    Err(_) => return,
                }
            }
            Err(error) => Filled::Failed(error),
        };
        filling.send(last).ok();
        return;
    }
}

/// Fills a buffer as far as there are bytes. Those before a fault are not handed out: a torn layer is
/// an error, wherever it is torn.
fn fill(inflating: &mut Inflating, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match inflating.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}
