//! Public keys that a policy trusts: ECDSA P-256 (the kind that `cosign generate-key-pair` makes),
//! P-384 and P-521, Ed25519, and RSA of 2048 to 8192 bits.

use std::fmt;

use spki::der::asn1::{ObjectIdentifier, UintRef};
use spki::der::{Decode, Reader, SliceReader};
use verdict::Digest;

use crate::algorithm::{Algorithm, KeyKind};

/// id-ecPublicKey and the curves (RFC 5480 §2.1.1).
const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const SECP256R1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const SECP384R1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
const SECP521R1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.35");
/// rsaEncryption (RFC 8017 §A.1) and id-Ed25519 (RFC 8410 §3).
const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");

/// What an RSA modulus may measure: less is weak, and more is not verified by `ring`.
const RSA_BITS_MIN: usize = 2048;
const RSA_BITS_MAX: usize = 8192;

/// A PEM text longer than this is no public key.
const PEM_BYTES_MAX: usize = 16 << 10;

/// A trusted public key.
#[derive(Clone, PartialEq, Eq)]
pub struct PublicKey {
    kind: KeyKind,
    /// The bits of the subjectPublicKey: a point, or an RSAPublicKey in DER.
    bits: Vec<u8>,
    /// The whole SubjectPublicKeyInfo.
    der: Vec<u8>,
    id: Digest,
}

/// Why a text is no public key that can be trusted here.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// No PEM of a public key.
    #[error("public key is not a PEM block `PUBLIC KEY`{}", found_label(.0.as_deref()))]
    NotPem(Option<String>),
    /// PEM, and not a SubjectPublicKeyInfo in it.
    #[error("public key is not a SubjectPublicKeyInfo")]
    NotSpki(#[source] spki::Error),
    /// A key of another algorithm.
    #[error(
        "public key is of the algorithm {0}, and verified are ECDSA P-256, P-384 and P-521, Ed25519 and RSA"
    )]
    Algorithm(String),
    /// The bits are no point of the curve.
    #[error("public key is not a point of the curve {0}")]
    Point(&'static str),
    /// The bits are no RSA key.
    #[error("public key is not an RSAPublicKey")]
    Rsa(#[source] spki::der::Error),
    /// An RSA key that is too weak, or too long to be verified in bounded time.
    #[error("public key is RSA of {0} bits, and {RSA_BITS_MIN} to {RSA_BITS_MAX} are verified")]
    RsaBits(usize),
}

/// Why a signature does not verify.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignatureFault {
    /// The bytes have not the form of a signature by a key of this kind.
    #[error("it has not the form of a signature by a key of this kind")]
    Malformed,
    /// It is one, of another key or over other bytes.
    #[error("it was not made with this key over these bytes")]
    Mismatch,
}

fn found_label(label: Option<&str>) -> String {
    label.map(|label| format!(" (it is `{label}`)")).unwrap_or_default()
}

impl PublicKey {
    /// Reads a PEM SubjectPublicKeyInfo, such as `cosign.pub`.
    ///
    /// # Errors
    /// When it is not one, or of an algorithm, curve or size that is not verified.
    pub fn from_pem(text: &str) -> Result<Self, KeyError> {
        if text.len() > PEM_BYTES_MAX {
            return Err(KeyError::NotPem(None));
        }
        let pem = pem::parse(text).map_err(|_| KeyError::NotPem(None))?;
        if pem.tag() != "PUBLIC KEY" {
            return Err(KeyError::NotPem(Some(pem.tag().to_owned())));
        }
        Self::from_der(pem.contents())
    }

    /// Reads a DER SubjectPublicKeyInfo.
    ///
    /// # Errors
    /// When it is not one, or of an algorithm, curve or size that is not verified.
    pub fn from_der(der: &[u8]) -> Result<Self, KeyError> {
        let spki = spki::SubjectPublicKeyInfoRef::try_from(der).map_err(KeyError::NotSpki)?;
        let bits = spki.subject_public_key.as_bytes().unwrap_or_default();
        let kind = kind(&spki.algorithm, bits)?;
        Ok(Self { kind, bits: bits.to_vec(), der: der.to_vec(), id: Digest::of(der) })
    }

    /// The key's id: the SHA-256 of its SubjectPublicKeyInfo, as cosign's hints name it.
    pub fn id(&self) -> &Digest {
        &self.id
    }

    /// Verifies a signature over these bytes, and says by which algorithm it was made.
    ///
    /// # Errors
    /// When it does not verify; whether that is for its form or its value is told apart.
    pub fn verify(&self, bytes: &[u8], signature: &[u8]) -> Result<Algorithm, SignatureFault> {
        if !self.kind.has_form(signature) {
            return Err(SignatureFault::Malformed);
        }
        self.kind.matching(&self.bits, bytes, signature).ok_or(SignatureFault::Mismatch)
    }

    /// Verifies a signature over bytes of which only the SHA-256 is at hand; `None` when keys of
    /// this kind sign something else, so that the bytes are needed.
    pub fn verify_digest(
        &self,
        digest: &Digest,
        signature: &[u8],
    ) -> Option<Result<Algorithm, SignatureFault>> {
        if !self.kind.has_form(signature) {
            return Some(Err(SignatureFault::Malformed));
        }
        let made = self.kind.matching_digest(&self.bits, digest.as_bytes(), signature)?;
        Some(made.ok_or(SignatureFault::Mismatch))
    }

    /// What kind of key it is.
    pub(crate) fn kind(&self) -> KeyKind {
        self.kind
    }

    /// The subjectPublicKey: a point, or an RSAPublicKey in DER.
    pub(crate) fn bits(&self) -> &[u8] {
        &self.bits
    }

    /// The key as a SubjectPublicKeyInfo in DER.
    pub(crate) fn as_der(&self) -> &[u8] {
        &self.der
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({})", self.id)
    }
}

fn kind(algorithm: &spki::AlgorithmIdentifierRef<'_>, bits: &[u8]) -> Result<KeyKind, KeyError> {
    match algorithm.oid {
        EC_PUBLIC_KEY => {
            let curve = algorithm.parameters_oid().map_err(KeyError::NotSpki)?;
            match curve {
                SECP256R1 => point(bits, 32, "P-256").map(|()| KeyKind::P256),
                SECP384R1 => point(bits, 48, "P-384").map(|()| KeyKind::P384),
                SECP521R1 => point(bits, 66, "P-521").map(|()| KeyKind::P521),
                other => Err(KeyError::Algorithm(format!("ECDSA over the curve {other}"))),
            }
        }
        ED25519 if bits.len() == 32 => Ok(KeyKind::Ed25519),
        ED25519 => Err(KeyError::Point("Ed25519")),
        RSA => rsa(bits),
        other => Err(KeyError::Algorithm(other.to_string())),
    }
}

/// Uncompressed points only (SEC 1 §2.3.3): what every signer of images writes.
fn point(bits: &[u8], scalar_bytes: usize, curve: &'static str) -> Result<(), KeyError> {
    let uncompressed = bits.first() == Some(&4) && bits.len() == 1 + 2 * scalar_bytes;
    if uncompressed { Ok(()) } else { Err(KeyError::Point(curve)) }
}

/// RSAPublicKey ::= SEQUENCE { modulus INTEGER, publicExponent INTEGER } (RFC 8017 §A.1.1).
fn rsa(der: &[u8]) -> Result<KeyKind, KeyError> {
    let read = || {
        let mut reader = SliceReader::new(der)?;
        let bits = reader.sequence(|inner| {
            let (modulus, _) = (UintRef::decode(inner)?, UintRef::decode(inner)?);
            let leading =
                modulus.as_bytes().first().map_or(8, |byte| byte.leading_zeros() as usize);
            Ok::<_, spki::der::Error>((modulus.as_bytes().len() * 8).saturating_sub(leading))
        })?;
        reader.finish()?;
        Ok::<_, spki::der::Error>(bits)
    };
    match read().map_err(KeyError::Rsa)? {
        bits @ RSA_BITS_MIN..=RSA_BITS_MAX => Ok(KeyKind::Rsa { modulus_bytes: bits.div_ceil(8) }),
        bits => Err(KeyError::RsaBits(bits)),
    }
}
