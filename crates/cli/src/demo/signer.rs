//! A key of the demo's own, made anew in each run, that signs as `cosign sign --key` does.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::error::Unspecified;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};

/// What stands before the point in the SubjectPublicKeyInfo of a P-256 key (RFC 5480 §2).
const SPKI_PREFIX: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a,
    0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];

/// An ECDSA P-256 key.
pub(super) struct Signer {
    pair: EcdsaKeyPair,
    random: SystemRandom,
}

/// The system gave no random numbers.
#[derive(Debug, thiserror::Error)]
#[error("no key could be made")]
pub(super) struct NoKey;

impl From<Unspecified> for NoKey {
    fn from(_: Unspecified) -> Self {
        Self
    }
}

impl Signer {
    /// A new key.
    pub(super) fn new() -> Result<Self, NoKey> {
        let (random, algorithm) = (SystemRandom::new(), &ECDSA_P256_SHA256_ASN1_SIGNING);
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(algorithm, &random)?;
        let pair = EcdsaKeyPair::from_pkcs8(algorithm, pkcs8.as_ref(), &random);
        Ok(Self { pair: pair.map_err(|_| NoKey)?, random })
    }

    /// The public key, as `cosign.pub` holds it.
    pub(super) fn public_pem(&self) -> String {
        let der = [&SPKI_PREFIX, self.pair.public_key().as_ref()].concat();
        let text = STANDARD.encode(der);
        let (first, rest) = text.split_at(64);
        format!("-----BEGIN PUBLIC KEY-----\n{first}\n{rest}\n-----END PUBLIC KEY-----\n")
    }

    /// A signature, in base64 as the annotation holds it.
    pub(super) fn sign(&self, bytes: &[u8]) -> Result<String, NoKey> {
        Ok(STANDARD.encode(self.pair.sign(&self.random, bytes)?))
    }
}
