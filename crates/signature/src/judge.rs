//! What the attached signatures mean under a set of trusted keys.

use verdict::Digest;

use crate::algorithm::Algorithm;
use crate::attached::{Attached, Attachment, AttachmentError};
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
    /// What each attached signature turned out to be, in order.
    pub seen: Vec<Seen>,
}

/// The best that was found among the attached signatures. Greatest is best.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// Nothing is attached.
    Unsigned,
    /// Something is attached that is no signature of this image, whoever made it.
    BadSignature,
    /// A well-formed signature for this image verifies with no trusted key.
    OtherSigner,
    /// A trusted key signed this image.
    Verified,
}

/// What one attached signature turned out to be.
#[derive(Debug)]
pub struct Seen {
    /// Its layer in the signature manifest, from 0.
    pub index: u32,
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

/// Why an attached signature counts for nothing.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// It cannot be looked at.
    #[error("signature {index} is unreadable")]
    Unreadable {
        /// Its layer.
        index: u32,
        /// Why.
        source: AttachmentError,
    },
    /// No trusted key makes signatures of its form.
    #[error("signature {0} has not the form of a signature by any of the trusted keys")]
    Malformed(u32),
    /// What is signed is no image signature's payload.
    #[error("signature {index} is over something that is no image signature")]
    Payload {
        /// Its layer.
        index: u32,
        /// What is wrong with the signed bytes.
        source: PayloadError,
    },
    /// It is a signature of another image, moved here.
    #[error("signature {index} is for the manifest {claimed}, not for this image")]
    OtherImage {
        /// Its layer.
        index: u32,
        /// The manifest that it is for.
        claimed: Digest,
    },
    /// It is well-formed, for this image, and verifies with no trusted key: another key made it,
    /// or it was altered. Without the other key the two look the same.
    #[error("signature {0} verifies with none of the trusted keys")]
    OtherSigner(u32),
}

/// Judges the attached signatures of the manifest `digest`. One that verifies is enough, whatever
/// else is attached beside it.
pub fn judge(attached: Attached, digest: &Digest, authorities: &[Authority]) -> Answer {
    let seen: Vec<Seen> =
        attached.signatures.into_iter().map(|it| look(it, digest, authorities)).collect();
    let outcome = seen.iter().map(Seen::outcome).max().unwrap_or(Outcome::Unsigned);
    Answer { outcome, seen }
}

impl Seen {
    fn outcome(&self) -> Outcome {
        match &self.result {
            Ok(_) => Outcome::Verified,
            Err(Fault::OtherSigner(_)) => Outcome::OtherSigner,
            Err(_) => Outcome::BadSignature,
        }
    }
}

fn look(attachment: Attachment, digest: &Digest, authorities: &[Authority]) -> Seen {
    let index = attachment.index;
    Seen { index, result: vouched(attachment, digest, authorities) }
}

fn vouched(
    attachment: Attachment,
    digest: &Digest,
    authorities: &[Authority],
) -> Result<Vouched, Fault> {
    let index = attachment.index;
    let (bytes, signature) =
        attachment.content.map_err(|source| Fault::Unreadable { index, source })?;
    // 1. Who signed these bytes? Every key is tried: a hint of the signer's selects nothing.
    let signer = signer(&bytes, &signature, authorities).map_err(|_| Fault::Malformed(index))?;
    // 2. What do they claim? A claim for another image is a moved signature, whoever made it.
    let payload = Payload::parse(&bytes).map_err(|source| Fault::Payload { index, source })?;
    if payload.digest != *digest {
        return Err(Fault::OtherImage { index, claimed: payload.digest });
    }
    // 3. Is the signer trusted?
    let (authority, key, algorithm) = signer.ok_or(Fault::OtherSigner(index))?;
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
