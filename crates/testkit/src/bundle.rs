//! Sigstore bundles by a key of the tests' own, as `cosign sign --key` (version 3) writes them
//! where there is no log, and the manifests that carry them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::image::{BuiltImage, digest};
use crate::signer::{SignatureManifest, Signer};

/// The media type of a bundle.
pub const BUNDLE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";
/// The predicate type of an image signature.
pub const SIGN: &str = "https://sigstore.dev/cosign/sign/v1";
/// The payload type of an in-toto statement.
pub const IN_TOTO: &str = "application/vnd.in-toto+json";

const EMPTY_CONFIG: &str = "application/vnd.oci.empty.v1+json";

/// A manifest that is about an image, and the blobs that it names.
#[derive(Debug, Clone)]
pub struct Artifact {
    /// The manifest's bytes.
    pub manifest: Vec<u8>,
    /// What kind of artifact the manifest says it is.
    pub artifact_type: Option<String>,
    /// Its annotations.
    pub annotations: Value,
    /// Its blobs.
    pub blobs: Vec<Vec<u8>>,
}

/// The in-toto statement that a manifest (`sha256:…`) is of this predicate.
pub fn statement(manifest: &str, predicate_type: &str, annotations: &Value) -> Value {
    let hex = manifest.trim_start_matches("sha256:");
    let mut subject = json!({"digest": {"sha256": hex}});
    if !annotations.is_null() {
        subject["annotations"] = annotations.clone();
    }
    json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [subject],
        "predicateType": predicate_type,
        "predicate": {},
    })
}

/// The bytes that a DSSE signature is over (DSSE, "Pre-Authentication Encoding").
pub fn pae(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let head = format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), payload.len());
    [head.as_bytes(), payload].concat()
}

impl Signer {
    /// A DSSE envelope around these bytes.
    pub fn envelope(&self, payload_type: &str, payload: &[u8]) -> Value {
        let signature = self.sign_bytes(pae(payload_type, payload)).signature;
        json!({
            "payload": STANDARD.encode(payload),
            "payloadType": payload_type,
            "signatures": [{"sig": signature}],
        })
    }

    /// A bundle around this envelope, without log entry or time.
    pub fn bundle(&self, envelope: &Value) -> Value {
        json!({
            "mediaType": BUNDLE,
            "verificationMaterial": {"publicKey": {"hint": self.hint()}},
            "dsseEnvelope": envelope,
        })
    }

    /// The bundle of a signature of this manifest (`sha256:…`).
    pub fn sign_as_bundle(&self, manifest: &str) -> Value {
        self.attest(manifest, SIGN)
    }

    /// The bundle of a statement of this predicate about a manifest.
    pub fn attest(&self, manifest: &str, predicate_type: &str) -> Value {
        let statement = statement(manifest, predicate_type, &Value::Null);
        self.bundle(&self.envelope(IN_TOTO, statement.to_string().as_bytes()))
    }
}

impl Artifact {
    /// The manifest that carries a bundle about an image, as cosign 3 writes it.
    pub fn bundle(image: &BuiltImage, bundle: &Value, predicate_type: &str) -> Self {
        let annotations = json!({
            "dev.sigstore.bundle.content": "dsse-envelope",
            "dev.sigstore.bundle.predicateType": predicate_type,
        });
        let layer = (BUNDLE, bundle.to_string().into_bytes());
        Self::about(&image.descriptor(), Some(BUNDLE), annotations, vec![layer])
    }

    /// A manifest about another one, with these layers.
    pub fn about(
        subject: &Value,
        artifact_type: Option<&str>,
        annotations: Value,
        layers: Vec<(&str, Vec<u8>)>,
    ) -> Self {
        let describe = |(media_type, bytes): &(&str, Vec<u8>)| json!({"mediaType": media_type, "size": bytes.len(), "digest": digest(bytes)});
        let config = (EMPTY_CONFIG, b"{}".to_vec());
        let mut manifest = json!({
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": describe(&config),
            "layers": layers.iter().map(describe).collect::<Vec<_>>(),
            "subject": subject,
            "annotations": annotations,
        });
        if let Some(artifact_type) = artifact_type {
            manifest["artifactType"] = artifact_type.into();
        }
        Self {
            manifest: serde_json::to_vec(&manifest).expect("plain data"),
            artifact_type: artifact_type.map(str::to_owned),
            annotations,
            blobs: std::iter::once(config.1).chain(layers.into_iter().map(|it| it.1)).collect(),
        }
    }

    /// cosign's experimental form of a legacy signature: its manifest, with a subject instead of a
    /// tag.
    pub fn legacy(image: &BuiltImage, signed: &SignatureManifest, artifact_type: bool) -> Self {
        let kind = "application/vnd.dev.cosign.artifact.sig.v1+json";
        let mut manifest: Value = serde_json::from_slice(&signed.manifest).expect("a manifest");
        manifest["subject"] = image.descriptor();
        if artifact_type {
            manifest["artifactType"] = kind.into();
        }
        Self {
            manifest: serde_json::to_vec(&manifest).expect("plain data"),
            artifact_type: artifact_type.then(|| kind.to_owned()),
            annotations: json!({}),
            blobs: signed.blobs.clone(),
        }
    }

    /// The manifest's digest.
    pub fn digest(&self) -> String {
        digest(&self.manifest)
    }

    /// Its descriptor, as a list of referrers has it.
    pub fn listed(&self, artifact_type: Option<&str>) -> Value {
        let mut descriptor = json!({
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "size": self.manifest.len(),
            "digest": self.digest(),
            "annotations": self.annotations,
        });
        if let Some(artifact_type) = artifact_type {
            descriptor["artifactType"] = artifact_type.into();
        }
        descriptor
    }
}
