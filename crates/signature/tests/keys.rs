//! Which public keys are taken, what they verify, and how others are refused by what they are.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use signature::{Algorithm, PublicKey, SignatureFault};
use testkit::signer::Signer;
use verdict::Digest;

fn refusal(pem: &str) -> String {
    PublicKey::from_pem(pem).unwrap_err().to_string()
}

macro_rules! vector {
    ($name:literal) => {
        include_bytes!(concat!("vectors/openssl/", $name)).as_slice()
    };
}

const PAYLOAD: &[u8] = vector!("payload");

fn key(pem: &[u8]) -> PublicKey {
    PublicKey::from_pem(std::str::from_utf8(pem).unwrap()).unwrap()
}

/// Each signature that OpenSSL or Go made, with its key and the algorithm that it used.
fn made_by_others() -> [(&'static [u8], &'static [u8], Algorithm); 8] {
    let (p384, rsa) = (vector!("p384.pub"), vector!("rsa2048.pub"));
    [
        (p384, vector!("p384-sha384.sig"), Algorithm::EcdsaP384Sha384),
        (p384, vector!("p384-sha256.sig"), Algorithm::EcdsaP384Sha256),
        (vector!("p521.pub"), vector!("p521-sha512.sig"), Algorithm::EcdsaP521Sha512),
        (vector!("p521.pub"), vector!("p521-sha256.sig"), Algorithm::EcdsaP521Sha256),
        (vector!("ed25519.pub"), vector!("ed25519.sig"), Algorithm::Ed25519),
        (vector!("ed25519ph.pub"), vector!("ed25519ph.sig"), Algorithm::Ed25519Ph),
        (rsa, vector!("rsa-pkcs1.sig"), Algorithm::RsaPkcs1Sha256),
        (rsa, vector!("rsa-pss.sig"), Algorithm::RsaPssSha256),
    ]
}

#[test]
fn p14_each_algorithm_of_a_key_verifies_and_is_named() {
    for (pem, signature, algorithm) in made_by_others() {
        assert_eq!(key(pem).verify(PAYLOAD, signature), Ok(algorithm));
    }
}

#[test]
fn no_flipped_bit_of_any_signature_or_payload_verifies() {
    for (pem, signature, algorithm) in made_by_others() {
        let key = key(pem);
        // What ring does not do takes a twentieth of a second where nothing is optimized.
        let step = match algorithm.to_string().as_str() {
            name if name.contains("P-521") => 83,
            name if name.contains("Ed25519") => 11,
            _ => 1,
        };
        for bit in (0..signature.len() * 8).step_by(step) {
            let mut flipped = signature.to_vec();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(key.verify(PAYLOAD, &flipped).is_err(), "{algorithm}: bit {bit} of it");
        }
        for byte in (0..PAYLOAD.len()).step_by(step) {
            let mut flipped = PAYLOAD.to_vec();
            flipped[byte] ^= 1;
            assert_eq!(key.verify(&flipped, signature), Err(SignatureFault::Mismatch));
        }
    }
}

#[test]
fn a_signature_verifies_with_its_own_key_alone() {
    let others =
        [vector!("p384.pub"), vector!("p521.pub"), vector!("ed25519.pub"), vector!("rsa2048.pub")];
    for (pem, signature, _) in made_by_others() {
        for other in others.iter().filter(|other| **other != pem) {
            assert!(key(other).verify(PAYLOAD, signature).is_err());
        }
        let p256 = PublicKey::from_pem(&Signer::new("acme").public_pem()).unwrap();
        assert!(p256.verify(PAYLOAD, signature).is_err());
    }
}

#[test]
fn a_signature_over_a_sha256_verifies_by_the_digest_alone() {
    let digest = Digest::of(PAYLOAD);
    for (pem, signature, algorithm) in made_by_others() {
        let verified = key(pem).verify_digest(&digest, signature);
        let name = algorithm.to_string();
        match name.as_str() {
            // What Ed25519 signs is no SHA-256.
            "Ed25519" | "Ed25519ph" => assert_eq!(verified, None),
            // RSA's PSS is verified with the bytes alone, as other hashes are.
            _ if name.contains("PSS") || !name.contains("SHA-256") => {
                assert_eq!(verified, Some(Err(SignatureFault::Mismatch)), "{name}");
            }
            _ => assert_eq!(verified, Some(Ok(algorithm))),
        }
        let other = key(pem).verify_digest(&Digest::of(b"other"), signature);
        assert!(!matches!(other, Some(Ok(_))), "{name}");
    }
}

#[test]
fn rsa_with_sha1_is_no_signature() {
    let verified = key(vector!("rsa2048.pub")).verify(PAYLOAD, vector!("rsa-sha1.sig"));
    assert_eq!(verified, Err(SignatureFault::Mismatch));
}

#[test]
fn weak_rsa_and_unknown_curves_are_refused_by_what_they_are() {
    let said = |pem: &[u8]| refusal(std::str::from_utf8(pem).unwrap());
    assert!(said(vector!("rsa1024.pub")).contains("RSA of 1024 bits"));
    assert!(said(vector!("secp256k1.pub")).contains("1.3.132.0.10"));
}

#[test]
fn a_p256_key_is_taken_whole() {
    let pem = Signer::new("acme").public_pem();
    assert_eq!(PublicKey::from_pem(&pem).unwrap(), PublicKey::from_pem(&pem).unwrap());
    assert_ne!(
        PublicKey::from_pem(&pem).unwrap().id(),
        PublicKey::from_pem(&Signer::new("other").public_pem()).unwrap().id()
    );
}

#[test]
fn private_keys_certificates_and_noise_are_no_public_keys() {
    let pem = Signer::new("acme").public_pem();
    assert!(refusal(&pem.replace("PUBLIC KEY", "CERTIFICATE")).contains("CERTIFICATE"));
    assert!(refusal("hello").contains("PEM"));
    assert!(refusal(&"x".repeat(100_000)).contains("PEM"));
    let cut: String =
        pem.lines().take(2).chain(["-----END PUBLIC KEY-----"]).collect::<Vec<_>>().join("\n");
    assert!(PublicKey::from_pem(&cut).is_err());
}
