//! What an image is built on: whether another image's layers are its lowest, and which image it
//! says itself that it was built on (image-spec, annotations.md).

use verdict::Digest;

use crate::error::ImageError;
use crate::image::Image;
use crate::repository::Repository;
use crate::store::Which;

/// The annotation with the base image's name.
const NAME: &str = "org.opencontainers.image.base.name";
/// The annotation with the base image's digest.
const DIGEST: &str = "org.opencontainers.image.base.digest";

/// The image that another says it was built on. Whoever pushed that one wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimedBase {
    /// Its name, if one is given. Any text.
    pub name: Option<String>,
    /// The digest of its manifest or index.
    pub digest: String,
}

impl Image {
    /// The base image that its manifest's annotations name. A name without a digest may mean
    /// another image by now, and is none. Labels are not asked: they are inherited from the base.
    pub fn claimed_base(&self) -> Option<ClaimedBase> {
        let annotations = &self.manifest().annotations;
        let digest = annotations.get(DIGEST)?.clone();
        Some(ClaimedBase { name: annotations.get(NAME).cloned(), digest })
    }

    /// Whether it is built on another image: all layers of that one are its lowest, in the same
    /// order. Layers are compared inflated, for they are packed anew on their way. A layer that
    /// both have, but not above the same others, proves nothing.
    pub fn is_built_on(&self, base: &Self) -> bool {
        let (own, below) = (self.layers(), base.layers());
        !below.is_empty()
            && below.len() <= own.len()
            && self.pinned().digest != base.pinned().digest
            && own.iter().zip(below).all(|(a, b)| a.diff_id == b.diff_id)
    }

    /// Opens another image of the same platform in a repository, under the same limits.
    ///
    /// # Errors
    /// When it is not there, is past a limit, or is not what it promises to be.
    pub fn other(&self, repository: &Repository, digest: Digest) -> Result<Self, ImageError> {
        repository.image(&Which::Digest(digest), self.place(), self.platform())
    }
}
