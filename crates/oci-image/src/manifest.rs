//! Manifests and indexes, OCI and Docker schema 2.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use verdict::Digest;

use crate::descriptor::{Descriptor, media_type};
use crate::document::MANIFEST;
use crate::error::ImageError;

/// A manifest's bytes as a store gave them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawManifest {
    /// The media type that the store claims, if it claims one.
    pub media_type: Option<String>,
    /// The bytes; their SHA-256 is the manifest's digest.
    pub bytes: Vec<u8>,
}

impl RawManifest {
    /// The digest of the bytes.
    pub fn digest(&self) -> Digest {
        Digest::of(&self.bytes)
    }
}

/// What a manifest's bytes turned out to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ManifestKind {
    /// One image or artifact.
    Manifest(Box<Manifest>),
    /// One image for several platforms.
    Index(Index),
}

/// One image or artifact: a configuration and layers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Manifest {
    /// Always 2.
    pub schema_version: u32,
    /// The manifest's own media type; OCI lets it be absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media_type: Option<String>,
    /// What kind of artifact it is, if it is no image.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact_type: Option<String>,
    /// The configuration.
    pub config: Descriptor,
    /// The layers, lowest first.
    pub layers: Vec<Descriptor>,
    /// The manifest that this one is about (signatures, attestations).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<Descriptor>,
    /// Free-form notes.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
}

/// One image for several platforms.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Index {
    /// Always 2.
    pub schema_version: u32,
    /// The index's own media type; OCI lets it be absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media_type: Option<String>,
    /// The manifests.
    pub manifests: Vec<Descriptor>,
    /// Free-form notes.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Probe {
    schema_version: Option<u32>,
    media_type: Option<String>,
    config: Option<serde::de::IgnoredAny>,
    manifests: Option<serde::de::IgnoredAny>,
    layers: Option<serde::de::IgnoredAny>,
    fs_layers: Option<serde::de::IgnoredAny>,
}

impl ManifestKind {
    /// Reads a manifest. The document's own shape decides, and its `mediaType` and the store's
    /// must agree with it: a manifest that is an index to one reader and an image to another is
    /// how digests are confused (OCI image-spec, manifest.md; CVE-2021-41190).
    ///
    /// # Errors
    /// When it is malformed, of Docker schema 1, or says of itself what it is not.
    pub fn parse(raw: &RawManifest) -> Result<Self, ImageError> {
        let malformed = |source| ImageError::Json { what: "manifest", source };
        let probe: Probe = MANIFEST.parse(&raw.bytes)?;
        let claimed = [raw.media_type.as_deref(), probe.media_type.as_deref()];
        if let Some(schema_1) = claimed.into_iter().flatten().find(|it| is_schema_1(it)) {
            return Err(ImageError::SchemaOne(schema_1.to_owned()));
        }
        if probe.schema_version == Some(1) || probe.fs_layers.is_some() {
            return Err(ImageError::SchemaOne("schemaVersion 1".to_owned()));
        }
        if probe.schema_version != Some(2) {
            return Err(ImageError::Confused("manifest does not say schemaVersion 2".to_owned()));
        }
        let has = (probe.config.is_some(), probe.layers.is_some(), probe.manifests.is_some());
        let is_index = match has {
            (true, true, false) => false,
            (false, false, true) => true,
            _ => {
                let text = "manifest must have either a config and layers, or manifests";
                return Err(ImageError::Confused(text.to_owned()));
            }
        };
        let expected = match is_index {
            true => [media_type::OCI_INDEX, media_type::DOCKER_LIST],
            false => [media_type::OCI_MANIFEST, media_type::DOCKER_MANIFEST],
        };
        let named = |it: &&str| it.starts_with("application/vnd.");
        if let Some(wrong) =
            claimed.into_iter().flatten().filter(named).find(|it| !expected.contains(it))
        {
            let text = format!("manifest has the shape of {} and says it is {wrong}", expected[0]);
            return Err(ImageError::Confused(text));
        }
        if is_index {
            serde_json::from_slice(&raw.bytes).map(Self::Index).map_err(malformed)
        } else {
            serde_json::from_slice(&raw.bytes).map(Box::new).map(Self::Manifest).map_err(malformed)
        }
    }
}

fn is_schema_1(media_type: &str) -> bool {
    media_type::DOCKER_SCHEMA_1.contains(&media_type)
}
