//! What a Notation signature says: that this manifest is the one that was meant
//! (signature-specification.md, "Payload").

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use verdict::Digest;

use super::fault::NotationFault;
use crate::exhibit::Fault;
use crate::payload::{Payload, PayloadError, unique_keys};

/// The manifest that something is attached to, as it lies in the repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Described {
    /// Its media type.
    pub media_type: String,
    /// How many bytes it has.
    pub size: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    target_artifact: Target,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Target {
    media_type: String,
    digest: String,
    size: u64,
    #[serde(default, deserialize_with = "unique_keys")]
    annotations: BTreeMap<String, Value>,
}

/// The claim of these signed bytes, if it is about this manifest in digest, size and media type.
pub(super) fn claim(
    payload: &[u8],
    subject: &Digest,
    described: &Described,
) -> Result<Payload, Fault> {
    let shape = |source| Fault::Payload(PayloadError::Target(source));
    let Document { target_artifact: target } = serde_json::from_slice(payload).map_err(shape)?;
    let digest: Digest =
        target.digest.parse().map_err(|source| Fault::Payload(PayloadError::Digest(source)))?;
    if digest != *subject {
        return Err(Fault::OtherImage(digest));
    }
    // The digest decides what the bytes are; a signer who says otherwise of them was deceived.
    if target.size != described.size || target.media_type != described.media_type {
        let said =
            format!("{} of {} bytes", super::envelope::shown(&target.media_type), target.size);
        let is = format!("{} of {} bytes", described.media_type, described.size);
        return Err(Fault::Notation(NotationFault::OtherDescriptor { said, is }));
    }
    Ok(Payload { digest, reference: String::new(), annotations: target.annotations })
}
