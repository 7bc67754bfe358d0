//! What the user's own rules see as `input` (`docs/schema/policy-input.schema.json`).

use serde::Serialize;
use serde_json::Value;
use verdict::{Digest, Phase, PinnedImage, Place, Platform, Role};

/// What the user's own rules see as `input`.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct PolicyInput {
    /// The version of this document. Within one, keys are only ever added.
    pub api_version: InputVersion,
    /// When the image is judged.
    pub phase: Phase,
    /// The image.
    pub image: InputImage,
    /// The packages in it, by ecosystem, name and version.
    pub packages: Vec<InputPackage>,
    /// The function's entry in stack.yml, or its deployment; absent for an image of no function.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub function: Option<Value>,
}

/// The version of the input document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum InputVersion {
    /// The first.
    #[serde(rename = "faas-validator/v1")]
    V1,
}

/// An image, as the user's rules see it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct InputImage {
    /// Its name by digest: `ghcr.io/acme/fn@sha256:…`.
    #[serde(rename = "ref")]
    pub reference: PinnedImage,
    /// Its repository: `ghcr.io/acme/fn`.
    pub repository: String,
    /// The digest of its manifest.
    pub digest: Digest,
    /// Its name as the user wrote it.
    pub declared: String,
    /// Whether a build makes it or uses it.
    pub role: Role,
    /// Where it lay.
    pub place: Place,
    /// Its platform: `linux/amd64`.
    pub platform: Platform,
    /// Its configuration, as it is stored (OCI image-spec, config.md): `config.config.User`.
    pub config: Value,
    /// Its manifest (OCI image-spec, manifest.md).
    pub manifest: Value,
}

/// A package in the image.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct InputPackage {
    /// The package URL.
    pub purl: String,
    /// The name as its database writes it.
    pub name: String,
    /// The version.
    pub version: String,
    /// The package manager that wrote it down: `apk`, `dpkg`, `npm`, `pypi`, `golang` and others;
    /// `binary` for a program that none knows.
    pub ecosystem: String,
    /// The licences as the package declares them.
    pub licenses: Vec<String>,
    /// The package URL of the distribution's package that brought it, if one did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owned_by: Option<String>,
    /// The file that showed it.
    pub path: String,
    /// The index of the layer that brought it, from 0 at the bottom.
    pub layer: u32,
}
