//! Inventories that were taken in this process: the checks of one image read its layers once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use oci_image::{Image, ImageError};
use verdict::{Digest, Limits};

use crate::cache::LayerCache;
use crate::inventory::Inventory;
use crate::take::take_with;

/// How many inventories are kept; a process of the command line judges a handful of images, a
/// function one after the other.
const KEPT_MAX: usize = 16;
/// How long a failure is: the checks of one validation share it, a later one tries again.
const FAILURE_KEPT: Duration = Duration::from_secs(60);

/// Inventories by manifest digest, and the limits that they were taken under. Who asks while
/// another reads waits for it.
#[derive(Debug, Default)]
pub struct Inventories {
    slots: Mutex<HashMap<(Digest, Limits), Arc<Slot>>>,
    cache: Option<LayerCache>,
}

type Taken = Result<Arc<Inventory>, Arc<ImageError>>;

/// What was taken, and when. Held by whoever reads.
#[derive(Debug, Default)]
struct Slot(Mutex<Option<(Taken, Instant)>>);

impl Inventories {
    /// None yet; layers come from this cache and go there.
    pub fn with_cache(cache: Option<LayerCache>) -> Self {
        Self { cache, ..Self::default() }
    }

    /// The inventory of an image, taken now or before. A failure is kept for a minute.
    ///
    /// # Errors
    /// As [`take`](crate::take).
    pub fn of(&self, image: &Image) -> Result<Arc<Inventory>, Arc<ImageError>> {
        self.of_at(image, Instant::now())
    }

    fn of_at(&self, image: &Image, now: Instant) -> Taken {
        let slot = self.slot((image.pinned().digest, *image.limits()));
        let mut kept = slot.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((taken, at)) = &*kept
            && (taken.is_ok() || now.saturating_duration_since(*at) < FAILURE_KEPT)
        {
            return taken.clone();
        }
        let taken = take_with(image, self.cache.as_ref()).map(Arc::new).map_err(Arc::new);
        // A failure counts from its end: taking it may have lasted.
        *kept = Some((taken.clone(), now.max(Instant::now())));
        taken
    }

    fn slot(&self, key: (Digest, Limits)) -> Arc<Slot> {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        if slots.len() >= KEPT_MAX && !slots.contains_key(&key) {
            slots.clear();
        }
        Arc::clone(slots.entry(key).or_default())
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use oci_image::{Access, Opener, Platform};
    use tempfile::TempDir;
    use testkit::image::{ImageBuilder, LayerBuilder};

    use super::*;

    fn open(folder: &Path, limits: &Limits) -> Image {
        let opener = Opener::new(Access::default()).unwrap();
        let declared = format!("oci:{}:1", folder.display());
        opener.open(&declared, &Platform::linux_amd64(), limits).unwrap()
    }

    #[test]
    fn a_failure_is_kept_for_a_minute_and_only_under_its_limits() {
        let folder = TempDir::new().unwrap();
        let layer = LayerBuilder::new().file("a", "a").file("b", "b");
        ImageBuilder::new().layer(layer).build().write_layout(folder.path(), "1", &[]);
        let narrow = Limits { entries_max: 1, ..Limits::default() };
        let image = open(folder.path(), &narrow);
        let blob =
            folder.path().join("blobs/sha256").join(image.layers()[0].descriptor.digest.hex());
        let inventories = Inventories::default();

        let said = |at| inventories.of_at(&image, at).unwrap_err().to_string();
        let now = Instant::now();
        assert!(said(now).contains("entries_max"));
        // Whoever reads again finds nothing there.
        let away = blob.with_extension("away");
        fs::rename(&blob, &away).unwrap();
        assert!(said(now).contains("entries_max"));
        assert!(!said(now + 2 * FAILURE_KEPT).contains("entries_max"));
        fs::rename(&away, &blob).unwrap();
        assert!(inventories.of(&open(folder.path(), &Limits::default())).is_ok());
    }
}
