//! Logged signatures by keys that are not P-256: each that a key of its type may make is found in
//! the log by the hash that its signer used.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use signature::{Artifact, Bundle, BundleFault, KeyedLog, PublicKey, TrustedRoot};
use testkit::sigstore::{Instance, Logged, Order};
use verdict::Digest;

macro_rules! vector {
    ($name:literal) => {
        include_bytes!(concat!("vectors/openssl/", $name)).as_slice()
    };
}

const PAYLOAD: &[u8] = vector!("payload");

struct Made {
    pem: &'static [u8],
    signature: &'static [u8],
    /// By which the log has the payload.
    hash: &'static str,
}

fn made() -> [Made; 7] {
    let made = |pem, signature, hash| Made { pem, signature, hash };
    let rsa = vector!("rsa2048.pub");
    [
        made(vector!("p384.pub"), vector!("p384-sha384.sig"), "sha384"),
        made(vector!("p384.pub"), vector!("p384-sha256.sig"), "sha256"),
        made(vector!("p521.pub"), vector!("p521-sha512.sig"), "sha512"),
        made(vector!("p521.pub"), vector!("p521-sha256.sig"), "sha256"),
        made(vector!("ed25519ph.pub"), vector!("ed25519ph.sig"), "sha512"),
        made(rsa, vector!("rsa-pkcs1.sig"), "sha256"),
        made(rsa, vector!("rsa-pss.sig"), "sha256"),
    ]
}

fn key(pem: &[u8]) -> (PublicKey, Vec<u8>) {
    let pem = std::str::from_utf8(pem).unwrap();
    let der = pem::parse(pem).unwrap().into_contents();
    (PublicKey::from_pem(pem).unwrap(), der)
}

fn orders() -> [Order; 2] {
    let stamped = Order { stamped: true, ..Order::default() };
    [Order { logged: Logged::V2, ..stamped.clone() }, stamped]
}

fn root(instance: &Instance) -> TrustedRoot {
    TrustedRoot::from_json(instance.trusted_root().to_string().as_bytes()).unwrap()
}

fn parsed(bundle: &serde_json::Value) -> Bundle {
    Bundle::parse(bundle.to_string().as_bytes()).unwrap()
}

#[test]
fn p14_each_algorithm_is_found_in_its_log() {
    let instance = Instance::new("acme");
    let root = root(&instance);
    for Made { pem, signature, hash } in made() {
        let (key, der) = key(pem);
        for order in orders() {
            let bundle = parsed(&instance.log_signature(&der, signature, PAYLOAD, hash, &order));
            let log = KeyedLog::Required(&root);
            let signed = bundle.verify_keyed(PAYLOAD.into(), &key, log).unwrap();
            let both = order.logged == Logged::V1;
            assert_eq!(signed.times.len(), if both { 2 } else { 1 }, "{}", signed.algorithm);
            // By its digest only what was signed and logged as a SHA-256.
            let digest = Artifact::Sha256(Digest::of(PAYLOAD));
            let by_digest = bundle.verify_keyed(digest, &key, log);
            let name = signed.algorithm.to_string();
            let can = name.contains("SHA-256") && !name.contains("PSS");
            assert_eq!(by_digest.is_ok(), can, "{name}");
            assert!(bundle.verify_keyed(b"other"[..].into(), &key, log).is_err(), "{name}");
        }
    }
}

#[test]
fn p16_an_entry_for_something_else_is_refused() {
    let instance = Instance::new("acme");
    let other = Instance::new("other");
    let root = root(&instance);
    for Made { pem, signature, hash } in made() {
        let (key, der) = key(pem);
        for order in orders() {
            let good = instance.log_signature(&der, signature, PAYLOAD, hash, &order);
            let refused = |foreign: &serde_json::Value, part: &str| {
                let mut bundle = good.clone();
                bundle["verificationMaterial"][part] =
                    foreign["verificationMaterial"][part].clone();
                let log = KeyedLog::Required(&root);
                parsed(&bundle).verify_keyed(PAYLOAD.into(), &key, log).unwrap_err()
            };
            let log = |der: &[u8], signature: &[u8], payload: &[u8]| {
                instance.log_signature(der, signature, payload, hash, &order)
            };
            let (_, foreign_key) = self::key(vector!("statement-p384.pub"));
            for foreign in [
                log(&der, signature, b"other"),
                log(&der, vector!("statement-p384.sig"), PAYLOAD),
                log(&foreign_key, signature, PAYLOAD),
                other.log_signature(&der, signature, PAYLOAD, hash, &order),
            ] {
                let fault = refused(&foreign, "tlogEntries");
                assert!(
                    matches!(
                        fault,
                        BundleFault::Log(_) | BundleFault::OtherLog(_) | BundleFault::OtherArtifact
                    ),
                    "{fault:?}"
                );
            }
            let foreign = other.log_signature(&der, signature, PAYLOAD, hash, &order);
            let fault = refused(&foreign, "timestampVerificationData");
            assert!(matches!(fault, BundleFault::Time(_)), "{fault:?}");
        }
    }
}

#[test]
fn an_attestation_with_p384_is_found_in_its_log() {
    let instance = Instance::new("acme");
    let root = root(&instance);
    let (key, der) = key(vector!("statement-p384.pub"));
    let (signature, payload) = (vector!("statement-p384.sig"), vector!("statement.json"));
    for order in orders() {
        let bundle = instance.log_envelope(&der, signature, payload, &order);
        let verify = |bundle: &serde_json::Value| {
            let artifact = Artifact::Sha256(Digest::of(PAYLOAD));
            parsed(bundle).verify_keyed(artifact, &key, KeyedLog::Required(&root))
        };
        verify(&bundle).unwrap();
        let mut foreign = bundle.clone();
        foreign["verificationMaterial"]["tlogEntries"] = instance
            .log_envelope(&der, signature, b"{}", &order)["verificationMaterial"]["tlogEntries"]
            .clone();
        assert!(matches!(verify(&foreign), Err(BundleFault::Log(_))));
    }
}

#[test]
fn an_altered_entry_verifies_no_more() {
    let instance = Instance::new("acme");
    let root = root(&instance);
    let (key, der) = key(vector!("ed25519ph.pub"));
    for order in orders() {
        let signature = vector!("ed25519ph.sig");
        let good = instance.log_signature(&der, signature, PAYLOAD, "sha512", &order);
        let entry = &good["verificationMaterial"]["tlogEntries"][0];
        let mut fields = vec![
            "/logIndex",
            "/canonicalizedBody",
            "/inclusionProof/hashes/0",
            "/inclusionProof/hashes/1",
            "/inclusionProof/checkpoint/envelope",
        ];
        if order.logged == Logged::V1 {
            fields.extend([
                "/logId/keyId",
                "/integratedTime",
                "/inclusionPromise/signedEntryTimestamp",
                "/inclusionProof/logIndex",
                "/inclusionProof/rootHash",
                "/inclusionProof/treeSize",
            ]);
        }
        for field in fields {
            let text = entry.pointer(field).unwrap().as_str().unwrap();
            let altered = match text.parse::<u64>() {
                Ok(number) => (number + 1).to_string(),
                // A character in the middle: the base64 of another byte.
                Err(_) => {
                    let (head, tail) = text.split_at(text.len() / 2);
                    let other = if tail.starts_with('A') { "B" } else { "A" };
                    format!("{head}{other}{}", &tail[1..])
                }
            };
            let mut bundle = good.clone();
            let entry = &mut bundle["verificationMaterial"]["tlogEntries"][0];
            *entry.pointer_mut(field).unwrap() = altered.into();
            let verified = Bundle::parse(bundle.to_string().as_bytes()).ok().and_then(|bundle| {
                bundle.verify_keyed(PAYLOAD.into(), &key, KeyedLog::Required(&root)).ok()
            });
            assert!(verified.is_none(), "{field}");
        }
    }
}
