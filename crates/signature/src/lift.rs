//! Legacy signatures and attestations of cosign, made into bundles: what stands in a layer's
//! annotations moves to where a bundle of version 0.1 has it, and nothing is believed by that.
//!
//! There is one verification, and it is the bundle's.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::attached::{Sigstore, Simple};
use crate::bundle::{Bundle, BundleError};
use crate::fault::Cause;

/// Longer texts are no certificate, no chain, no log entry.
const ANNOTATION_BYTES_MAX: usize = 256 << 10;

/// Why what stands beside a legacy signature makes no bundle.
#[derive(Debug, thiserror::Error)]
pub enum LiftError {
    /// Longer than any.
    #[error("{0} beside it has more than {ANNOTATION_BYTES_MAX} bytes")]
    TooLong(&'static str),
    /// Not a certificate in PEM. A raw public key there is none (GHSA-fx35-mq7g-6g98).
    #[error("{0} beside it is no certificate in PEM")]
    Certificate(&'static str, #[source] Cause),
    /// Not the log entry that cosign writes.
    #[error("log entry beside it is not as cosign writes them")]
    LogEntry(#[source] Cause),
    /// Not the timestamp that cosign writes.
    #[error("timestamp beside it is not as cosign writes them")]
    Timestamp(#[source] serde_json::Error),
    /// Not an envelope.
    #[error("envelope is no JSON")]
    Envelope(#[source] serde_json::Error),
    /// The bundle that comes of it is none.
    #[error("it makes no bundle")]
    Bundle(#[source] BundleError),
}

/// `dev.sigstore.cosign/bundle`: what Rekor v1 answered.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct LogEntry {
    signed_entry_timestamp: String,
    payload: LogPayload,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct LogPayload {
    body: String,
    integrated_time: i64,
    log_index: u64,
    #[serde(rename = "logID")]
    log_id: String,
}

/// The head of a log entry's body.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct EntryHead {
    kind: String,
    api_version: String,
}

/// `dev.sigstore.cosign/rfc3161timestamp`.
#[derive(Deserialize)]
struct Timestamped {
    #[serde(rename = "SignedRFC3161Timestamp")]
    token: String,
}

impl Bundle {
    /// The bundle of a signature over a simple signing document. Its artifact is the document.
    ///
    /// # Errors
    /// When what stands beside the signature is malformed.
    pub fn of_simple(simple: &Simple) -> Result<Self, LiftError> {
        let digest = verdict::Digest::of(&simple.payload);
        let content = json!({
            "messageDigest": {
                "algorithm": "SHA2_256",
                "digest": STANDARD.encode(digest.as_bytes()),
            },
            "signature": STANDARD.encode(&simple.signature),
        });
        lifted("messageSignature", content, &simple.sigstore)
    }

    /// The bundle of an envelope under the attestation tag. Its artifact is the image.
    ///
    /// # Errors
    /// When it is no envelope, or what stands beside it is malformed.
    pub fn of_envelope(envelope: &[u8], sigstore: &Sigstore) -> Result<Self, LiftError> {
        let envelope: Value = serde_json::from_slice(envelope).map_err(LiftError::Envelope)?;
        lifted("dsseEnvelope", envelope, sigstore)
    }
}

fn lifted(kind: &str, content: Value, sigstore: &Sigstore) -> Result<Bundle, LiftError> {
    let mut material = serde_json::Map::new();
    match &sigstore.certificate {
        Some(leaf) => {
            let mut certificates = certificates(leaf, "certificate")?;
            // The first of them signed: a second one is no leaf.
            certificates.truncate(1);
            if let Some(chain) = &sigstore.chain {
                certificates.extend(self::certificates(chain, "chain")?);
            }
            let chain = json!({ "certificates": certificates });
            material.insert("x509CertificateChain".to_owned(), chain);
        }
        None => {
            material.insert("publicKey".to_owned(), json!({"hint": ""}));
        }
    }
    // Version 0.1 demands a log's promise; what has none is of version 0.2.
    let version = match &sigstore.log_entry {
        Some(entry) => {
            material.insert("tlogEntries".to_owned(), json!([log_entry(entry)?]));
            "0.1"
        }
        None => "0.2",
    };
    if let Some(text) = &sigstore.timestamp {
        let stamped: Timestamped =
            serde_json::from_str(bounded(text, "timestamp")?).map_err(LiftError::Timestamp)?;
        let stamps = json!({"rfc3161Timestamps": [{"signedTimestamp": stamped.token}]});
        material.insert("timestampVerificationData".to_owned(), stamps);
    }
    let bundle = json!({
        "mediaType": format!("application/vnd.dev.sigstore.bundle+json;version={version}"),
        "verificationMaterial": material,
        kind: content,
    });
    Bundle::parse(bundle.to_string().as_bytes()).map_err(LiftError::Bundle)
}

fn certificates(pem: &str, what: &'static str) -> Result<Vec<Value>, LiftError> {
    let no = |cause: Cause| LiftError::Certificate(what, cause);
    let blocks = pem::parse_many(bounded(pem, what)?).map_err(|source| no(source.into()))?;
    if blocks.is_empty() {
        return Err(no("it holds no PEM block".into()));
    }
    let certificate = |block: &pem::Pem| match block.tag() {
        "CERTIFICATE" => Ok(json!({"rawBytes": STANDARD.encode(block.contents())})),
        other => Err(no(format!("it is a PEM block `{other}`").into())),
    };
    blocks.iter().map(certificate).collect()
}

fn log_entry(text: &str) -> Result<Value, LiftError> {
    let no = |source: serde_json::Error| LiftError::LogEntry(source.into());
    let entry: LogEntry = serde_json::from_str(bounded(text, "log entry")?).map_err(no)?;
    let payload = entry.payload;
    let body = STANDARD.decode(&payload.body).map_err(|it| LiftError::LogEntry(it.into()))?;
    let head: EntryHead = serde_json::from_slice(&body).map_err(no)?;
    let log_id = hex::decode(&payload.log_id).map_err(|it| LiftError::LogEntry(it.into()))?;
    Ok(json!({
        "logIndex": payload.log_index.to_string(),
        "logId": {"keyId": STANDARD.encode(log_id)},
        "kindVersion": {"kind": head.kind, "version": head.api_version},
        "integratedTime": payload.integrated_time.to_string(),
        "inclusionPromise": {"signedEntryTimestamp": entry.signed_entry_timestamp},
        "canonicalizedBody": payload.body,
    }))
}

fn bounded<'a>(text: &'a str, what: &'static str) -> Result<&'a str, LiftError> {
    if text.len() > ANNOTATION_BYTES_MAX { Err(LiftError::TooLong(what)) } else { Ok(text) }
}
