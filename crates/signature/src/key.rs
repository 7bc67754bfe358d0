//! Public keys that a policy trusts: ECDSA P-256 with SHA-256, the kind that `cosign
//! generate-key-pair` makes.

use std::fmt;

use ring::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};
use spki::der::Decode;
use spki::der::asn1::{ObjectIdentifier, UintRef};
use spki::der::{Reader, SliceReader};
use verdict::Digest;

/// id-ecPublicKey and secp256r1 (RFC 5480 §2.1.1).
const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const SECP256R1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");

/// A PEM text longer than this is no public key.
const PEM_BYTES_MAX: usize = 16 << 10;

/// A trusted public key.
#[derive(Clone, PartialEq, Eq)]
pub struct PublicKey {
    point: Vec<u8>,
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
    #[error("public key is of the algorithm {0}, and ECDSA P-256 is what is verified")]
    Algorithm(String),
    /// The bits are no point of the curve.
    #[error("public key is not a point of the curve P-256")]
    Point,
}

/// Why a signature does not verify.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignatureFault {
    /// The bytes are not an ECDSA signature at all.
    #[error("it is not an ECDSA signature in DER")]
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
    /// When it is not one, or not of ECDSA P-256.
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
    /// When it is not one, or not of ECDSA P-256.
    pub fn from_der(der: &[u8]) -> Result<Self, KeyError> {
        let spki = spki::SubjectPublicKeyInfoRef::try_from(der).map_err(KeyError::NotSpki)?;
        if spki.algorithm.oid != EC_PUBLIC_KEY {
            return Err(KeyError::Algorithm(algorithm_name(&spki.algorithm.oid)));
        }
        let curve = spki.algorithm.parameters_oid().map_err(KeyError::NotSpki)?;
        if curve != SECP256R1 {
            return Err(KeyError::Algorithm(format!(
                "ECDSA over the curve {}",
                curve_name(&curve)
            )));
        }
        let point = spki.subject_public_key.as_bytes().ok_or(KeyError::Point)?;
        // Uncompressed points only (SEC 1 §2.3.3): what every signer of images writes.
        if point.len() != 65 || point[0] != 4 {
            return Err(KeyError::Point);
        }
        Ok(Self { point: point.to_vec(), id: Digest::of(der) })
    }

    /// The key's id: the SHA-256 of its SubjectPublicKeyInfo, as cosign's hints name it.
    pub fn id(&self) -> &Digest {
        &self.id
    }

    /// Verifies an ECDSA signature (DER) with SHA-256 over these bytes.
    ///
    /// # Errors
    /// When it does not verify; whether that is for its form or its value is told apart.
    pub fn verify(&self, bytes: &[u8], signature: &[u8]) -> Result<(), SignatureFault> {
        if !is_ecdsa_signature(signature) {
            return Err(SignatureFault::Malformed);
        }
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, &self.point)
            .verify(bytes, signature)
            .map_err(|_| SignatureFault::Mismatch)
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({})", self.id)
    }
}

/// Ecdsa-Sig-Value ::= SEQUENCE { r INTEGER, s INTEGER } (RFC 5480 §2.2), both of 1 to 32 bytes.
fn is_ecdsa_signature(der: &[u8]) -> bool {
    fn read(der: &[u8]) -> spki::der::Result<bool> {
        let mut reader = SliceReader::new(der)?;
        let in_range = reader.sequence(|inner| {
            let (r, s) = (UintRef::decode(inner)?, UintRef::decode(inner)?);
            let sound = |it: &UintRef<'_>| it.as_bytes().len() <= 32 && it.as_bytes() != [0];
            Ok::<_, spki::der::Error>(sound(&r) && sound(&s))
        })?;
        Ok(in_range && reader.is_finished())
    }
    read(der).unwrap_or(false)
}

fn algorithm_name(oid: &ObjectIdentifier) -> String {
    match oid.to_string().as_str() {
        "1.2.840.113549.1.1.1" => "RSA".to_owned(),
        "1.3.101.112" => "Ed25519".to_owned(),
        other => other.to_owned(),
    }
}

fn curve_name(oid: &ObjectIdentifier) -> String {
    match oid.to_string().as_str() {
        "1.3.132.0.34" => "P-384".to_owned(),
        "1.3.132.0.35" => "P-521".to_owned(),
        other => other.to_owned(),
    }
}
