//! RSASSA-PKCS1-v1_5 over a digest whose message is not at hand (RFC 8017 §8.2.2): what ring does
//! only over messages. Public values alone: nothing here needs to run in constant time.

use crypto_bigint::modular::{BoxedMontyForm, BoxedMontyParams};
use crypto_bigint::{BoxedUint, Odd, Resize as _};
use spki::der::asn1::UintRef;
use spki::der::{Decode, Reader, SliceReader};

/// What an RSA modulus may measure, in bytes: 2048 to 8192 bits.
const MODULUS_BYTES: std::ops::RangeInclusive<usize> = 256..=1024;
/// ring's bound too: larger exponents only cost time.
const EXPONENT_BYTES_MAX: usize = 4;

/// The hashes whose digests are signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hash {
    Sha256,
    Sha384,
    Sha512,
}

impl Hash {
    /// The DER of DigestInfo up to the digest itself (RFC 8017 §9.2, note 1).
    fn digest_info(self) -> &'static [u8] {
        match self {
            Self::Sha256 => &[48, 49, 48, 13, 6, 9, 96, 134, 72, 1, 101, 3, 4, 2, 1, 5, 0, 4, 32],
            Self::Sha384 => &[48, 65, 48, 13, 6, 9, 96, 134, 72, 1, 101, 3, 4, 2, 2, 5, 0, 4, 48],
            Self::Sha512 => &[48, 81, 48, 13, 6, 9, 96, 134, 72, 1, 101, 3, 4, 2, 3, 5, 0, 4, 64],
        }
    }

    fn digest_bytes(self) -> usize {
        match self {
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }
}

/// Whether this key (an RSAPublicKey in DER) made this signature over this digest.
pub(crate) fn verify(key: &[u8], hash: Hash, digest: &[u8], signature: &[u8]) -> bool {
    let Ok((modulus, exponent)) = parse(key) else { return false };
    // 1. The signature is as long as the modulus (step 1 of §8.2.2).
    let sound = MODULUS_BYTES.contains(&modulus.len())
        && (1..=EXPONENT_BYTES_MAX).contains(&exponent.len())
        && exponent.last().is_some_and(|byte| byte % 2 == 1)
        && signature.len() == modulus.len()
        && digest.len() == hash.digest_bytes();
    if !sound {
        return false;
    }
    // 2. m = s^e mod n, and s < n (RSAVP1).
    let Some(message) = power(modulus, exponent, signature) else { return false };
    // 3. and 4. The message is compared whole with the one encoding it may have: no parsing of
    // padding, so no forgery by lenient parsing (Bleichenbacher 2006).
    message.as_ref() == encoded(hash, digest, modulus.len())
}

/// EMSA-PKCS1-v1_5: 00 01 FF… 00 DigestInfo digest.
fn encoded(hash: Hash, digest: &[u8], length: usize) -> Vec<u8> {
    let tail = [&[0], hash.digest_info(), digest].concat();
    let mut encoded = vec![0xff; length.saturating_sub(tail.len())];
    for (byte, value) in encoded.iter_mut().zip([0, 1]) {
        *byte = value;
    }
    encoded.extend(tail);
    encoded
}

fn power(modulus: &[u8], exponent: &[u8], base: &[u8]) -> Option<Box<[u8]>> {
    let read = BoxedUint::from_be_slice_vartime;
    let modulus: Odd<BoxedUint> = Option::from(Odd::new(read(modulus)))?;
    let base = read(base).resize(modulus.bits_precision());
    if base >= *modulus.as_ref() {
        return None;
    }
    let length = modulus.as_ref().bit_width_vartime().div_ceil(8) as usize;
    let params = BoxedMontyParams::new_vartime(modulus);
    let power = BoxedMontyForm::new(base, &params).pow(&read(exponent)).retrieve();
    let bytes = power.to_be_bytes();
    bytes.get(bytes.len().checked_sub(length)?..).map(Into::into)
}

/// RSAPublicKey ::= SEQUENCE { modulus INTEGER, publicExponent INTEGER } (RFC 8017 §A.1.1).
fn parse(der: &[u8]) -> Result<(&[u8], &[u8]), spki::der::Error> {
    let mut reader = SliceReader::new(der)?;
    let key = reader.sequence(|inner| {
        let (modulus, exponent) = (UintRef::decode(inner)?, UintRef::decode(inner)?);
        Ok::<_, spki::der::Error>((modulus.as_bytes(), exponent.as_bytes()))
    })?;
    reader.finish()?;
    Ok(key)
}
