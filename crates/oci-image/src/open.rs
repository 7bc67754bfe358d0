//! How a check gets at the image of a subject.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use verdict::{Limits, PinnedImage, Subject};

use crate::error::ImageError;
use crate::image::Image;

/// Whoever can open the image that a subject names by digest. A function on a cluster opens it
/// from its registry; the command line has it on its [`Shelf`] since it resolved it.
pub trait Images: Send + Sync {
    /// Opens the image `subject.image`.
    ///
    /// # Errors
    /// When it cannot be reached, is past a limit, or is not what it promises to be.
    fn open(&self, subject: &Subject, limits: &Limits) -> Result<Arc<Image>, ImageError>;
}

/// Images that have been resolved in this process, by digest.
#[derive(Debug, Default)]
pub struct Shelf {
    images: Mutex<BTreeMap<PinnedImage, Arc<Image>>>,
}

impl Shelf {
    /// Puts an image on the shelf.
    pub fn put(&self, image: Arc<Image>) {
        let mut images = self.images.lock().unwrap_or_else(PoisonError::into_inner);
        images.insert(image.pinned().clone(), image);
    }
}

impl Images for Shelf {
    fn open(&self, subject: &Subject, _limits: &Limits) -> Result<Arc<Image>, ImageError> {
        let images = self.images.lock().unwrap_or_else(PoisonError::into_inner);
        let image = images.get(&subject.image).cloned();
        image.ok_or_else(|| ImageError::NotFound(subject.image.to_string()))
    }
}
