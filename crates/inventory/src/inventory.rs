//! What is in an image.

use oci_image::PinnedImage;
use serde::{Deserialize, Serialize};
use verdict::Digest;

use crate::base::Base;
use crate::claimed::{BillFile, ClaimedBill};
use crate::file::FileFacts;
use crate::note::Note;
use crate::os_release::OsRelease;
use crate::package::Package;

/// What is in an image: the packages of its squashed layers, the distribution, and the files
/// whose mode gives power away. Deterministic: the same image gives the same inventory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Inventory {
    /// The image, by digest.
    pub image: PinnedImage,
    /// The manifest's digest: the image's.
    pub digest: Digest,
    /// The image that it is built on, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<Base>,
    /// The distribution, if the image says which.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub os_release: Option<OsRelease>,
    /// The packages, by ecosystem, name, version and path.
    pub packages: Vec<Package>,
    /// Files that run with their owner's rights, and executables that everybody may change, by
    /// path.
    #[serde(default)]
    pub files: Vec<FileFacts>,
    /// What could not be read. While there are any, the packages are not all there are.
    #[serde(default)]
    pub notes: Vec<Note>,
    /// Bills of materials that lie in the image, by path. What they list is no part of `packages`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bill_files: Vec<BillFile>,
    /// Bills of materials that others wrote of the image, where somebody looked for them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub claimed_bills: Vec<ClaimedBill>,
    /// How much was looked at.
    pub counts: Counts,
}

/// How much was looked at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Counts {
    /// Layers.
    pub layers: u64,
    /// Entries of all layers together, as they are stored.
    pub entries: u64,
    /// Bytes of all layers together, inflated.
    pub inflated_bytes: u64,
    /// Packages.
    pub packages: u64,
}
