//! What is attached to an image: the signatures under cosign's legacy tag.
//!
//! The tag is mutable and anybody with push access may rewrite it: finding something there means
//! nothing until it verifies, and a foreign or broken entry must not hide a good one beside it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use oci_image::{Descriptor, Image, ImageError, ManifestKind, Which};
use verdict::{Digest, Limits};

/// The media type of a layer that is a legacy signature.
pub const SIGNATURE_LAYER: &str = "application/vnd.dev.cosign.simplesigning.v1+json";

const SIGNATURE: &str = "dev.cosignproject.cosign/signature";
/// No signature in base64 is longer: RSA-16384 has 2,732 digits.
const SIGNATURE_CHARS_MAX: usize = 4096;

/// All that is attached to an image.
#[derive(Debug, Default)]
pub struct Attached {
    /// The manifest that the signatures hang on, if there is one.
    pub manifest: Option<Digest>,
    /// The signatures, in the manifest's order.
    pub signatures: Vec<Attachment>,
}

/// One signature as it lies at the image; nothing in it is believed yet.
#[derive(Debug)]
pub struct Attachment {
    /// Its layer in the signature manifest, from 0.
    pub index: u32,
    /// The signed bytes and the signature over them, or why they cannot be had.
    pub content: Result<(Vec<u8>, Vec<u8>), AttachmentError>,
}

/// Why one attached signature cannot be looked at. The others still are.
#[derive(Debug, thiserror::Error)]
pub enum AttachmentError {
    /// No signature annotation, an empty or a giant one.
    #[error("it carries no annotation {SIGNATURE} of at most {SIGNATURE_CHARS_MAX} characters")]
    NoSignature,
    /// The annotation is not base64.
    #[error("its signature is not base64")]
    Base64(#[source] base64::DecodeError),
    /// The signed bytes are missing or not what they are declared to be.
    #[error("its payload cannot be read")]
    Payload(#[source] ImageError),
}

/// The tag under which cosign's legacy layout keeps the signatures of a manifest.
pub fn legacy_tag(manifest: &Digest) -> String {
    format!("sha256-{}.sig", manifest.hex())
}

/// Finds what is attached to an image: at most `limits.signatures_max` signatures, and
/// `limits.signature_bytes_max` bytes of them.
///
/// # Errors
/// When the registry does not answer, the signature manifest is malformed, or a limit is passed:
/// then nobody knows whether the image is signed.
pub fn attached(image: &Image, limits: &Limits) -> Result<Attached, ImageError> {
    let tag = legacy_tag(&image.pinned().digest);
    let Some(raw) = image.neighbour(&Which::Tag(tag.clone()))? else {
        return Ok(Attached::default());
    };
    let ManifestKind::Manifest(manifest) = ManifestKind::parse(&raw)? else {
        return Err(ImageError::Confused(format!("signature tag {tag} names an index")));
    };
    let layers: Vec<&Descriptor> =
        manifest.layers.iter().filter(|layer| layer.media_type == SIGNATURE_LAYER).collect();
    within(layers.len() as u64, limits.signatures_max.into(), "signatures_max")?;
    // Refused before anything is fetched: the declared sizes are what will be read at most.
    let bytes = layers.iter().fold(0_u64, |sum, layer| sum.saturating_add(layer.size));
    within(bytes, limits.signature_bytes_max, "signature_bytes_max")?;
    let mut signatures = Vec::with_capacity(layers.len());
    let mut payloads: Vec<(Digest, Vec<u8>)> = Vec::new();
    for (index, layer) in (0..).zip(layers) {
        let content = match content(image, layer, limits, &mut payloads) {
            // The registry failing in the middle is not one signature's fault.
            Err(AttachmentError::Payload(error @ ImageError::Source { .. })) => return Err(error),
            content => content,
        };
        signatures.push(Attachment { index, content });
    }
    Ok(Attached { manifest: Some(raw.digest()), signatures })
}

fn within(count: u64, max: u64, limit: &'static str) -> Result<(), ImageError> {
    if count <= max {
        return Ok(());
    }
    Err(ImageError::Limit { what: format!("signatures of the image ({count})"), limit, max })
}

fn content(
    image: &Image,
    layer: &Descriptor,
    limits: &Limits,
    payloads: &mut Vec<(Digest, Vec<u8>)>,
) -> Result<(Vec<u8>, Vec<u8>), AttachmentError> {
    let text = layer.annotations.get(SIGNATURE).map(String::as_str).unwrap_or_default();
    if text.is_empty() || text.len() > SIGNATURE_CHARS_MAX {
        return Err(AttachmentError::NoSignature);
    }
    let signature = STANDARD.decode(text).map_err(AttachmentError::Base64)?;
    // Several signers of one image sign the same bytes: they are fetched once.
    if let Some((_, known)) = payloads.iter().find(|(digest, _)| *digest == layer.digest) {
        return Ok((known.clone(), signature));
    }
    let max = (limits.signature_bytes_max, "signature_bytes_max");
    let payload =
        image.small_blob(layer, "signature payload", max).map_err(AttachmentError::Payload)?;
    payloads.push((layer.digest, payload.clone()));
    Ok((payload, signature))
}
