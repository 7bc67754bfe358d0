//! The closed set of Notation's signature algorithms. The signer's key fixes which one it is, hash
//! and all; what an envelope says must be that one (signature-specification.md, "Algorithm
//! Selection").

use std::fmt;

use ring::digest::{SHA512, digest};
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, RSA_PSS_2048_8192_SHA256,
    RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512, UnparsedPublicKey, VerificationAlgorithm,
};

use crate::algorithm::KeyKind;
use crate::key::PublicKey;
use crate::provider;

/// How a Notation signature was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NotationAlgorithm {
    /// RSASSA-PSS with SHA-256, by an RSA-2048 key.
    Ps256,
    /// RSASSA-PSS with SHA-384, by an RSA-3072 key.
    Ps384,
    /// RSASSA-PSS with SHA-512, by an RSA-4096 key.
    Ps512,
    /// ECDSA over P-256 with SHA-256.
    Es256,
    /// ECDSA over P-384 with SHA-384.
    Es384,
    /// ECDSA over P-521 with SHA-512.
    Es512,
}

impl NotationAlgorithm {
    const ALL: [Self; 6] =
        [Self::Ps256, Self::Ps384, Self::Ps512, Self::Es256, Self::Es384, Self::Es512];

    /// The one of this name (RFC 7518 §3.1).
    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.name() == name)
    }

    /// The one that a key of this kind signs with, if it is one of Notation's.
    pub(super) fn of_key(kind: KeyKind) -> Option<Self> {
        match kind {
            KeyKind::Rsa { modulus_bytes: 256 } => Some(Self::Ps256),
            KeyKind::Rsa { modulus_bytes: 384 } => Some(Self::Ps384),
            KeyKind::Rsa { modulus_bytes: 512 } => Some(Self::Ps512),
            KeyKind::P256 => Some(Self::Es256),
            KeyKind::P384 => Some(Self::Es384),
            KeyKind::P521 => Some(Self::Es512),
            KeyKind::Rsa { .. } | KeyKind::Ed25519 => None,
        }
    }

    /// Whether this key made this signature over these bytes, by this algorithm.
    pub(super) fn verifies(self, key: &PublicKey, bytes: &[u8], signature: &[u8]) -> bool {
        if Self::of_key(key.kind()) != Some(self) {
            return false;
        }
        let algorithm: &'static dyn VerificationAlgorithm = match self {
            Self::Ps256 => &RSA_PSS_2048_8192_SHA256,
            Self::Ps384 => &RSA_PSS_2048_8192_SHA384,
            Self::Ps512 => &RSA_PSS_2048_8192_SHA512,
            Self::Es256 => &ECDSA_P256_SHA256_FIXED,
            Self::Es384 => &ECDSA_P384_SHA384_FIXED,
            Self::Es512 => {
                let digest = digest(&SHA512, bytes);
                return provider::p521_fixed_over(key.bits(), digest.as_ref(), signature);
            }
        };
        UnparsedPublicKey::new(algorithm, key.bits()).verify(bytes, signature).is_ok()
    }

    fn name(self) -> &'static str {
        match self {
            Self::Ps256 => "PS256",
            Self::Ps384 => "PS384",
            Self::Ps512 => "PS512",
            Self::Es256 => "ES256",
            Self::Es384 => "ES384",
            Self::Es512 => "ES512",
        }
    }
}

impl fmt::Display for NotationAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
