//! Which packages come from the image that the build started from, and which from the function's
//! own layers (docs/decisions/056). The layers decide; a name alone is never believed.

use oci_image::{ClaimedBase, Image, ImageError, Images, PinnedImage, Place, Reference};
use serde::{Deserialize, Serialize};
use verdict::{Digest, Subject};

use crate::inventory::Inventory;
use crate::package::{LayerRef, Package};

/// The image that another is built on: all its layers are the other's lowest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Base {
    /// The image, by digest.
    pub image: PinnedImage,
    /// How many layers it has: those below this index are its own.
    pub layers: u32,
    /// Who named it.
    pub named_by: NamedBy,
}

/// Who named a base image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum NamedBy {
    /// Who asks: `--base`, or the Dockerfile that the image is built from.
    Asker,
    /// The image itself, by `org.opencontainers.image.base.digest`.
    Annotation,
}

/// Which of the two brought a package.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// The base image.
    Base,
    /// The image's own layers.
    Own,
}

impl Origin {
    /// Its name, as JSON has it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Base => "base",
            Self::Own => "own",
        }
    }
}

/// Why an image that is named as the base is not taken for it.
#[derive(Debug, thiserror::Error)]
pub enum BaseFault {
    /// Its layers are not the image's lowest.
    #[error("{0} is named as the base image, and its layers are not the lowest of this one")]
    NotBelow(PinnedImage),
    /// The annotation sends us to another place than the image's own.
    #[error("the base image is said to be {0:?}, and an image sends nobody to another registry")]
    Elsewhere(String),
    /// The annotation is no digest.
    #[error("the annotation org.opencontainers.image.base.digest holds {0:?}")]
    Digest(String, #[source] verdict::DigestError),
    /// It could not be had.
    #[error("the base image {0} could not be read")]
    Unread(String, #[source] ImageError),
}

impl Base {
    /// What an image is built on: what the subject says, or else what the image says itself.
    /// `None` if neither says anything. No more than the base's manifest and configuration is
    /// read, and for an annotation only from the registry that the image itself lies in.
    ///
    /// # Errors
    /// When one is named and it cannot be read, or is not below the image.
    pub fn of(
        image: &Image,
        subject: &Subject,
        images: &dyn Images,
    ) -> Result<Option<Self>, BaseFault> {
        if let Some(asked) = &subject.base {
            let subject = Subject { image: asked.clone(), index: None, ..subject.clone() };
            let base = images.open(&subject, image.limits());
            let base = base.map_err(|error| BaseFault::Unread(asked.to_string(), error))?;
            return Self::below(image, &base, NamedBy::Asker).map(Some);
        }
        let Some(claimed) = image.claimed_base() else { return Ok(None) };
        let base = claimed_image(image, &claimed, images)?;
        Self::below(image, &base, NamedBy::Annotation).map(Some)
    }

    fn below(image: &Image, base: &Image, named_by: NamedBy) -> Result<Self, BaseFault> {
        if !image.is_built_on(base) {
            return Err(BaseFault::NotBelow(base.pinned().clone()));
        }
        let layers = u32::try_from(base.layers().len()).unwrap_or(u32::MAX);
        Ok(Self { image: base.pinned().clone(), layers, named_by })
    }

    /// Whether this layer is one of its.
    pub fn has(&self, layer: &LayerRef) -> bool {
        layer.index < self.layers
    }

    /// Which of the two brought a package.
    pub fn origin(&self, package: &Package) -> Origin {
        if self.has(&package.layer) { Origin::Base } else { Origin::Own }
    }
}

impl Inventory {
    /// The same, with what comes from this base told apart.
    #[must_use]
    pub fn on(mut self, base: Base) -> Self {
        for package in &mut self.packages {
            package.origin = Some(base.origin(package));
        }
        self.base = Some(base);
        self
    }
}

/// The image that an annotation names. The annotation is the work of whoever pushed the image,
/// so it is followed within the image's own registry only.
fn claimed_image(
    image: &Image,
    claimed: &ClaimedBase,
    images: &dyn Images,
) -> Result<Image, BaseFault> {
    let digest: Digest = claimed
        .digest
        .parse()
        .map_err(|error| BaseFault::Digest(shortened(&claimed.digest), error))?;
    let unread = |error| BaseFault::Unread(digest.to_string(), error);
    let elsewhere = |name: &str| BaseFault::Elsewhere(shortened(name));
    let name = match (&claimed.name, image.place()) {
        (Some(name), Place::Registry) => name,
        // An image of a layout may have its base beside it, and nowhere else.
        (None, _) | (_, Place::Local) => {
            return image.other(&image.repository(), digest).map_err(unread);
        }
    };
    let reference: Reference = name.parse().map_err(|_| elsewhere(name))?;
    let own = image.pinned().repository.split('/').next();
    if own != Some(reference.registry()) {
        return Err(elsewhere(name));
    }
    let repository = images.repository(&reference.name(), image.limits()).map_err(unread)?;
    image.other(&repository, digest).map_err(unread)
}

/// Whoever pushed the image wrote it, and it is shown.
fn shortened(text: &str) -> String {
    text.chars().take(128).collect()
}
