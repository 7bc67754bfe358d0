//! Inflating in a thread of its own, a few buffers ahead of whoever reads: what is stored and what
//! it inflates to is hashed and walked while the next of it is inflated.

use std::io::{self, Read};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread;

use sha256_pair::Sha256;

use super::inflating::Inflating;
use crate::error::ImageError;

const BUFFER_BYTES: usize = 256 << 10;
/// How many buffers wait for the reader: of inflated bytes, and of the stored ones that they come of.
const BUFFERS_AHEAD: usize = 6;

/// What another thread inflates.
pub(super) struct Ahead {
    filled: Receiver<Filled>,
    empty: Sender<Vec<u8>>,
    stored: u64,
    sha256: Sha256,
    /// Stored bytes that are not in the hash yet.
    unhashed: Vec<u8>,
    ended: bool,
    index: u32,
}

enum Filled {
    /// Stored bytes as they were read; what they inflate to follows.
    Stored(Vec<u8>),
    /// Inflated bytes, and how many stored ones had been taken by then.
    Bytes(Vec<u8>, u64),
    Failed(io::Error),
    /// After so many stored bytes.
    End(u64),
}

impl Ahead {
    /// Inflates in a new thread; hands the decoder back if there can be none.
    pub(super) fn start(mut inflating: Inflating, index: u32) -> Result<Self, Box<Inflating>> {
        let (filling, filled) = sync_channel(BUFFERS_AHEAD);
        let (empty, emptied) = channel();
        let (hand_over, handed_over) = sync_channel::<Inflating>(1);
        let inflate = move || {
            if let Ok(mut inflating) = handed_over.recv() {
                let filling_too = filling.clone();
                inflating.hashed_by(Box::new(move |stored| {
                    filling_too.send(Filled::Stored(stored.to_vec())).map_err(io::Error::other)
                }));
                run(inflating, &filling, &emptied);
            }
        };
        match thread::Builder::new().name("inflate".to_owned()).spawn(inflate) {
            Err(_) => Err(Box::new(inflating)),
            Ok(_) => {
                let (sha256, unhashed) = (inflating.take_hash(), Vec::new());
                hand_over.send(inflating).map_err(|it| Box::new(it.0))?;
                Ok(Self { filled, empty, stored: 0, sha256, unhashed, ended: false, index })
            }
        }
    }

    /// How many stored bytes had been taken for what was read last.
    pub(super) fn stored(&self) -> u64 {
        self.stored
    }

    /// How many stored bytes there were, once all was read.
    pub(super) fn end(&mut self) -> io::Result<u64> {
        if self.ended { Ok(self.stored) } else { Err(self.gone()) }
    }

    /// The hash of the stored bytes that came.
    pub(super) fn take_hash(&mut self) -> Sha256 {
        self.sha256.update(&std::mem::take(&mut self.unhashed));
        std::mem::take(&mut self.sha256)
    }

    /// Takes inflated bytes into their hash, and into their own the stored ones that they came of.
    pub(super) fn hash(&mut self, inflated: &[u8], sha256: &mut Sha256) {
        self.sha256.update_both(&self.unhashed, sha256, inflated);
        self.unhashed.clear();
    }

    /// Puts the next inflated bytes into a buffer, and says how many; none at the end.
    pub(super) fn refill(&mut self, buffer: &mut Vec<u8>) -> io::Result<usize> {
        let read = std::mem::take(buffer);
        if self.ended {
            return Ok(0);
        }
        // Whoever inflates may be at its end.
        self.empty.send(read).ok();
        loop {
            match self.filled.recv().map_err(|_| self.gone())? {
                Filled::Stored(bytes) => {
                    let before = std::mem::replace(&mut self.unhashed, bytes);
                    self.sha256.update(&before);
                }
                Filled::Bytes(bytes, stored) => {
                    (*buffer, self.stored) = (bytes, stored);
                    return Ok(buffer.len());
                }
                Filled::Failed(error) => return Err(error),
                Filled::End(stored) => {
                    (self.ended, self.stored) = (true, stored);
                    return Ok(0);
                }
            }
        }
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
            Ok(0) => inflating.end().map_or_else(Filled::Failed, Filled::End),
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
