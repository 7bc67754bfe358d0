//! The layers of an image, each from where it costs least: kept from before, walked at the same
//! time as others, or as it streams by.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use oci_image::{Image, ImageError, Layer};

use super::Looking;
use super::lay::{Far, Laid};
use crate::cache::{Draft, LayerCache};
use crate::journal::{Desk, Stopping, Walker, walk_layer};
use crate::squash::Lore;

/// How many layers are walked at the same time, at most.
const WALKERS_MAX: usize = 4;
/// A layer of so many stored bytes is inflated in a thread of its own where there is a core to spare.
/// Of smaller ones that saves less than a second, and costs more: two threads on the two halves of
/// one core take longer than one after the other would.
const AHEAD_BYTES_MIN: u64 = 256 << 20;

/// Where the layers of an image come from.
pub(crate) struct Layers<'i> {
    image: &'i Image,
    cache: Option<&'i LayerCache>,
    walkers: usize,
    pub(super) ahead_bytes_min: u64,
}

impl<'i> Layers<'i> {
    /// Layers walked by so many threads at the most; with none, they stream by in this one.
    pub(crate) fn new(image: &'i Image, cache: Option<&'i LayerCache>, walkers: usize) -> Self {
        let walkers = walkers.min(WALKERS_MAX);
        Self { image, cache, walkers, ahead_bytes_min: AHEAD_BYTES_MIN }
    }

    /// Lays them all, from the lowest.
    pub(super) fn lay(&self, lore: &Lore, looking: &mut Looking<'_>) -> Result<(), ImageError> {
        let layers = self.image.layers();
        let is_kept = |it: &&Layer| self.cache.is_some_and(|cache| cache.has(self.image, it));
        let (kept, fresh): (Vec<&Layer>, Vec<&Layer>) = layers.iter().partition(is_kept);
        let kept: Vec<u32> = kept.iter().map(|it| it.index).collect();
        let desk = Desk::new(layers.len());
        let is_core_to_spare = self.walkers > fresh.len();
        let ahead = if is_core_to_spare { self.ahead_bytes_min } else { u64::MAX };
        let (walker, next) = (Walker::new(self.image, lore, ahead), AtomicUsize::new(0));
        thread::scope(|scope| {
            let _stopping = Stopping(&desk);
            let mut threads = 0;
            for _ in 0..self.walkers.min(fresh.len()) {
                let walk = || self.walk(&walker, &desk, &fresh, &next, lore);
                let thread = thread::Builder::new().name("layer".to_owned());
                threads += usize::from(thread.spawn_scoped(scope, walk).is_ok());
            }
            for layer in layers {
                looking.begin(layer);
                desk.lay(layer.index as usize);
                match kept.contains(&layer.index) {
                    true => self.lay_kept(layer, looking)?,
                    false if threads == 0 => looking.lay_stream(layer, Far::default())?,
                    false => lay_walked(layer, looking, &desk)?,
                }
                looking.end(layer);
            }
            Ok(())
        })
    }

    /// A layer that is damaged where it is kept is read anew.
    fn lay_kept(&self, layer: &Layer, looking: &mut Looking<'_>) -> Result<(), ImageError> {
        let journal = self.cache.and_then(|it| it.get(self.image, layer));
        let Some(journal) = journal else { return looking.lay_stream(layer, Far::default()) };
        match looking.lay_journal(layer, journal.read())? {
            Laid::Whole => Ok(()),
            Laid::Torn(far) | Laid::Missed(far) => looking.lay_stream(layer, far),
        }
    }

    /// Walks layers, the lowest that nobody has begun first, until there are none.
    fn walk(
        &self,
        walker: &Walker<'_>,
        desk: &Desk,
        layers: &[&Layer],
        next: &AtomicUsize,
        lore: &Lore,
    ) {
        while let Some(layer) = layers.get(next.fetch_add(1, Ordering::Relaxed)) {
            let index = layer.index as usize;
            // What was learnt of this image is nothing that another may be read by.
            let cache = self.cache.filter(|_| lore.len() == 0);
            let draft = cache.map_or_else(Draft::none, |it| it.draft(self.image, layer));
            let out = Both { journal: desk.writer(index), draft };
            let walked = catch_unwind(AssertUnwindSafe(|| walk_layer(walker, layer, desk, out)));
            let failed = match walked {
                Ok(Ok(whole)) => {
                    if let (Some(both), Some(cache)) = (whole, cache) {
                        cache.keep(both.draft);
                    }
                    None
                }
                Ok(Err(error)) => Some(error),
                Err(_) => Some(ImageError::Source {
                    what: format!("layer {}", layer.index),
                    source: "whoever read it panicked".into(),
                }),
            };
            desk.end(index, failed);
        }
    }
}

fn lay_walked(layer: &Layer, looking: &mut Looking<'_>, desk: &Desk) -> Result<(), ImageError> {
    let index = layer.index as usize;
    match looking.lay_journal(layer, desk.reader(index))? {
        Laid::Whole => Ok(()),
        Laid::Torn(far) => match desk.failure(index) {
            Some(error) => Err(error),
            None => looking.lay_stream(layer, far),
        },
        Laid::Missed(far) => {
            desk.abandon(index);
            looking.lay_stream(layer, far)
        }
    }
}

/// What a walker writes to: the desk, and what is kept for later.
struct Both<J> {
    journal: J,
    draft: Draft,
}

impl<J: std::io::Write> std::io::Write for Both<J> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let written = self.journal.write(bytes)?;
        self.draft.add(bytes.get(..written).unwrap_or_default());
        Ok(written)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.journal.flush()
    }
}
