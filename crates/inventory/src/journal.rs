//! What one layer holds, as it was read, whatever lies below it: the same entries in the same
//! order, and of the files that somebody reads what they showed.
//!
//! A journal is written by whoever walks the layer, and laid over the rest by
//! [`Rootfs`](crate::squash::Rootfs) as if the layer itself went by. It knows nothing of other
//! layers: under which real path a file comes to lie is guessed, and a reading counts only where
//! the guess was right. So layers are walked at the same time, and journals kept.
//!
//! Its bytes are no format for others: they change with the catalogers' [`REVISION`].

mod desk;
mod event;
mod read;
mod walk;
mod write;

pub(crate) use desk::{Desk, Stopping};
pub(crate) use event::{Event, Reading};
pub(crate) use read::JournalReader;
pub(crate) use walk::{Walker, walk_layer};

/// Reads bytes that a journal might be: the door for fuzzers. Answers how many parts it has,
/// `None` if it is none.
pub fn read_journal(bytes: &[u8]) -> Option<usize> {
    let mut journal = JournalReader::new(bytes);
    let mut parts = 1;
    while !matches!(journal.next_event().ok()?, Event::End(_)) {
        parts += 1;
    }
    Some(parts)
}

/// What the sources of this crate were when it was built: catalogers, squash and this format.
pub(crate) const REVISION: &str = env!("INVENTORY_REVISION");
