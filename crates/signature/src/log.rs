//! The log entry of a keyed signature by an algorithm that `sigstore-verify` does not know, or
//! knows with one hash only: P-384 and P-521, Ed25519ph, RSA PSS (client spec §4, steps 1 and 5).
//!
//! The signature itself is verified by then; here it is asked that the log took in this very
//! signature, by this key, over this artifact.

use ring::digest::{SHA256, SHA384, SHA512, digest};
use sigstore_crypto::Checkpoint;
use sigstore_types::bundle::Rfc3161Timestamp;
use sigstore_types::{
    DerPublicKey, HashAlgorithm, KindVersion, SignatureBytes, SignatureContent,
    TransparencyLogEntry,
};
use sigstore_verify::rekor::body::RekorEntryBody;
use sigstore_verify::tsa::verify_timestamp_for_authority;

use crate::artifact::Artifact;
use crate::bundle::Bundle;
use crate::fault::{BundleFault, Cause};
use crate::key::PublicKey;
use crate::trust::{LogKey, TrustedRoot};

impl Bundle {
    /// The times at which logs promised it. Every entry in it must verify.
    pub(crate) fn entries(
        &self,
        artifact: &Artifact<'_>,
        key: &PublicKey,
        root: &TrustedRoot,
    ) -> Result<Vec<i64>, Cause> {
        let mut times = Vec::new();
        for entry in &self.inner.verification_material.tlog_entries {
            self.is_about(entry, artifact, key)?;
            prove(entry, root)?;
            times.extend(promise(entry, root)?);
        }
        Ok(times)
    }

    /// The times at which authorities stamped it. Every timestamp in it must verify.
    pub(crate) fn stamps(&self, root: &TrustedRoot) -> Result<Vec<i64>, BundleFault> {
        let signature = SignatureBytes::from_bytes(self.signature());
        let stamped = |stamp: &Rfc3161Timestamp| {
            let verify = |authority| {
                let token = &stamp.signed_timestamp;
                verify_timestamp_for_authority(token, &signature, authority).ok()
            };
            let time = root.stampers.iter().find_map(verify);
            let time = time.map(|time| time.as_second());
            time.ok_or_else(|| BundleFault::Time("no trusted authority made it".into()))
        };
        let stamps = &self.inner.verification_material.timestamp_verification_data;
        stamps.rfc3161_timestamps.iter().map(stamped).collect()
    }

    fn signature(&self) -> &[u8] {
        match &self.inner.content {
            SignatureContent::MessageSignature(message) => message.signature.as_bytes(),
            SignatureContent::DsseEnvelope(envelope) => envelope.signature.sig.as_bytes(),
            _ => &[],
        }
    }

    /// Whether the entry is of this signature, key and artifact (CVE-2022-36056).
    fn is_about(
        &self,
        entry: &TransparencyLogEntry,
        artifact: &Artifact<'_>,
        key: &PublicKey,
    ) -> Result<(), Cause> {
        let body = RekorEntryBody::parse(&entry.canonicalized_body, entry.kind_version)
            .map_err(|error| error.to_string())?;
        let envelope = match &self.inner.content {
            SignatureContent::DsseEnvelope(envelope) => Some(envelope),
            _ => None,
        };
        let (signature, logged_key, hash) = match (&body, envelope) {
            (RekorEntryBody::HashedRekordV001(it), None) => {
                let (signed, data) = (&it.spec.signature, &it.spec.data.hash);
                let key = signed.public_key.parse_public_key().map_err(|it| it.to_string())?;
                (&signed.content, key, (data.algorithm, hex::decode(data.value.as_str())?))
            }
            (RekorEntryBody::HashedRekordV002(it), _) => {
                let it = &it.spec.hashed_rekord_v002;
                let key = it.signature.verifier.public_key.as_ref();
                let key = key.ok_or("it is of a certificate, not of a key")?.raw_bytes.clone();
                let hash = (it.data.algorithm, it.data.digest.as_bytes().to_vec());
                (&it.signature.content, key, hash)
            }
            (RekorEntryBody::DsseV001(it), Some(_)) => {
                let [one] = it.spec.signatures.as_slice() else {
                    return Err("it has not one signature".into());
                };
                let pem = std::str::from_utf8(one.verifier.as_bytes())?;
                let key = DerPublicKey::from_pem(pem).map_err(|it| it.to_string())?;
                let hash = &it.spec.payload_hash;
                (&one.signature, key, (hash.algorithm, hex::decode(&hash.value)?))
            }
            _ => return Err("it is of a kind that such a signature has not".into()),
        };
        if signature.as_bytes() != self.signature() {
            return Err("it is of another signature".into());
        }
        if logged_key.as_bytes() != key.as_der() {
            return Err("it is of another key".into());
        }
        let bytes = match (&body, envelope, artifact) {
            (RekorEntryBody::DsseV001(_), Some(envelope), _) => {
                envelope.payload.as_bytes().to_vec()
            }
            (_, Some(envelope), _) => envelope.pae(),
            (_, None, Artifact::Bytes(bytes)) => bytes.to_vec(),
            (_, None, Artifact::Sha256(digest)) => {
                let is = hash.0 == HashAlgorithm::Sha2256 && hash.1 == digest.as_bytes();
                return if is { Ok(()) } else { Err("it is of another artifact".into()) };
            }
        };
        let is = hashed(hash.0, &bytes)? == hash.1;
        if is { Ok(()) } else { Err("it is of another artifact".into()) }
    }
}

fn hashed(algorithm: HashAlgorithm, bytes: &[u8]) -> Result<Vec<u8>, Cause> {
    let algorithm = match algorithm {
        HashAlgorithm::Sha2256 => &SHA256,
        HashAlgorithm::Sha2384 => &SHA384,
        HashAlgorithm::Sha2512 => &SHA512,
        other => return Err(format!("its hash {other} is not known").into()),
    };
    Ok(digest(algorithm, bytes).as_ref().to_vec())
}

/// The proof that the entry is in the tree of a checkpoint that the log signed, if it has one.
fn prove(entry: &TransparencyLogEntry, root: &TrustedRoot) -> Result<(), Cause> {
    let Some(proof) = &entry.inclusion_proof else { return Ok(()) };
    let checkpoint =
        Checkpoint::from_text(proof.checkpoint.envelope()).map_err(|error| error.to_string())?;
    let is_v2 = entry.kind_version == KindVersion::HashedRekordV002;
    // Of Rekor v1 the index in the proof is the one in this shard; of v2 there is one alone.
    let index = if is_v2 { entry.log_index.get() } else { proof.log_index.get() };
    if !is_v2 && *checkpoint.root_hash() != proof.root_hash {
        return Err("its proof is for another root than the checkpoint's".into());
    }
    sigstore_merkle::verify_inclusion_proof(
        &sigstore_merkle::hash_leaf(entry.canonicalized_body.as_bytes()),
        index,
        checkpoint.tree_size(),
        &proof.hashes,
        checkpoint.root_hash(),
    )
    .map_err(|error| error.to_string())?;
    let signed = checkpoint.signatures().iter().any(|signature| {
        let hinted = |log: &&LogKey| log.id.starts_with(signature.key_id.as_slice());
        root.logs.iter().filter(hinted).any(|log| {
            log.key.verify(checkpoint.signed_data(), signature.signature.as_bytes()).is_ok()
        })
    });
    if signed { Ok(()) } else { Err("no trusted log signed its checkpoint".into()) }
}

/// The time that Rekor v1 promised it at, if it did (Rekor's signed entry timestamp).
fn promise(entry: &TransparencyLogEntry, root: &TrustedRoot) -> Result<Option<i64>, Cause> {
    let Some(promise) = &entry.inclusion_promise else { return Ok(None) };
    let time = entry.integrated_time.ok_or("it promises nothing for a time")?.as_second();
    let id = entry.log_id.key_id.as_bytes();
    // The promise is over JSON in the order of RFC 8785; none of its texts needs escaping.
    let promised = format!(
        r#"{{"body":"{}","integratedTime":{time},"logID":"{}","logIndex":{}}}"#,
        entry.canonicalized_body.to_base64(),
        hex::encode(id),
        entry.log_index.get(),
    );
    let by = |log: &LogKey| {
        let signature = promise.signed_entry_timestamp.as_bytes();
        log.id == id && log.is_valid(time) && log.key.verify(promised.as_bytes(), signature).is_ok()
    };
    if root.logs.iter().any(by) {
        Ok(Some(time))
    } else {
        Err("no log that was trusted at its time promised it".into())
    }
}
