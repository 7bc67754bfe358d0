//! Bundles of version 0.3, as clients write them, in every variant that a test orders.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha384, Sha512};

use super::log::Kind;
use super::{Identity, Instance, SIGNED_AT, sha256};
use crate::signer::Signer;

const STATEMENT: &str = "application/vnd.in-toto+json";

/// How a bundle is to be made.
#[derive(Debug, Clone)]
pub struct Order {
    /// When the certificate is issued.
    pub certified_at: i64,
    /// When it is logged and stamped.
    pub signed_at: i64,
    /// In which log.
    pub logged: Logged,
    /// Whether a timestamp authority stamps it.
    pub stamped: bool,
    /// Whether the certificate carries the proof of a certificate log.
    pub certificate_logged: bool,
}

/// In which log a signature is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Logged {
    /// One like Rekor v1: with a time of its own.
    V1,
    /// One like Rekor v2: without.
    V2,
    /// None.
    Nowhere,
}

/// What is signed, as a bundle and the log have it.
struct Signed {
    key: &'static str,
    content: Value,
    signature: Vec<u8>,
    /// The hash of the bytes that the signature is over, as the log has it.
    hash: &'static str,
    digest: Vec<u8>,
    /// Of an envelope: that of its payload.
    payload: Option<Vec<u8>>,
}

/// Who signs: with a certificate, or with a bare key.
struct Verifier {
    material: (&'static str, Value),
    der: Vec<u8>,
    label: &'static str,
}

impl Default for Order {
    fn default() -> Self {
        Self {
            certified_at: SIGNED_AT - 10,
            signed_at: SIGNED_AT,
            logged: Logged::V1,
            stamped: false,
            certificate_logged: true,
        }
    }
}

impl Instance {
    /// A bundle of a signature over a file, with a certificate.
    pub fn sign(&self, identity: &Identity, file: &[u8], order: &Order) -> Value {
        let key = Signer::new("ephemeral");
        let verifier = Verifier::certified(self.certificate(&key, identity, order));
        self.bundle(&verifier, &Signed::message(&key, file), order)
    }

    /// A bundle of an attestation, with a certificate.
    pub fn attest(&self, identity: &Identity, statement: &Value, order: &Order) -> Value {
        let key = Signer::new("ephemeral");
        let verifier = Verifier::certified(self.certificate(&key, identity, order));
        self.bundle(&verifier, &Signed::envelope(&key, statement), order)
    }

    /// A bundle of a signature over a file, with somebody else's certificate for this key (DER).
    pub fn sign_with_certificate(
        &self,
        key: &Signer,
        certificate: Vec<u8>,
        file: &[u8],
        order: &Order,
    ) -> Value {
        self.bundle(&Verifier::certified(certificate), &Signed::message(key, file), order)
    }

    /// A bundle of an attestation, with somebody else's certificate for this key (DER).
    pub fn attest_with_certificate(
        &self,
        key: &Signer,
        certificate: Vec<u8>,
        statement: &Value,
        order: &Order,
    ) -> Value {
        self.bundle(&Verifier::certified(certificate), &Signed::envelope(key, statement), order)
    }

    /// A bundle of a signature over a file, with a key.
    pub fn sign_with_key(&self, key: &Signer, file: &[u8], order: &Order) -> Value {
        self.bundle(&Verifier::key(key), &Signed::message(key, file), order)
    }

    /// A bundle of an attestation, with a key.
    pub fn attest_with_key(&self, key: &Signer, statement: &Value, order: &Order) -> Value {
        self.bundle(&Verifier::key(key), &Signed::envelope(key, statement), order)
    }

    /// A bundle of a signature over a file that somebody else made with this key (in DER), logged
    /// by a digest of this hash (`sha256`, `sha384`, `sha512`).
    pub fn log_signature(
        &self,
        key: &[u8],
        signature: &[u8],
        file: &[u8],
        hash: &'static str,
        order: &Order,
    ) -> Value {
        let verifier = Verifier::key_der(key.to_vec());
        self.bundle(&verifier, &Signed::made(signature, file, hash), order)
    }

    /// A bundle of an envelope that somebody else signed with this key (in DER).
    pub fn log_envelope(
        &self,
        key: &[u8],
        signature: &[u8],
        payload: &[u8],
        order: &Order,
    ) -> Value {
        let verifier = Verifier::key_der(key.to_vec());
        self.bundle(&verifier, &Signed::made_envelope(signature, payload), order)
    }

    fn bundle(&self, verifier: &Verifier, signed: &Signed, order: &Order) -> Value {
        let entries = match order.logged {
            Logged::V1 => {
                let (kind, body) = signed.body_v1(verifier);
                vec![self.rekor.entry(&kind, &body, Some(order.signed_at))]
            }
            Logged::V2 => {
                let kind = Kind("hashedrekord", "0.0.2");
                vec![self.rekor2.entry(&kind, &signed.body_v2(verifier), None)]
            }
            Logged::Nowhere => Vec::new(),
        };
        let mut material = json!({ "tlogEntries": entries });
        material[verifier.material.0] = verifier.material.1.clone();
        if order.stamped {
            let token = STANDARD.encode(self.timestamp(&signed.signature, order.signed_at));
            material["timestampVerificationData"] =
                json!({"rfc3161Timestamps": [{"signedTimestamp": token}]});
        }
        let mut bundle = json!({
            "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
            "verificationMaterial": material,
        });
        bundle[signed.key] = signed.content.clone();
        bundle
    }
}

impl Verifier {
    fn certified(der: Vec<u8>) -> Self {
        let content = json!({"rawBytes": STANDARD.encode(&der)});
        Self { material: ("certificate", content), der, label: "CERTIFICATE" }
    }

    fn key(key: &Signer) -> Self {
        Self::key_der(key.public_der())
    }

    fn key_der(der: Vec<u8>) -> Self {
        let hint = json!({"hint": STANDARD.encode(sha256(&der))});
        Self { material: ("publicKey", hint), der, label: "PUBLIC KEY" }
    }

    /// As Rekor v1 writes it: PEM, once more in base64.
    fn pem(&self) -> String {
        let text = STANDARD.encode(&self.der);
        let lines: Vec<&str> =
            text.as_bytes().chunks(64).map(|it| std::str::from_utf8(it).unwrap()).collect();
        let label = self.label;
        let pem = format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"));
        STANDARD.encode(pem)
    }
}

impl Signed {
    fn message(key: &Signer, file: &[u8]) -> Self {
        Self::made(&key.signature(file), file, "sha256")
    }

    fn made(signature: &[u8], file: &[u8], hash: &'static str) -> Self {
        let digest = match hash {
            "sha512" => Sha512::digest(file).to_vec(),
            "sha384" => Sha384::digest(file).to_vec(),
            _ => sha256(file),
        };
        let content = json!({
            "messageDigest": {
                "algorithm": hash.to_uppercase().replace("SHA", "SHA2_"),
                "digest": STANDARD.encode(&digest),
            },
            "signature": STANDARD.encode(signature),
        });
        let signature = signature.to_vec();
        Self { key: "messageSignature", content, signature, hash, digest, payload: None }
    }

    fn envelope(key: &Signer, statement: &Value) -> Self {
        let payload = serde_json::to_vec(statement).unwrap();
        Self::made_envelope(&key.signature(&encoded(&payload)), &payload)
    }

    fn made_envelope(signature: &[u8], payload: &[u8]) -> Self {
        let content = json!({
            "payloadType": STATEMENT,
            "payload": STANDARD.encode(payload),
            "signatures": [{"sig": STANDARD.encode(signature)}],
        });
        Self {
            key: "dsseEnvelope",
            content,
            signature: signature.to_vec(),
            hash: "sha256",
            digest: sha256(&encoded(payload)),
            payload: Some(sha256(payload)),
        }
    }

    fn body_v1(&self, verifier: &Verifier) -> (Kind, Value) {
        let signature = STANDARD.encode(&self.signature);
        let Some(payload) = &self.payload else {
            let body = json!({
                "apiVersion": "0.0.1",
                "kind": "hashedrekord",
                "spec": {
                    "data": {"hash": {"algorithm": self.hash, "value": hex::encode(&self.digest)}},
                    "signature": {"content": signature, "publicKey": {"content": verifier.pem()}},
                },
            });
            return (Kind("hashedrekord", "0.0.1"), body);
        };
        let envelope = sha256(&serde_json::to_vec(&self.content).unwrap());
        let body = json!({
            "apiVersion": "0.0.1",
            "kind": "dsse",
            "spec": {
                "envelopeHash": {"algorithm": "sha256", "value": hex::encode(envelope)},
                "payloadHash": {"algorithm": "sha256", "value": hex::encode(payload)},
                "signatures": [{"signature": signature, "verifier": verifier.pem()}],
            },
        });
        (Kind("dsse", "0.0.1"), body)
    }

    fn body_v2(&self, verifier: &Verifier) -> Value {
        let mut who = json!({"keyDetails": "PKIX_ECDSA_P256_SHA_256"});
        let raw = json!({"rawBytes": STANDARD.encode(&verifier.der)});
        let certified = verifier.label == "CERTIFICATE";
        who[if certified { "x509Certificate" } else { "publicKey" }] = raw;
        json!({
            "apiVersion": "0.0.2",
            "kind": "hashedrekord",
            "spec": {"hashedRekordV002": {
                "data": {
                    "algorithm": self.hash.to_uppercase().replace("SHA", "SHA2_"),
                    "digest": STANDARD.encode(&self.digest),
                },
                "signature": {"content": STANDARD.encode(&self.signature), "verifier": who},
            }},
        })
    }
}

/// Pre-authentication encoding (DSSE protocol.md).
fn encoded(payload: &[u8]) -> Vec<u8> {
    let head = format!("DSSEv1 {} {STATEMENT} {} ", STATEMENT.len(), payload.len());
    [head.as_bytes(), payload].concat()
}
