//! The cryptography under `sigstore-verify`: ring, and for what ring lacks (ECDSA and RSA over a
//! digest whose message nobody has any more, P-521, Ed25519ph) RustCrypto's curves, ed25519-dalek
//! and [`crate::rsa`].
//!
//! It verifies only. Nothing here signs or makes keys, and ML-DSA is refused.

use std::sync::Once;

use p256::ecdsa::signature::hazmat::PrehashVerifier as _;
use ring::digest;
use ring::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA384_ASN1, ECDSA_P384_SHA256_ASN1, ECDSA_P384_SHA384_ASN1,
    ED25519, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512,
    RSA_PSS_2048_8192_SHA256, RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512,
    UnparsedPublicKey, VerificationAlgorithm,
};
use sha2::{Digest as _, Sha512};
use sigstore_crypto::{CryptoProvider, Error, HashContext, SigningScheme};
use sigstore_types::HashAlgorithm;

use crate::rsa::{self, Hash};

/// Makes ring what `sigstore-crypto` verifies with in this process. Doing it again does nothing.
pub(crate) fn install() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        // It fails only where another provider stands already, and we are the only ones to set one.
        let _ = sigstore_crypto::install_default_provider(&Ring);
    });
}

#[derive(Debug)]
struct Ring;

struct Context(digest::Context);

impl HashContext for Context {
    fn update(&mut self, data: &[u8]) {
        self.0.update(data);
    }

    fn finalize(self: Box<Self>) -> Vec<u8> {
        self.0.finish().as_ref().to_vec()
    }
}

impl CryptoProvider for Ring {
    fn hash(&self, algorithm: HashAlgorithm) -> Result<Box<dyn HashContext>, Error> {
        let algorithm = match algorithm {
            HashAlgorithm::Sha2256 => &digest::SHA256,
            HashAlgorithm::Sha2384 => &digest::SHA384,
            HashAlgorithm::Sha2512 => &digest::SHA512,
            other => return Err(Error::UnsupportedAlgorithm(format!("{other} digests"))),
        };
        Ok(Box::new(Context(digest::Context::new(algorithm))))
    }

    fn verify_raw(
        &self,
        scheme: SigningScheme,
        key: &[u8],
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), Error> {
        let algorithm = in_ring(scheme)?;
        UnparsedPublicKey::new(algorithm, key)
            .verify(message, signature)
            .map_err(|_| mismatch(scheme))
    }

    fn verify_prehashed(
        &self,
        scheme: SigningScheme,
        key: &[u8],
        digest: &[u8],
        signature: &[u8],
    ) -> Result<(), Error> {
        let verified = match scheme {
            SigningScheme::EcdsaP256Sha256 | SigningScheme::EcdsaP256Sha384 => {
                p256_over(key, digest, signature)
            }
            SigningScheme::EcdsaP384Sha256 | SigningScheme::EcdsaP384Sha384 => {
                p384_over(key, digest, signature)
            }
            SigningScheme::RsaPkcs1Sha256 => rsa::verify(key, Hash::Sha256, digest, signature),
            SigningScheme::RsaPkcs1Sha384 => rsa::verify(key, Hash::Sha384, digest, signature),
            SigningScheme::RsaPkcs1Sha512 => rsa::verify(key, Hash::Sha512, digest, signature),
            other => {
                let what = format!("{} over a digest", other.name());
                return Err(Error::UnsupportedAlgorithm(what));
            }
        };
        if verified { Ok(()) } else { Err(mismatch(scheme)) }
    }
}

/// Whether a P-256 key (a SEC 1 point) made this signature (DER) over this digest.
pub(crate) fn p256_over(key: &[u8], digest: &[u8], signature: &[u8]) -> bool {
    let verify = || {
        let key = p256::ecdsa::VerifyingKey::from_sec1_bytes(key).ok()?;
        let signature = p256::ecdsa::Signature::from_der(signature).ok()?;
        key.verify_prehash(digest, &signature).ok()
    };
    verify().is_some()
}

/// Whether a P-384 key (a SEC 1 point) made this signature (DER) over this digest.
pub(crate) fn p384_over(key: &[u8], digest: &[u8], signature: &[u8]) -> bool {
    let verify = || {
        let key = p384::ecdsa::VerifyingKey::from_sec1_bytes(key).ok()?;
        let signature = p384::ecdsa::Signature::from_der(signature).ok()?;
        key.verify_prehash(digest, &signature).ok()
    };
    verify().is_some()
}

/// Whether a P-521 key (a SEC 1 point) made this signature (DER) over this digest.
pub(crate) fn p521_over(key: &[u8], digest: &[u8], signature: &[u8]) -> bool {
    let signature = p521::ecdsa::Signature::from_der(signature).ok();
    signature.is_some_and(|it| p521_made(key, digest, &it))
}

/// The same, of a signature that is its two numbers one after the other.
pub(crate) fn p521_fixed_over(key: &[u8], digest: &[u8], signature: &[u8]) -> bool {
    let signature = p521::ecdsa::Signature::from_slice(signature).ok();
    signature.is_some_and(|it| p521_made(key, digest, &it))
}

fn p521_made(key: &[u8], digest: &[u8], signature: &p521::ecdsa::Signature) -> bool {
    let verify = || {
        let key = p521::ecdsa::VerifyingKey::from_sec1_bytes(key).ok()?;
        // A short digest is the same number with zeros before it (FIPS 186-5 §6.4.1); the crate
        // refuses one of less than half the curve's size.
        let mut number = vec![0; 64_usize.saturating_sub(digest.len())];
        number.extend_from_slice(digest);
        key.verify_prehash(&number, signature).ok()
    };
    verify().is_some()
}

/// Whether an Ed25519 key made this signature over the SHA-512 of these bytes (Ed25519ph, with the
/// empty context).
pub(crate) fn ed25519ph(key: &[u8], bytes: &[u8], signature: &[u8]) -> bool {
    let verify = || {
        let key = ed25519_dalek::VerifyingKey::from_bytes(key.try_into().ok()?).ok()?;
        let signature = ed25519_dalek::Signature::from_slice(signature).ok()?;
        let digest = Sha512::new_with_prefix(bytes);
        key.verify_prehashed_strict(digest, None, &signature).ok()
    };
    verify().is_some()
}

fn in_ring(scheme: SigningScheme) -> Result<&'static dyn VerificationAlgorithm, Error> {
    Ok(match scheme {
        SigningScheme::EcdsaP256Sha256 => &ECDSA_P256_SHA256_ASN1,
        SigningScheme::EcdsaP256Sha384 => &ECDSA_P256_SHA384_ASN1,
        SigningScheme::EcdsaP384Sha256 => &ECDSA_P384_SHA256_ASN1,
        SigningScheme::EcdsaP384Sha384 => &ECDSA_P384_SHA384_ASN1,
        SigningScheme::Ed25519 => &ED25519,
        SigningScheme::RsaPkcs1Sha256 => &RSA_PKCS1_2048_8192_SHA256,
        SigningScheme::RsaPkcs1Sha384 => &RSA_PKCS1_2048_8192_SHA384,
        SigningScheme::RsaPkcs1Sha512 => &RSA_PKCS1_2048_8192_SHA512,
        SigningScheme::RsaPssSha256 => &RSA_PSS_2048_8192_SHA256,
        SigningScheme::RsaPssSha384 => &RSA_PSS_2048_8192_SHA384,
        SigningScheme::RsaPssSha512 => &RSA_PSS_2048_8192_SHA512,
        other => return Err(Error::UnsupportedAlgorithm(other.name().to_owned())),
    })
}

fn mismatch(scheme: SigningScheme) -> Error {
    Error::Verification(format!("{} signature does not verify", scheme.name()))
}
