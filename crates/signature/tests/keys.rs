//! Keys that are no ECDSA P-256 public keys are refused by what they are.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use signature::PublicKey;
use testkit::signer::Signer;

fn refusal(pem: &str) -> String {
    PublicKey::from_pem(pem).unwrap_err().to_string()
}

// Made with `openssl genpkey -algorithm … | openssl pkey -pubout`.
const ED25519: &str = "-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=
-----END PUBLIC KEY-----
";

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
fn other_algorithms_are_named() {
    assert!(refusal(ED25519).contains("Ed25519"), "{}", refusal(ED25519));
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
