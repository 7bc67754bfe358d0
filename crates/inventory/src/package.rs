//! A package of an image.

use serde::{Deserialize, Serialize};
use verdict::Digest;

use crate::base::Origin;
use crate::ecosystem::Ecosystem;

/// A package of an image, as its database or its own metadata names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Package {
    /// Its package URL (purl-spec), with the distribution where there is one.
    pub purl: String,
    /// Its name as the database writes it (`@scope/name` for npm).
    pub name: String,
    /// Its version as the database writes it.
    pub version: String,
    /// Whose package it is.
    pub ecosystem: Ecosystem,
    /// The layer that brought it: the first of the last unbroken presence of this very version at
    /// this very path. A package removed and added again belongs to the later layer.
    pub layer: LayerRef,
    /// Whether that layer is the base image's or the image's own, where its base is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
    /// The file that showed it: its real path from the image's root, without a leading `/`.
    pub path: String,
    /// What it was built from, where the database says so: Debian's source package, Alpine's
    /// origin. Advisories of distributions name sources.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<Source>,
    /// The architecture, as the database writes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub architecture: Option<String>,
    /// The licences as they are declared: words of the package, not SPDX expressions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub licenses: Vec<String>,
    /// Who built it, where the database says so (rpm's). It may be another than the distribution.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vendor: Option<String>,
    /// The package URL of the distribution's package that brought the file that shows it. It is
    /// that package's then: its flaws are those that the distribution's advisories name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owned_by: Option<String>,
    /// The lock files that name it too, where it is installed from one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also_at: Vec<String>,
}

impl Package {
    /// The name and version that a distribution's advisories are about: the source's, or where
    /// there is none the package's own.
    pub fn source_or_self(&self) -> (&str, &str) {
        match &self.source {
            Some(source) => (&source.name, &source.version),
            None => (&self.name, &self.version),
        }
    }
}

/// What a package was built from.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Source {
    /// The source package's name.
    pub name: String,
    /// The source package's version.
    pub version: String,
}

/// A layer, by all the names it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LayerRef {
    /// Its index, from 0 at the bottom.
    pub index: u32,
    /// The digest of its blob as it is stored.
    pub digest: Digest,
    /// The digest of its tar, inflated.
    pub diff_id: Digest,
}

impl LayerRef {
    pub(crate) fn of(layer: &oci_image::Layer) -> Self {
        Self { index: layer.index, digest: layer.descriptor.digest, diff_id: layer.diff_id }
    }
}
