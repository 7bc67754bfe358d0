//! The closed set of signature algorithms, and which of them a public key may have signed with.
//!
//! Nothing at an image chooses the algorithm: a key's own type does, and each one that its type
//! allows is tried.

use std::fmt;

use ring::digest::{SHA256, SHA512, digest};
use ring::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P384_SHA256_ASN1, ECDSA_P384_SHA384_ASN1, ED25519,
    RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256, UnparsedPublicKey, VerificationAlgorithm,
};
use spki::der::asn1::UintRef;
use spki::der::{Decode, Reader, SliceReader};

use crate::provider;
use crate::rsa::{self, Hash};

/// How a signature was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Algorithm {
    /// ECDSA over P-256 with SHA-256.
    EcdsaP256Sha256,
    /// ECDSA over P-384 with SHA-384, as cosign signs.
    EcdsaP384Sha384,
    /// ECDSA over P-384 with SHA-256, as skopeo signs.
    EcdsaP384Sha256,
    /// ECDSA over P-521 with SHA-512, as cosign signs.
    EcdsaP521Sha512,
    /// ECDSA over P-521 with SHA-256, as skopeo signs.
    EcdsaP521Sha256,
    /// Pure Ed25519 (RFC 8032 §5.1).
    Ed25519,
    /// Ed25519ph, over a SHA-512 (RFC 8032 §5.1), as cosign signs for a transparency log.
    Ed25519Ph,
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    RsaPkcs1Sha256,
    /// RSASSA-PSS with SHA-256 and a salt as long as the hash.
    RsaPssSha256,
}

/// What kind of key it is; this alone decides which algorithms are tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeyKind {
    P256,
    P384,
    P521,
    Ed25519,
    /// With a modulus of this many bytes.
    Rsa {
        modulus_bytes: usize,
    },
}

impl KeyKind {
    fn algorithms(self) -> &'static [Algorithm] {
        match self {
            Self::P256 => &[Algorithm::EcdsaP256Sha256],
            Self::P384 => &[Algorithm::EcdsaP384Sha384, Algorithm::EcdsaP384Sha256],
            Self::P521 => &[Algorithm::EcdsaP521Sha512, Algorithm::EcdsaP521Sha256],
            Self::Ed25519 => &[Algorithm::Ed25519, Algorithm::Ed25519Ph],
            Self::Rsa { .. } => &[Algorithm::RsaPkcs1Sha256, Algorithm::RsaPssSha256],
        }
    }

    /// The algorithm by which `key` made this signature over these bytes, if it did.
    pub(crate) fn matching(self, key: &[u8], bytes: &[u8], signature: &[u8]) -> Option<Algorithm> {
        let made = |algorithm: &&Algorithm| algorithm.verifies(key, bytes, signature);
        self.algorithms().iter().find(made).copied()
    }

    /// The algorithm by which `key` made this signature over bytes of this SHA-256, if it did;
    /// `None` where no algorithm of such keys is over that digest alone.
    pub(crate) fn matching_digest(
        self,
        key: &[u8],
        digest: &[u8],
        signature: &[u8],
    ) -> Option<Option<Algorithm>> {
        let (algorithm, made) = match self {
            Self::P256 => (Algorithm::EcdsaP256Sha256, provider::p256_over(key, digest, signature)),
            Self::P384 => (Algorithm::EcdsaP384Sha256, provider::p384_over(key, digest, signature)),
            Self::Rsa { .. } => {
                (Algorithm::RsaPkcs1Sha256, rsa::verify(key, Hash::Sha256, digest, signature))
            }
            Self::P521 => (Algorithm::EcdsaP521Sha256, provider::p521_over(key, digest, signature)),
            Self::Ed25519 => return None,
        };
        Some(made.then_some(algorithm))
    }

    /// Whether a key of this kind could have made a signature of this form.
    pub(crate) fn has_form(self, signature: &[u8]) -> bool {
        match self {
            Self::P256 => is_ecdsa_signature(signature, 32),
            Self::P384 => is_ecdsa_signature(signature, 48),
            Self::P521 => is_ecdsa_signature(signature, 66),
            Self::Ed25519 => signature.len() == 64,
            Self::Rsa { modulus_bytes } => signature.len() == modulus_bytes,
        }
    }
}

impl Algorithm {
    fn verifies(self, key: &[u8], bytes: &[u8], signature: &[u8]) -> bool {
        match self.in_ring() {
            Ok(algorithm) => {
                UnparsedPublicKey::new(algorithm, key).verify(bytes, signature).is_ok()
            }
            Err(Outside::P521(hash)) => {
                provider::p521_over(key, digest(hash, bytes).as_ref(), signature)
            }
            Err(Outside::Ed25519Ph) => provider::ed25519ph(key, bytes, signature),
        }
    }

    fn in_ring(self) -> Result<&'static dyn VerificationAlgorithm, Outside> {
        Ok(match self {
            Self::EcdsaP256Sha256 => &ECDSA_P256_SHA256_ASN1,
            Self::EcdsaP384Sha384 => &ECDSA_P384_SHA384_ASN1,
            Self::EcdsaP384Sha256 => &ECDSA_P384_SHA256_ASN1,
            Self::Ed25519 => &ED25519,
            Self::RsaPkcs1Sha256 => &RSA_PKCS1_2048_8192_SHA256,
            Self::RsaPssSha256 => &RSA_PSS_2048_8192_SHA256,
            Self::EcdsaP521Sha512 => return Err(Outside::P521(&SHA512)),
            Self::EcdsaP521Sha256 => return Err(Outside::P521(&SHA256)),
            Self::Ed25519Ph => return Err(Outside::Ed25519Ph),
        })
    }
}

/// What ring does not verify.
enum Outside {
    P521(&'static ring::digest::Algorithm),
    Ed25519Ph,
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::EcdsaP256Sha256 => "ECDSA P-256 with SHA-256",
            Self::EcdsaP384Sha384 => "ECDSA P-384 with SHA-384",
            Self::EcdsaP384Sha256 => "ECDSA P-384 with SHA-256",
            Self::EcdsaP521Sha512 => "ECDSA P-521 with SHA-512",
            Self::EcdsaP521Sha256 => "ECDSA P-521 with SHA-256",
            Self::Ed25519 => "Ed25519",
            Self::Ed25519Ph => "Ed25519ph",
            Self::RsaPkcs1Sha256 => "RSA PKCS#1 v1.5 with SHA-256",
            Self::RsaPssSha256 => "RSA PSS with SHA-256",
        })
    }
}

/// Ecdsa-Sig-Value ::= SEQUENCE { r INTEGER, s INTEGER } (RFC 5480 §2.2), neither of them 0 nor
/// longer than the curve's scalars.
fn is_ecdsa_signature(der: &[u8], scalar_bytes: usize) -> bool {
    let read = || {
        let mut reader = SliceReader::new(der)?;
        let in_range = reader.sequence(|inner| {
            let (r, s) = (UintRef::decode(inner)?, UintRef::decode(inner)?);
            let sound =
                |it: &UintRef<'_>| it.as_bytes().len() <= scalar_bytes && it.as_bytes() != [0];
            Ok::<_, spki::der::Error>(sound(&r) && sound(&s))
        })?;
        Ok::<_, spki::der::Error>(in_range && reader.is_finished())
    };
    read().unwrap_or(false)
}
