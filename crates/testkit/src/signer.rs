//! A signer of images in cosign's legacy layout, with a key of the tests' own.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{DerSignature, Signature, SigningKey};
use p256::pkcs8::{EncodePrivateKey, EncodePublicKey, LineEnding};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// An ECDSA P-256 key that signs images. The same name is always the same key.
pub struct Signer(SigningKey);

/// What hangs under the tag `sha256-<hex>.sig`: a manifest, and the blobs that it names.
pub struct SignatureManifest {
    /// The tag.
    pub tag: String,
    /// The manifest's bytes.
    pub manifest: Vec<u8>,
    /// Its blobs: the configuration, and a payload for each signature.
    pub blobs: Vec<Vec<u8>>,
}

/// One layer of a signature manifest, as a test wants it.
pub struct SignatureLayer {
    /// The signed bytes.
    pub payload: Vec<u8>,
    /// The annotation that carries the signature.
    pub signature: String,
    /// What stands beside it, by the names of cosign's annotations.
    pub beside: Vec<(&'static str, String)>,
}

impl Signer {
    /// The key of this name.
    pub fn new(name: &str) -> Self {
        let seed = Sha256::digest(name.as_bytes());
        Self(SigningKey::from_slice(&seed).expect("a SHA-256 is a P-256 scalar but for 2^-32"))
    }

    /// The public key, as `cosign.pub` holds it.
    pub fn public_pem(&self) -> String {
        self.0.verifying_key().to_public_key_pem(LineEnding::LF).expect("a key has a PEM form")
    }

    /// The private key (PKCS#8, PEM), for other programs to sign with.
    pub fn private_pem(&self) -> String {
        let pem = self.0.to_pkcs8_pem(LineEnding::LF).expect("a key has a PEM form");
        pem.to_string()
    }

    /// The public key as a SubjectPublicKeyInfo in DER.
    pub fn public_der(&self) -> Vec<u8> {
        let der = self.0.verifying_key().to_public_key_der().expect("a key has a DER form");
        der.as_bytes().to_vec()
    }

    /// A signature over these bytes, in DER.
    pub fn signature(&self, bytes: &[u8]) -> Vec<u8> {
        let signature: DerSignature = self.0.sign(bytes);
        signature.as_bytes().to_vec()
    }

    /// The same, as its two numbers one after the other.
    pub fn fixed_signature(&self, bytes: &[u8]) -> Vec<u8> {
        let signature: Signature = self.0.sign(bytes);
        signature.to_bytes().to_vec()
    }

    /// The hint by which cosign names the key: the SHA-256 of its SubjectPublicKeyInfo.
    pub fn hint(&self) -> String {
        STANDARD.encode(Sha256::digest(self.public_der()))
    }

    /// The bytes that cosign signs for a manifest.
    pub fn payload(reference: &str, digest: &str) -> Vec<u8> {
        let document = json!({
            "critical": {
                "identity": {"docker-reference": reference},
                "image": {"docker-manifest-digest": digest},
                "type": "cosign container image signature",
            },
            "optional": null,
        });
        serde_json::to_vec(&document).expect("plain data")
    }

    /// A signature layer for a manifest.
    pub fn sign(&self, reference: &str, digest: &str) -> SignatureLayer {
        self.sign_bytes(Self::payload(reference, digest))
    }

    /// A signature layer over any bytes.
    pub fn sign_bytes(&self, payload: Vec<u8>) -> SignatureLayer {
        let signature = STANDARD.encode(self.signature(&payload));
        SignatureLayer { signature, payload, beside: Vec::new() }
    }
}

/// The signature manifest of these layers for the image manifest `digest` (`sha256:…`).
pub fn signature_manifest(digest: &str, layers: Vec<SignatureLayer>) -> SignatureManifest {
    let config =
        br#"{"architecture":"","os":"","config":{},"rootfs":{"type":"layers","diff_ids":[]}}"#;
    let describe = |media_type: &str, bytes: &[u8]| -> Value {
        json!({"mediaType": media_type, "size": bytes.len(), "digest": sha256(bytes)})
    };
    let listed: Vec<Value> = layers
        .iter()
        .map(|layer| {
            let kind = "application/vnd.dev.cosign.simplesigning.v1+json";
            let mut descriptor = describe(kind, &layer.payload);
            descriptor["annotations"] =
                json!({"dev.cosignproject.cosign/signature": layer.signature});
            for (name, text) in &layer.beside {
                descriptor["annotations"][format!("dev.sigstore.cosign/{name}")] = json!(text);
            }
            descriptor
        })
        .collect();
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": describe("application/vnd.oci.image.config.v1+json", config),
        "layers": listed,
    });
    let blobs = std::iter::once(config.to_vec())
        .chain(layers.into_iter().map(|layer| layer.payload))
        .collect();
    SignatureManifest {
        tag: format!("{}.sig", digest.replace(':', "-")),
        manifest: serde_json::to_vec(&manifest).expect("plain data"),
        blobs,
    }
}

fn sha256(bytes: &[u8]) -> String {
    format!("sha256:{}", hex::encode(Sha256::digest(bytes)))
}
