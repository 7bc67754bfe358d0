//! What a document is about: an image, and what was found in it.

use inventory::{Inventory, LayerRef, Package};
use jiff::Timestamp;
use oci_image::Image;
use packageurl::PackageUrl;
use serde::Deserialize;
use verdict::{Digest, Platform};

use crate::identity::Identity;

/// The program that writes documents, and its version.
pub(crate) const TOOL: &str = "faas-validator";
pub(crate) const TOOL_VERSION: &str = env!("CARGO_PKG_VERSION");

/// An image and its inventory: all that a document tells.
#[derive(Debug, Clone)]
pub struct Subject<'i> {
    pub(crate) inventory: &'i Inventory,
    pub(crate) platform: Platform,
    pub(crate) config: Digest,
    pub(crate) layers: Vec<Digest>,
    /// When the image says that it was made. Nothing else is a time here: the same image gives
    /// the same document, whenever it is asked.
    pub(crate) created: Option<Timestamp>,
}

#[derive(Deserialize)]
struct Created {
    created: Option<String>,
}

impl<'i> Subject<'i> {
    /// An image with the inventory that was taken of it.
    pub fn new(image: &Image, inventory: &'i Inventory) -> Self {
        Self {
            inventory,
            platform: image.platform().clone(),
            config: image.config_digest(),
            layers: image.layers().iter().map(|it| it.diff_id).collect(),
            created: created(image.config_json()),
        }
    }

    /// What all of a document's own names come from: the image, the tool, and what was found.
    pub(crate) fn identity(&self, format: &str) -> Identity {
        let packages = serde_json::to_vec(self.inventory).unwrap_or_default();
        let found = Digest::of(&packages).to_string();
        Identity::of(&[TOOL, TOOL_VERSION, format, &self.inventory.digest.to_string(), &found])
    }

    /// The image's package URL: its name in short, its digest, and where it may be had.
    pub(crate) fn purl(&self) -> String {
        let image = &self.inventory.image;
        let repository = image.repository.to_lowercase();
        let name = repository.rsplit('/').next().unwrap_or_default().to_owned();
        let build = || -> Option<String> {
            let mut purl = PackageUrl::new("oci", name).ok()?;
            purl.with_version(image.digest.to_string()).ok()?;
            purl.add_qualifier("arch", self.platform.architecture.clone()).ok()?;
            purl.add_qualifier("repository_url", repository.clone()).ok()?;
            Some(purl.to_string())
        };
        build().unwrap_or_else(|| format!("pkg:oci/image@{}", image.digest))
    }

    /// The package's own name within a document: the same package at another path is another.
    pub(crate) fn package_identity(package: &Package) -> Identity {
        Identity::of(&["package", &package.purl, &package.path])
    }
}

/// Seconds since 1970 or later; what is earlier is a builder's way to say nothing.
fn created(config: &[u8]) -> Option<Timestamp> {
    let config: Created = serde_json::from_slice(config).ok()?;
    let created: Timestamp = config.created?.parse().ok()?;
    Some(created).filter(|it| it.as_second() >= 0)
}

/// A time as both formats write it: UTC, whole seconds.
pub(crate) fn to_the_second(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// A layer in words: `layer 2 (sha256:…)`.
pub(crate) fn layer_in_words(layer: &LayerRef) -> String {
    format!("layer {} ({})", layer.index, layer.diff_id)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(config: &str, expect: Option<&str>) {
        let created = created(config.as_bytes()).map(to_the_second);
        assert_eq!(created.as_deref(), expect, "{config}");
    }

    #[test]
    fn the_time_is_what_the_image_says() {
        check(r#"{"created":"2024-05-22T20:11:29.123456789Z"}"#, Some("2024-05-22T20:11:29Z"));
        check(r#"{"created":"2024-05-22T22:11:29+02:00"}"#, Some("2024-05-22T20:11:29Z"));
        check(r#"{"created":"1970-01-01T00:00:00Z"}"#, Some("1970-01-01T00:00:00Z"));
        for silent in [
            "{}",
            r#"{"created":null}"#,
            r#"{"created":"0001-01-01T00:00:00Z"}"#,
            r#"{"created":"soon"}"#,
        ] {
            check(silent, None);
        }
    }
}
