//! What a layer that is attached to an image is: its media type decides, and never the artifact
//! type that a list gives the manifest, which registries fill as they please.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use oci_image::{Descriptor, Manifest};

use super::{AttachmentError, Kind, Material, Sigstore, Simple, Wanted};
use crate::SIGN_PREDICATE;
use crate::notation::{EnvelopeFormat, Enveloped};

/// The media type of a layer that is a legacy signature.
pub const SIGNATURE_LAYER: &str = "application/vnd.dev.cosign.simplesigning.v1+json";
/// The media type of a layer that is a Sigstore bundle, of today's version.
pub const BUNDLE_LAYER: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";
/// The media type of a layer that is a DSSE envelope.
pub const ENVELOPE_LAYER: &str = "application/vnd.dsse.envelope.v1+json";

/// The media type of a layer that is a Notation signature in JSON.
pub const JWS_LAYER: &str = "application/jose+json";
/// The media type of a layer that is a Notation signature in CBOR.
pub const COSE_LAYER: &str = "application/cose";
/// What the manifest of a Notation signature says that it is.
pub const NOTATION_ARTIFACT: &str = "application/vnd.cncf.notary.signature";

/// How the media types of bundles start, whatever their version.
const BUNDLE: &str = "application/vnd.dev.sigstore.bundle";
const PREDICATE: &str = "dev.sigstore.bundle.predicateType";
pub(super) const SIGNATURE: &str = "dev.cosignproject.cosign/signature";
/// No signature in base64 is longer: RSA-16384 has 2,732 digits.
pub(super) const SIGNATURE_CHARS_MAX: usize = 4096;

/// What a layer is, before it is fetched.
pub(super) enum Sorted<'m> {
    /// To be fetched, and then made into material.
    Blob(&'m Descriptor, Made),
    /// Not to be fetched.
    Known(Result<Material, AttachmentError>),
}

/// What a fetched layer is made into.
pub(super) enum Made {
    Simple(Vec<u8>, Sigstore),
    Bundle,
    Envelope(Sigstore),
    Notation(EnvelopeFormat),
}

impl Made {
    /// The material that these bytes are.
    pub(super) fn material(self, bytes: Vec<u8>) -> Material {
        match self {
            Self::Simple(signature, sigstore) => {
                Material::Simple(Simple { payload: bytes, signature, sigstore })
            }
            Self::Bundle => Material::Bundle(bytes),
            Self::Envelope(sigstore) => Material::Envelope(bytes, sigstore),
            Self::Notation(format) => {
                Material::Notation(Enveloped { bytes, format, described: None })
            }
        }
    }
}

/// What the layers of a manifest are, with their places in it. One without any layer that we know
/// is one artifact.
pub(super) fn sort(manifest: &Manifest, wanted: Wanted) -> Vec<(u32, Sorted<'_>)> {
    let layers = (0..).zip(&manifest.layers);
    let known: Vec<_> = layers
        .filter_map(|(index, layer)| Some((index, sort_layer(manifest, layer, wanted)?)))
        .collect();
    match known.is_empty() {
        true => vec![(0, Sorted::Known(Ok(Material::Other(kind(manifest)))))],
        false => known,
    }
}

fn sort_layer<'m>(
    manifest: &'m Manifest,
    layer: &'m Descriptor,
    wanted: Wanted,
) -> Option<Sorted<'m>> {
    if layer.media_type == SIGNATURE_LAYER {
        return Some(match signature(layer) {
            Ok(signature) => Sorted::Blob(layer, Made::Simple(signature, sigstore(layer))),
            Err(error) => Sorted::Known(Err(error)),
        });
    }
    if layer.media_type.starts_with(BUNDLE) {
        // An attestation may be tens of megabytes. One that calls itself one is not fetched where
        // only signatures are wanted; should it lie, it is itself that it hides.
        let claimed = manifest.annotations.get(PREDICATE).filter(|it| *it != SIGN_PREDICATE);
        return Some(match claimed {
            Some(predicate) if wanted == Wanted::Signatures => {
                Sorted::Known(Ok(Material::Other(Kind::Attestation(shortened(predicate)))))
            }
            _ => Sorted::Blob(layer, Made::Bundle),
        });
    }
    if layer.media_type == ENVELOPE_LAYER {
        return Some(match wanted {
            Wanted::Everything => Sorted::Blob(layer, Made::Envelope(sigstore(layer))),
            Wanted::Signatures => {
                let predicate = layer.annotations.get("predicateType").map(|it| shortened(it));
                let kind = Kind::Attestation(predicate.unwrap_or_default());
                Sorted::Known(Ok(Material::Other(kind)))
            }
        });
    }
    let format = notation_format(manifest, layer)?;
    Some(Sorted::Blob(layer, Made::Notation(format)))
}

/// A JSON Web Signature may be anybody's: it is Notation's if the manifest says so and holds
/// nothing else (signature-specification.md, "Storage").
fn notation_format(manifest: &Manifest, layer: &Descriptor) -> Option<EnvelopeFormat> {
    let alone = manifest.layers.len() == 1 && is_notation(manifest);
    match layer.media_type.as_str() {
        JWS_LAYER if alone => Some(EnvelopeFormat::Jws),
        COSE_LAYER if alone => Some(EnvelopeFormat::Cose),
        _ => None,
    }
}

fn is_notation(manifest: &Manifest) -> bool {
    manifest.artifact_type.as_deref() == Some(NOTATION_ARTIFACT)
        || manifest.config.media_type == NOTATION_ARTIFACT
}

fn signature(layer: &Descriptor) -> Result<Vec<u8>, AttachmentError> {
    let text = layer.annotations.get(SIGNATURE).map(String::as_str).unwrap_or_default();
    if text.is_empty() || text.len() > SIGNATURE_CHARS_MAX {
        return Err(AttachmentError::NoSignature);
    }
    STANDARD.decode(text).map_err(AttachmentError::Base64)
}

fn sigstore(layer: &Descriptor) -> Sigstore {
    let note = |name: &str| {
        let text = layer.annotations.get(&format!("dev.sigstore.cosign/{name}"))?;
        (!text.is_empty()).then(|| text.clone())
    };
    Sigstore {
        certificate: note("certificate"),
        chain: note("chain"),
        log_entry: note("bundle"),
        timestamp: note("rfc3161timestamp"),
    }
}

fn kind(manifest: &Manifest) -> Kind {
    if is_notation(manifest) {
        return Kind::Notation;
    }
    let artifact_type = manifest.artifact_type.as_deref();
    let first_layer = || manifest.layers.first().map(|it| it.media_type.as_str());
    Kind::Artifact(shortened(artifact_type.or_else(first_layer).unwrap_or_default()))
}

/// Whoever may push writes it, and it is shown.
fn shortened(text: &str) -> String {
    text.chars().filter(|it| !it.is_control()).take(128).collect()
}
