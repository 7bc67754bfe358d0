//! The same signatures in cosign's legacy layout: what a bundle holds, as annotations of a layer.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::signer::SignatureLayer;

impl SignatureLayer {
    /// The layer of a signature over this document, with what its bundle says of signer and time.
    pub fn of_bundle(bundle: &Value, payload: &[u8]) -> Self {
        let material = &bundle["verificationMaterial"];
        let mut beside = Vec::new();
        if let Some(der) = material["certificate"]["rawBytes"].as_str() {
            let pem = format!("-----BEGIN CERTIFICATE-----\n{der}\n-----END CERTIFICATE-----\n");
            beside.push(("certificate", pem));
        }
        if let Some(entry) = material["tlogEntries"].get(0) {
            beside.push(("bundle", log_entry(entry).to_string()));
        }
        let stamps = &material["timestampVerificationData"]["rfc3161Timestamps"];
        if let Some(stamp) = stamps[0]["signedTimestamp"].as_str() {
            beside.push(("rfc3161timestamp", json!({"SignedRFC3161Timestamp": stamp}).to_string()));
        }
        let signature = bundle["messageSignature"]["signature"].as_str().expect("a signature");
        Self { payload: payload.to_vec(), signature: signature.to_owned(), beside }
    }
}

fn log_entry(entry: &Value) -> Value {
    let number = |key: &str| entry[key].as_str().unwrap().parse::<i64>().unwrap();
    let id = STANDARD.decode(entry["logId"]["keyId"].as_str().unwrap()).unwrap();
    json!({
        "SignedEntryTimestamp": entry["inclusionPromise"]["signedEntryTimestamp"],
        "Payload": {
            "body": entry["canonicalizedBody"],
            "integratedTime": number("integratedTime"),
            "logIndex": number("logIndex"),
            "logID": hex::encode(id),
        },
    })
}
