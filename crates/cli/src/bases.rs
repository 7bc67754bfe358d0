//! What an image is built on: the image that was named, or the one of those its build uses whose
//! layers are its lowest.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use oci_image::{Image, ImageError, PinnedImage, Reference};
use verdict::Platform;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::judge::Judge;

/// An image by name, for a platform.
pub(crate) type Used = (String, Platform);

/// One used image: who asks while another opens it waits.
type Slot = Arc<Mutex<Option<Arc<Image>>>>;

/// The images that builds use. Each name is resolved once: what is judged is what the made image
/// is compared with, though the tag may move meanwhile.
#[derive(Debug, Default)]
pub(crate) struct UsedImages(Mutex<HashMap<(String, String), Slot>>);

impl UsedImages {
    /// The image of this name, opened now or before.
    pub(crate) fn open(
        &self,
        (name, platform): (&str, &Platform),
        open: impl FnOnce() -> Result<Arc<Image>, ImageError>,
    ) -> Result<Arc<Image>, ImageError> {
        let slot = {
            let mut slots = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(slots.entry((name.to_owned(), platform.to_string())).or_default())
        };
        let mut kept = slot.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(image) = &*kept {
            return Ok(Arc::clone(image));
        }
        let image = open()?;
        *kept = Some(Arc::clone(&image));
        Ok(image)
    }
}

/// The one of these that the image is built on: of several that lie below one another the
/// uppermost, which the Dockerfile starts from.
pub(crate) fn lowest_of(
    image: &Image,
    used: impl Iterator<Item = Arc<Image>>,
) -> Option<PinnedImage> {
    let below = used.filter(|it| image.is_built_on(it));
    below.max_by_key(|it| it.layers().len()).map(|it| it.pinned().clone())
}

/// The base image that was named, by digest.
pub(crate) fn named(
    judge: &Judge,
    base: Option<&str>,
    platform: &Platform,
) -> Result<Option<PinnedImage>, Failure> {
    let Some(base) = base else { return Ok(None) };
    let image = judge.open(base, platform).map_err(|error| {
        let what = format!("the base image {base} cannot be read");
        Failure::usage(what, error.remedy()).because(&error).exit(Exit::Undecided)
    })?;
    Ok(Some(image.pinned().clone()))
}

/// The base image that was named, for functions that will open it themselves.
pub(crate) fn by_digest(base: Option<&str>) -> Result<Option<PinnedImage>, Failure> {
    let Some(base) = base else { return Ok(None) };
    let pinned = base.parse::<Reference>().ok().and_then(|it| {
        let digest = *it.digest()?;
        Some(PinnedImage { repository: it.name(), digest })
    });
    pinned.map(Some).ok_or_else(|| {
        let what = format!("the base image {base} is not named by digest");
        Failure::usage(what, "with --gateway name it as NAME@sha256:…")
    })
}
