//! Why an image could not be read, and which rule that comes under.

use std::io;

use verdict::{Digest, DigestError, Finding, Rule, SubjectError, common};

/// Why an image could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ImageError {
    /// Something of it is larger, longer or deeper than the limits let it be.
    #[error("{what} is past the limit {limit} = {max}")]
    Limit {
        /// What was read.
        what: String,
        /// The limit's name in policy.yml.
        limit: &'static str,
        /// Its value.
        max: u64,
    },
    /// More than any sound image has, and more than policy.yml could allow.
    #[error("{what} is past what is ever read: {bound} = {max}")]
    Bound {
        /// What was read.
        what: String,
        /// What is bounded.
        bound: &'static str,
        /// How much there may be.
        max: u64,
    },
    /// Bytes that do not have the digest that was promised.
    #[error("{what} was promised as {expected} and is {found}")]
    WrongDigest {
        /// What was read.
        what: String,
        /// The promised digest.
        expected: Digest,
        /// The digest of what came.
        found: Digest,
    },
    /// Bytes that are more or fewer than was promised.
    #[error("{what} was promised with {expected} bytes and has {found}")]
    WrongSize {
        /// What was read.
        what: String,
        /// The promised size.
        expected: u64,
        /// The size of what came, or how much of it had come when it was too much.
        found: u64,
    },
    /// A JSON document that is not one, or not of its shape.
    #[error("{what} is malformed")]
    Json {
        /// Which document.
        what: &'static str,
        /// What the parser says.
        source: serde_json::Error,
    },
    /// A manifest that contradicts itself.
    #[error("{0}")]
    Confused(String),
    /// Docker's first manifest format.
    #[error("image is of Docker schema 1 ({0}), which has no digests to trust")]
    SchemaOne(String),
    /// An index without an image for the platform.
    #[error("image has no manifest for {wanted} (it has {found})")]
    NoPlatform {
        /// The platform that was asked for.
        wanted: String,
        /// Those that there are.
        found: String,
    },
    /// A layer that is no tar.
    #[error("layer {index} has the media type {media_type:?}, which is no tar layer")]
    LayerType {
        /// The layer's index.
        index: u32,
        /// What it says it is.
        media_type: String,
    },
    /// A layer that the registry does not hold: it lies with its maker (Windows base layers).
    #[error("layer {index} is foreign: it lies outside the registry and was not judged")]
    ForeignLayer {
        /// The layer's index.
        index: u32,
    },
    /// A layer's bytes cannot be inflated.
    #[error("layer {index} cannot be inflated")]
    Inflate {
        /// The layer's index.
        index: u32,
        /// What the decoder says.
        source: io::Error,
    },
    /// No manifest of that name.
    #[error("{0} does not exist")]
    NotFound(String),
    /// The registry wants another credential, or any.
    #[error("registry does not let us read {repository}")]
    Unauthorized {
        /// The repository.
        repository: String,
    },
    /// The registry has too much to do, and went on having it.
    #[error("registry {registry} answers {status} and has no time for us")]
    Busy {
        /// The registry.
        registry: String,
        /// Its last answer.
        status: u16,
    },
    /// The source did not answer, or not as it should.
    #[error("cannot read {what}")]
    Source {
        /// What was asked for.
        what: String,
        /// Why it did not come.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The text does not name an image.
    #[error("{text:?} does not name an image: {why}")]
    Name {
        /// What was given.
        text: String,
        /// What is wrong with it.
        why: String,
    },
    /// A digest in it is not one.
    #[error("digest is not one")]
    Digest(#[from] DigestError),
    /// It is not pinned.
    #[error("image is not pinned")]
    Pin(#[from] SubjectError),
}

impl ImageError {
    /// The rule that this comes under.
    pub fn rule(&self) -> &'static Rule {
        match self {
            Self::Limit { .. } | Self::Bound { .. } => &common::LIMIT_EXCEEDED,
            Self::NotFound(_)
            | Self::Source { .. }
            | Self::Name { .. }
            | Self::Unauthorized { .. }
            | Self::Busy { .. }
            | Self::NoPlatform { .. }
            | Self::ForeignLayer { .. } => &common::IMAGE_UNREACHABLE,
            _ => &common::IMAGE_MALFORMED,
        }
    }

    /// The finding that says so: an image that cannot be read is undecided, never passed.
    pub fn finding(&self) -> Finding {
        Finding::could_not(self.rule(), self).remedy(self.remedy())
    }

    /// What to do about it.
    pub fn remedy(&self) -> String {
        match self {
            Self::Limit { limit, .. } => {
                format!("make the image smaller, or raise `{limit}` in policy.yml under `limits:`")
            }
            Self::Bound { .. } => "build the image without what it names: no sound image needs that much".to_owned(),
            Self::ForeignLayer { .. } => "build on a base whose layers are all in the registry".to_owned(),
            Self::Unauthorized { .. } => "log in to the registry with an account that may pull (`docker login`), or mount its config.json as the secret `registry-auth`".to_owned(),
            Self::Busy { .. } => "wait, or log in: registries allow more to those they know".to_owned(),
            Self::NotFound(_) => "check the name, the tag and the platform; the image may not have been pushed or built yet".to_owned(),
            Self::Name { .. } => "name it as docker pull or skopeo would: ghcr.io/acme/fn:1, docker://…, docker-daemon:…, oci:DIR[:TAG], oci-archive:FILE, docker-archive:FILE".to_owned(),
            Self::NoPlatform { .. } => "ask for a platform that the image has (--platform)".to_owned(),
            Self::SchemaOne(_) => "push the image again with a current client: it is converted to schema 2".to_owned(),
            _ => self.rule().remedy.to_owned(),
        }
    }

    /// Wraps this for a place that only takes [`io::Error`]; [`ImageError::from_io`] unwraps it.
    pub fn into_io(self) -> io::Error {
        io::Error::other(self)
    }

    /// The error inside an [`io::Error`] of a [`LayerReader`](crate::LayerReader), or the I/O
    /// error itself as one of the source `what`.
    pub fn from_io(error: io::Error, what: impl Into<String>) -> Self {
        match error.downcast::<Self>() {
            Ok(inner) => inner,
            Err(error) => Self::Source { what: what.into(), source: error.into() },
        }
    }
}
