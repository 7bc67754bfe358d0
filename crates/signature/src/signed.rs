//! Signatures of certificate authorities: over certificates, lists of revoked ones, timestamps.
//! SHA-1 is none of the hashes, and PSS none of the paddings: nobody issues with it.

use ring::digest::{self, Digest, SHA256, SHA384, SHA512};
use ring::signature::{
    RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512,
    UnparsedPublicKey, VerificationAlgorithm,
};
use x509_cert::der::asn1::ObjectIdentifier;

use crate::algorithm::KeyKind;
use crate::elements::{Element, SEQUENCE};
use crate::key::PublicKey;
use crate::provider;

/// Whether this key made this signature over these bytes, by the algorithm of this identifier
/// (RFC 4055 §5, RFC 5758 §3.2).
pub(crate) fn verifies(
    algorithm: ObjectIdentifier,
    key: &PublicKey,
    bytes: &[u8],
    signature: &[u8],
) -> bool {
    let (hash, rsa): (_, Option<&'static dyn VerificationAlgorithm>) =
        match algorithm.to_string().as_str() {
            "1.2.840.113549.1.1.11" => (&SHA256, Some(&RSA_PKCS1_2048_8192_SHA256)),
            "1.2.840.113549.1.1.12" => (&SHA384, Some(&RSA_PKCS1_2048_8192_SHA384)),
            "1.2.840.113549.1.1.13" => (&SHA512, Some(&RSA_PKCS1_2048_8192_SHA512)),
            "1.2.840.10045.4.3.2" => (&SHA256, None),
            "1.2.840.10045.4.3.3" => (&SHA384, None),
            "1.2.840.10045.4.3.4" => (&SHA512, None),
            _ => return false,
        };
    let hashed = || digest::digest(hash, bytes);
    match (key.kind(), rsa) {
        (KeyKind::Rsa { .. }, Some(rsa)) => {
            UnparsedPublicKey::new(rsa, key.bits()).verify(bytes, signature).is_ok()
        }
        (KeyKind::P256, None) => provider::p256_over(key.bits(), hashed().as_ref(), signature),
        (KeyKind::P384, None) => provider::p384_over(key.bits(), hashed().as_ref(), signature),
        (KeyKind::P521, None) => provider::p521_over(key.bits(), hashed().as_ref(), signature),
        _ => false,
    }
}

/// The first element of a sequence, as it stands: what is signed is bytes, not what they mean.
pub(crate) fn first_part(der: &[u8]) -> Result<Vec<u8>, x509_cert::der::Error> {
    let mut parts = Element::only(der, SEQUENCE)?.inner()?;
    Ok(parts.take(SEQUENCE)?.whole.to_vec())
}

/// These bytes hashed by the hash of this identifier (RFC 5754 §2), if it is one that is taken.
pub(crate) fn hashed(hash: ObjectIdentifier, bytes: &[u8]) -> Option<Digest> {
    let hash = match hash.to_string().as_str() {
        "2.16.840.1.101.3.4.2.1" => &SHA256,
        "2.16.840.1.101.3.4.2.2" => &SHA384,
        "2.16.840.1.101.3.4.2.3" => &SHA512,
        _ => return None,
    };
    Some(digest::digest(hash, bytes))
}

/// The algorithm of a signature in CMS, where RSA alone may be named and its hash beside it (RFC
/// 3370 §3.2).
pub(crate) fn with_hash(algorithm: ObjectIdentifier, hash: ObjectIdentifier) -> ObjectIdentifier {
    let named = match (algorithm.to_string().as_str(), hash.to_string().as_str()) {
        ("1.2.840.113549.1.1.1", "2.16.840.1.101.3.4.2.1") => "1.2.840.113549.1.1.11",
        ("1.2.840.113549.1.1.1", "2.16.840.1.101.3.4.2.2") => "1.2.840.113549.1.1.12",
        ("1.2.840.113549.1.1.1", "2.16.840.1.101.3.4.2.3") => "1.2.840.113549.1.1.13",
        _ => return algorithm,
    };
    ObjectIdentifier::new(named).unwrap_or(algorithm)
}
