//! Inventories that were taken in this process: the checks of one image read its layers once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use oci_image::{Image, ImageError};
use verdict::Digest;

use crate::inventory::Inventory;
use crate::take::take;

/// How many inventories are kept; a process of the command line judges a handful of images, a
/// function one after the other.
const KEPT_MAX: usize = 16;

/// Inventories by manifest digest. Who asks while another reads waits for it.
#[derive(Debug, Default)]
pub struct Inventories(Mutex<HashMap<Digest, Arc<Slot>>>);

#[derive(Debug, Default)]
struct Slot {
    /// Held by whoever reads.
    reading: Mutex<()>,
    taken: OnceLock<Arc<Inventory>>,
}

impl Inventories {
    /// The inventory of an image, taken now or before. A failure is not kept: the next asker
    /// tries again.
    ///
    /// # Errors
    /// As [`take`].
    pub fn of(&self, image: &Image) -> Result<Arc<Inventory>, ImageError> {
        let slot = self.slot(&image.pinned().digest);
        let _reading = slot.reading.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(taken) = slot.taken.get() {
            return Ok(Arc::clone(taken));
        }
        let inventory = Arc::new(take(image)?);
        Ok(Arc::clone(slot.taken.get_or_init(|| inventory)))
    }

    fn slot(&self, digest: &Digest) -> Arc<Slot> {
        let mut slots = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if slots.len() >= KEPT_MAX && !slots.contains_key(digest) {
            slots.clear();
        }
        Arc::clone(slots.entry(*digest).or_default())
    }
}
