//! What the attached signatures mean under a set of trusted keys.

use oci_image::ImageError;
use verdict::Digest;

use crate::algorithm::Algorithm;
use crate::attached::{
    Attached, Attachment, AttachmentError, BUNDLE_LAYER, Kind, Material, Origin, Simple, Unanswered,
};
use crate::key::{PublicKey, SignatureFault};
use crate::payload::{Payload, PayloadError};

/// Somebody who vouches for images: one valid signature by one of the keys is enough.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authority {
    /// The name that the policy calls it by.
    pub name: String,
    /// Its keys.
    pub keys: Vec<PublicKey>,
}

/// What it all comes to.
#[derive(Debug)]
pub struct Answer {
    /// The best that was found.
    pub outcome: Outcome,
    /// What each attached thing turned out to be, in order.
    pub seen: Vec<Seen>,
    /// Where could not be looked.
    pub unanswered: Vec<Unanswered>,
}

/// The best that was found among what is attached. Greatest is best.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// No signature is attached.
    Unsigned,
    /// Something is attached that is no signature of this image, whoever made it.
    BadSignature,
    /// A well-formed signature for this image verifies with no trusted key.
    OtherSigner,
    /// No trusted signature was found, and more is attached than the limits let be looked at.
    OverLimit,
    /// No trusted signature was found, and not every place answered.
    Unreachable,
    /// A trusted key signed this image.
    Verified,
}

/// What one attached thing turned out to be.
#[derive(Debug)]
pub struct Seen {
    /// Where it was found.
    pub origin: Origin,
    /// The authority and key that vouch, and the claim; or why it counts for nothing.
    pub result: Result<Vouched, Fault>,
}

/// A signature that counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vouched {
    /// The authority's name.
    pub authority: String,
    /// The id of its key.
    pub key: Digest,
    /// How that key made the signature.
    pub algorithm: Algorithm,
    /// What the signer claims.
    pub payload: Payload,
}

/// Why something that is attached counts for nothing.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// It cannot be looked at.
    #[error("it cannot be read")]
    Unreadable(#[source] AttachmentError),
    /// It is no signature, and does not pretend to be one.
    #[error("it is no signature but an {0}")]
    NoSignature(Kind),
    /// No trusted key makes signatures of its form.
    #[error("it has not the form of a signature by any of the trusted keys")]
    Malformed,
    /// What is signed is no image signature's payload.
    #[error("it is over something that is no image signature")]
    Payload(#[source] PayloadError),
    /// It is a signature of another image, moved here.
    #[error("it is for the manifest {0}, not for this image")]
    OtherImage(Digest),
    /// It is well-formed, for this image, and verifies with no trusted key: another key made it,
    /// or it was altered. Without the other key the two look the same.
    #[error("it verifies with none of the trusted keys")]
    OtherSigner,
}

/// Judges what is attached. One signature that verifies is enough, whatever else is attached
/// beside it.
pub fn judge(attached: Attached, authorities: &[Authority]) -> Answer {
    let look = |it: Attachment| {
        let result = vouched(it.content, &it.origin.subject, authorities);
        Seen { origin: it.origin, result }
    };
    let seen: Vec<Seen> = attached.attachments.into_iter().map(look).collect();
    let unanswered = attached.unanswered.iter().map(|it| could_not_look(&it.source));
    let silent = unanswered.map(|it| it.unwrap_or(Outcome::Unreachable));
    let outcome = seen.iter().map(Seen::outcome).chain(silent).max().unwrap_or(Outcome::Unsigned);
    Answer { outcome, seen, unanswered: attached.unanswered }
}

impl Seen {
    /// What this alone would come to.
    pub fn outcome(&self) -> Outcome {
        match &self.result {
            Ok(_) => Outcome::Verified,
            Err(Fault::OtherSigner) => Outcome::OtherSigner,
            Err(Fault::NoSignature(_)) => Outcome::Unsigned,
            Err(Fault::Unreadable(error)) => {
                error.image_error().and_then(could_not_look).unwrap_or(Outcome::BadSignature)
            }
            Err(_) => Outcome::BadSignature,
        }
    }
}

/// What an error means that says nothing about what was to be read: it might have been good.
fn could_not_look(error: &ImageError) -> Option<Outcome> {
    match error {
        ImageError::Limit { .. } | ImageError::Bound { .. } => Some(Outcome::OverLimit),
        ImageError::Source { .. } | ImageError::Unauthorized { .. } | ImageError::Busy { .. } => {
            Some(Outcome::Unreachable)
        }
        _ => None,
    }
}

fn vouched(
    content: Result<Material, AttachmentError>,
    subject: &Digest,
    authorities: &[Authority],
) -> Result<Vouched, Fault> {
    match content.map_err(Fault::Unreadable)? {
        Material::Simple(simple) => simply_vouched(&simple, subject, authorities),
        Material::Bundle(_) => Err(Fault::NoSignature(Kind::Artifact(BUNDLE_LAYER.to_owned()))),
        Material::Envelope(..) => Err(Fault::NoSignature(Kind::Attestation(String::new()))),
        Material::Other(kind) => Err(Fault::NoSignature(kind)),
    }
}

fn simply_vouched(
    simple: &Simple,
    subject: &Digest,
    authorities: &[Authority],
) -> Result<Vouched, Fault> {
    let (bytes, signature) = (&simple.payload, &simple.signature);
    // 1. Who signed these bytes? Every key is tried: a hint of the signer's selects nothing.
    let signer = signer(bytes, signature, authorities).map_err(|_| Fault::Malformed)?;
    // 2. What do they claim? A claim for another image is a moved signature, whoever made it.
    let payload = Payload::parse(bytes).map_err(Fault::Payload)?;
    if payload.digest != *subject {
        return Err(Fault::OtherImage(payload.digest));
    }
    // 3. Is the signer trusted?
    let (authority, key, algorithm) = signer.ok_or(Fault::OtherSigner)?;
    Ok(Vouched { authority: authority.name.clone(), key: *key.id(), algorithm, payload })
}

fn signer<'a>(
    bytes: &[u8],
    signature: &[u8],
    authorities: &'a [Authority],
) -> Result<Option<(&'a Authority, &'a PublicKey, Algorithm)>, SignatureFault> {
    // Its form fits some keys and not others: only one that fits none of them is malformed.
    let (mut tried, mut fits) = (false, false);
    for authority in authorities {
        for key in &authority.keys {
            tried = true;
            match key.verify(bytes, signature) {
                Ok(algorithm) => return Ok(Some((authority, key, algorithm))),
                Err(SignatureFault::Mismatch) => fits = true,
                Err(SignatureFault::Malformed) => {}
            }
        }
    }
    if tried && !fits { Err(SignatureFault::Malformed) } else { Ok(None) }
}
