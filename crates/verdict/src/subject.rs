//! Who is judged.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::digest::{Digest, DigestError};

/// When a subject is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    /// Before the image is deployed.
    Build,
    /// While its containers run.
    Runtime,
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Build => "build",
            Self::Runtime => "runtime",
        })
    }
}

/// What a build does with the image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// The function's own image.
    Made,
    /// An image that the function's build starts from or copies from.
    Used,
}

/// Where the image lay when it was resolved. By default a signature is asked of images in a
/// registry only: what lies on the builder's own disk has not been published yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Place {
    /// A registry, reached over the network.
    Registry,
    /// A container daemon, a layout or an archive on this machine.
    Local,
}

/// Operating system and processor, as OCI names them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(try_from = "String", into = "String")]
#[cfg_attr(feature = "schema", schemars(with = "String"))]
pub struct Platform {
    /// `linux`, …
    pub os: String,
    /// `amd64`, `arm64`, …
    pub architecture: String,
    /// `v7`, `v8`, …
    pub variant: Option<String>,
}

impl Platform {
    /// The platform of a function when nothing else is said: `linux/amd64`.
    pub fn linux_amd64() -> Self {
        Self { os: "linux".to_owned(), architecture: "amd64".to_owned(), variant: None }
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.os, self.architecture)?;
        self.variant.iter().try_for_each(|variant| write!(f, "/{variant}"))
    }
}

impl FromStr for Platform {
    type Err = SubjectError;

    fn from_str(text: &str) -> Result<Self, SubjectError> {
        let wrong = || SubjectError::Platform(text.to_owned());
        let parts: Vec<&str> = text.split('/').collect();
        if parts.iter().any(|part| part.is_empty() || part.len() > 64) {
            return Err(wrong());
        }
        match parts.as_slice() {
            [os, architecture] => {
                Ok(Self { os: (*os).into(), architecture: (*architecture).into(), variant: None })
            }
            [os, architecture, variant] => Ok(Self {
                os: (*os).into(),
                architecture: (*architecture).into(),
                variant: Some((*variant).into()),
            }),
            _ => Err(wrong()),
        }
    }
}

impl TryFrom<String> for Platform {
    type Error = SubjectError;

    fn try_from(text: String) -> Result<Self, SubjectError> {
        text.parse()
    }
}

impl From<Platform> for String {
    fn from(platform: Platform) -> Self {
        platform.to_string()
    }
}

/// An image that cannot change under its name: `repository@sha256:…`.
///
/// `repository` is fully qualified (`docker.io/library/alpine`) for an image of a registry; for
/// one without a name (an archive) it is `localhost/unnamed`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(try_from = "String", into = "String")]
#[cfg_attr(feature = "schema", schemars(with = "String", extend("pattern" = r"^.+@sha256:[0-9a-f]{64}$")))]
pub struct PinnedImage {
    /// Registry and repository, without tag or digest.
    pub repository: String,
    /// The digest of the manifest.
    pub digest: Digest,
}

impl fmt::Display for PinnedImage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.repository, self.digest)
    }
}

impl FromStr for PinnedImage {
    type Err = SubjectError;

    fn from_str(text: &str) -> Result<Self, SubjectError> {
        match text.rsplit_once('@') {
            Some((repository, digest)) if !repository.is_empty() => {
                let digest = digest
                    .parse()
                    .map_err(|source| SubjectError::Pin { text: text.to_owned(), source })?;
                Ok(Self { repository: repository.to_owned(), digest })
            }
            _ => Err(SubjectError::NotPinned(text.to_owned())),
        }
    }
}

impl TryFrom<String> for PinnedImage {
    type Error = SubjectError;

    fn try_from(text: String) -> Result<Self, SubjectError> {
        text.parse()
    }
}

impl From<PinnedImage> for String {
    fn from(image: PinnedImage) -> Self {
        image.to_string()
    }
}

/// An image that was found under its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolved {
    /// The manifest of the platform that was asked for.
    pub image: PinnedImage,
    /// The digest of the index that it was picked from, if it was.
    pub index: Option<Digest>,
    /// Where it lay.
    pub place: Place,
}

/// What a validation is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Subject {
    /// The function's name, if the image was asked about as a function's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub function: Option<String>,
    /// The function's OpenFaaS namespace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// The image as the user wrote it, transport and tag included.
    pub declared: String,
    /// What that was when it was resolved, once, at the door.
    pub image: PinnedImage,
    /// The digest of the multi-platform index that it was picked from, if it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub index: Option<Digest>,
    /// The image that it is built on, as the asker says. Believed only where the layers show it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<PinnedImage>,
    /// The platform whose manifest `image` names.
    pub platform: Platform,
    /// Whether the function's build makes this image or uses it.
    pub role: Role,
    /// Where the image lay.
    pub place: Place,
    /// Which deployment of the function this is, so that the same event twice is the same
    /// validation and a new deployment is a new one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generation: Option<String>,
}

/// Why a text does not name a platform or a pinned image.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SubjectError {
    /// Not `os/architecture` or `os/architecture/variant`.
    #[error("platform {0:?} is not os/architecture[/variant], such as linux/arm64")]
    Platform(String),
    /// No `@digest` at its end.
    #[error("image {0:?} is not pinned: it has no @sha256:… at its end")]
    NotPinned(String),
    /// The digest is not one.
    #[error("image {text:?} is not pinned by a digest")]
    Pin {
        /// What was read.
        text: String,
        /// What is wrong with its digest.
        source: DigestError,
    },
}
