//! What bills of materials in the image or attached to it claim, compared with what was found
//! (docs/decisions/092). They replace no look and change no judgement.

use serde::{Deserialize, Serialize};
use verdict::Digest;

use crate::package::LayerRef;

/// A bill of materials that is a file of the image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct BillFile {
    /// Its path from the image's root, without a leading `/`.
    pub path: String,
    /// The layer that wrote it.
    pub layer: LayerRef,
    /// The digest of its bytes.
    pub digest: Digest,
    /// How many they are.
    pub size: u64,
}

/// Which bytes a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct BillBytes {
    pub(crate) digest: Digest,
    pub(crate) size: u64,
}

/// A bill of materials that somebody else wrote, and where it disagrees with what was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ClaimedBill {
    /// Where it lies.
    pub place: BillPlace,
    /// Its format and version (`SPDX 2.3`), if it could be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
    /// Why it could not be compared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trouble: Option<String>,
    /// How it compares with what was found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comparison: Option<Comparison>,
}

/// Where a bill of materials lies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum BillPlace {
    /// A file of the image.
    Inside {
        /// Its path from the image's root, without a leading `/`.
        path: String,
        /// The layer that wrote it.
        layer: LayerRef,
    },
    /// Attached to the image: anybody who may push may have put it there, and no signature of it
    /// was verified.
    Attached {
        /// What it is attached by: `referrers`, `sha256-….att`, the index, …
        by: String,
        /// The manifest that holds it, if there was one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        manifest: Option<Digest>,
        /// Its layer there, from 0.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        layer: Option<u32>,
    },
}

/// Where a bill of materials and what was found agree, and where not.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Comparison {
    /// Packages that both name, in the same version.
    pub agreed: u64,
    /// Packages that it lists and that were not found, by package URL.
    pub only_listed: Vec<String>,
    /// Packages that were found and that it lacks, though it lists others of that kind.
    pub only_found: Vec<String>,
    /// Packages that both name, in other versions.
    pub other_versions: Vec<OtherVersions>,
    /// Packages that it lists without a package URL, or with one that is none.
    pub unnamed: u64,
}

/// A package in versions that differ.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct OtherVersions {
    /// Its type and name, as in a package URL: `npm/lodash`.
    pub name: String,
    /// The versions that are listed.
    pub listed: Vec<String>,
    /// The versions that were found.
    pub found: Vec<String>,
}

impl Comparison {
    /// Whether there is nothing in which they differ.
    pub fn is_agreement(&self) -> bool {
        self.only_listed.is_empty() && self.only_found.is_empty() && self.other_versions.is_empty()
    }
}
