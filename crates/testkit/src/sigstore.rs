//! A Sigstore instance of the tests' own, with which keyless signatures can be made in all their
//! variants without a network: a certificate authority like Fulcio with its certificate log, logs
//! like Rekor v1 and v2, and a timestamp authority.
//!
//! Every key is P-256 and derived from the instance's name: the same name, the same bundles.

pub(crate) mod authority;
mod bundle;
pub(crate) mod der;
mod legacy;
mod log;
mod own_pki;
pub(crate) mod timestamp;

pub use authority::Identity;
pub use bundle::{Logged, Order};
pub use own_pki::{Leaf, OwnPki, pem};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::signer::Signer;
use authority::Authority;
use log::Log;

/// 2024-06-01T00:00:00Z: when things are signed unless a test says otherwise.
pub const SIGNED_AT: i64 = 1_717_200_000;
/// How long a certificate of Fulcio is valid.
pub const CERTIFICATE_SECONDS: i64 = 600;

/// An instance.
pub struct Instance {
    fulcio: Authority,
    certificate_log: Signer,
    rekor: Log,
    rekor2: Log,
    stamper: Authority,
}

impl Instance {
    /// The instance of this name.
    pub fn new(name: &str) -> Self {
        let key = |part: &str| Signer::new(&format!("{name} {part}"));
        Self {
            fulcio: Authority::new(&format!("{name} fulcio"), key("fulcio")),
            certificate_log: key("certificate log"),
            rekor: Log::new(&format!("rekor.{name}.example"), key("rekor")),
            rekor2: Log::new(&format!("log2025.{name}.example"), key("rekor2")),
            stamper: Authority::new(&format!("{name} stamper"), key("stamper root")),
        }
    }

    /// Its trusted root, all parts valid from 2024 on.
    pub fn trusted_root(&self) -> Value {
        let from = json!({"start": "2024-01-01T00:00:00Z"});
        let log = |origin: &str, key: &Signer| {
            json!({
                "baseUrl": format!("https://{origin}"),
                "hashAlgorithm": "SHA2_256",
                "publicKey": {
                    "rawBytes": STANDARD.encode(key.public_der()),
                    "keyDetails": "PKIX_ECDSA_P256_SHA_256",
                    "validFor": from,
                },
                "logId": {"keyId": STANDARD.encode(sha256(&key.public_der()))},
            })
        };
        let chain = |certificates: &[Vec<u8>]| -> Value {
            let raw = |it: &Vec<u8>| json!({"rawBytes": STANDARD.encode(it)});
            json!({"certificates": certificates.iter().map(raw).collect::<Vec<_>>()})
        };
        let stamper = [self.stamper_certificate(), self.stamper.certificate.clone()];
        json!({
            "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
            "tlogs": [
                log(&self.rekor.origin, &self.rekor.key),
                log(&self.rekor2.origin, &self.rekor2.key),
            ],
            "certificateAuthorities": [{
                "subject": {"organization": "tests", "commonName": self.fulcio.name},
                "uri": "https://fulcio.example",
                "certChain": chain(std::slice::from_ref(&self.fulcio.certificate)),
                "validFor": from,
            }],
            "ctlogs": [log("ct.example", &self.certificate_log)],
            "timestampAuthorities": [{
                "subject": {"organization": "tests", "commonName": self.stamper.name},
                "uri": "https://stamper.example",
                "certChain": chain(&stamper),
                "validFor": from,
            }],
        })
    }
}

pub(crate) fn sha256(bytes: &[u8]) -> Vec<u8> {
    Sha256::digest(bytes).to_vec()
}
