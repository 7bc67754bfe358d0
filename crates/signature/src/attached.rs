//! What is attached to an image, in every layout in which it may lie there: cosign's tags (`.sig`,
//! `.att`), the referrers that a registry lists, and the index under the tag `sha256-<hex>` where
//! it lists none. All are asked, and what they hold is united: none hides another.
//!
//! Tags and lists are mutable, and anybody with push access writes them: finding something means
//! nothing until it verifies, and a foreign or broken entry must not hide a good one beside it.

mod abreast;
mod described;
mod fetch;
mod listed;
mod probe;
mod sort;

use std::fmt;
use std::sync::Arc;

use oci_image::{ImageError, Repository};
use verdict::{Digest, Limits};

use crate::notation::Enveloped;
pub use probe::{attestation_tag, fallback_tag, legacy_tag};
pub use sort::{
    BUNDLE_LAYER, COSE_LAYER, ENVELOPE_LAYER, JWS_LAYER, NOTATION_ARTIFACT, SIGNATURE_LAYER,
};

/// What is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Wanted {
    /// Signatures; of attestations only that they are there.
    Signatures,
    /// Attestations too.
    Everything,
}

/// All that is attached to an image.
#[derive(Debug, Default)]
pub struct Attached {
    /// What was found, in order: by subject and repository, and there the legacy tags first.
    pub attachments: Vec<Attachment>,
    /// Where could not be looked. Nobody knows what is there.
    pub unanswered: Vec<Unanswered>,
}

/// One thing as it lies at the image; nothing in it is believed yet.
#[derive(Debug)]
pub struct Attachment {
    /// Where it was found.
    pub origin: Origin,
    /// What it is, or why it cannot be had.
    pub content: Result<Material, AttachmentError>,
}

/// Where something was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The manifest that it was looked for at: the image's own, or that of its index.
    pub subject: Digest,
    /// The repository.
    pub repository: String,
    /// The layout in which it lies.
    pub layout: Layout,
    /// The manifest that it hangs on.
    pub manifest: Digest,
    /// Its layer there, from 0.
    pub layer: u32,
}

/// How things are attached to an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Layout {
    /// cosign's tag `sha256-<hex>.sig`.
    SignatureTag,
    /// cosign's tag `sha256-<hex>.att`.
    AttestationTag,
    /// The list of referrers that the registry or layout keeps.
    Referrers,
    /// The index under the tag `sha256-<hex>`, where the registry keeps no list.
    FallbackTag,
}

/// Something that may be a signature or an attestation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Material {
    /// A signed document of the simple signing format (cosign before version 3).
    Simple(Simple),
    /// A Sigstore bundle, as JSON.
    Bundle(Vec<u8>),
    /// A DSSE envelope under the attestation tag, and what vouches for its signer.
    Envelope(Vec<u8>, Sigstore),
    /// An envelope of Notation's.
    Notation(Enveloped),
    /// Something that is not looked into, by what it says it is.
    Other(Kind),
}

/// A signature over a simple signing document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Simple {
    /// The signed bytes.
    pub payload: Vec<u8>,
    /// The signature over them.
    pub signature: Vec<u8>,
    /// What vouches for the signer and the time.
    pub sigstore: Sigstore,
}

/// What cosign notes beside a legacy signature made with a certificate or a log. Texts as they
/// stand in the manifest's annotations.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sigstore {
    /// `dev.sigstore.cosign/certificate`: the signer's certificate (PEM).
    pub certificate: Option<String>,
    /// `dev.sigstore.cosign/chain`: the certificates above it (PEM).
    pub chain: Option<String>,
    /// `dev.sigstore.cosign/bundle`: the transparency log's entry and promise (JSON).
    pub log_entry: Option<String>,
    /// `dev.sigstore.cosign/rfc3161timestamp`: a signed time (JSON).
    pub timestamp: Option<String>,
}

/// What something says that it is. It may lie: then it hides itself, and nothing else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// An artifact of Notation's that is not one envelope of a known format.
    Notation,
    /// An attestation with this predicate, which was not asked for.
    Attestation(String),
    /// Anything else, by its media type.
    Artifact(String),
}

/// Why one attached thing cannot be looked at. The others still are.
#[derive(Debug, thiserror::Error)]
pub enum AttachmentError {
    /// No signature annotation, an empty or a giant one.
    #[error(
        "it carries no annotation {} of at most {} characters",
        sort::SIGNATURE,
        sort::SIGNATURE_CHARS_MAX
    )]
    NoSignature,
    /// The annotation is not base64.
    #[error("its signature is not base64")]
    Base64(#[source] base64::DecodeError),
    /// Its bytes are missing or not what they are declared to be.
    #[error("its payload cannot be read")]
    Payload(#[source] Arc<ImageError>),
    /// It is attached to an index that does not list the image.
    #[error("it is a signature of an index that does not list the image")]
    NotListed,
    /// It is attached to an index that cannot be read.
    #[error("its index cannot be read")]
    Index(#[source] Arc<ImageError>),
    /// The manifest that it is about cannot be read, to be compared.
    #[error("the manifest that it is about cannot be read")]
    Subject(#[source] Arc<ImageError>),
    /// The manifest that it would hang on is missing or none.
    #[error("its manifest cannot be read")]
    Manifest(#[source] Arc<ImageError>),
}

/// Somewhere that gave no answer.
#[derive(Debug, thiserror::Error)]
#[error("{layout} of {subject} in {repository} cannot be read")]
pub struct Unanswered {
    /// What was looked for there.
    pub layout: Layout,
    /// The manifest that it would be attached to.
    pub subject: Digest,
    /// The repository.
    pub repository: String,
    /// Why not.
    #[source]
    pub source: ImageError,
}

/// Finds what is attached to these manifests in these repositories, all asked side by side. At
/// most `limits.signatures_max` things are looked at, and `limits.signature_bytes_max` bytes of
/// them; what is more is said to be, and not fetched.
///
/// It does not fail: what could not be asked is among what it answers.
pub fn attached(
    subjects: &[Digest],
    repositories: &[Repository],
    wanted: Wanted,
    limits: &Limits,
) -> Attached {
    let (found, unanswered) = probe::probe(subjects, repositories, wanted);
    Attached { attachments: fetch::fetch(found, wanted, limits), unanswered }
}

impl AttachmentError {
    /// The image error behind it, if there is one.
    pub fn image_error(&self) -> Option<&ImageError> {
        match self {
            Self::Payload(source)
            | Self::Manifest(source)
            | Self::Subject(source)
            | Self::Index(source) => Some(source),
            Self::NoSignature | Self::Base64(_) | Self::NotListed => None,
        }
    }
}

impl fmt::Display for Layout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SignatureTag => "signature tag",
            Self::AttestationTag => "attestation tag",
            Self::Referrers => "referrers",
            Self::FallbackTag => "fallback tag",
        })
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hex = self.manifest.hex();
        let manifest = hex.get(..12).unwrap_or_default();
        write!(f, "layer {} of {manifest} ({})", self.layer, self.layout)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Notation => {
                f.write_str("artifact of Notation's without one envelope that is known")
            }
            Self::Attestation(predicate) => write!(f, "attestation {predicate}"),
            Self::Artifact(media_type) => write!(f, "artifact {media_type}"),
        }
    }
}
