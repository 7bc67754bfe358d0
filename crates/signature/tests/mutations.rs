//! Every field of a valid bundle, altered: it verifies no more. A few fields nobody signs; there
//! the altered bundle may verify, and then it says the same as before.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use signature::{Bundle, Evidence, KeyedLog, PublicKey, Signer as Who, TrustedRoot};
use testkit::signer::Signer;
use testkit::sigstore::{Identity, Instance, Logged, Order};
use verdict::Digest;

const FILE: &[u8] = b"function handler";
/// Bytes are altered at this distance, and the first and last of each field.
const STRIDE: usize = 29;

/// What nobody signs, and why it harms nobody.
const UNSIGNED: [(&str, &str); 2] = [
    ("/publicKey/hint", "selects nothing"),
    ("/signedTimestamp", "the response around the token, and the token's own frame"),
];
/// The same in an entry of Rekor v2.
const UNSIGNED_V2: [(&str, &str); 5] = [
    ("/kindVersion/version", "the body says it again, and is proven"),
    ("/logId/keyId", "the checkpoint's signature is asked instead"),
    ("/inclusionProof/logIndex", "the entry's own is taken"),
    ("/inclusionProof/rootHash", "the checkpoint's is taken"),
    ("/inclusionProof/treeSize", "the checkpoint's is taken"),
];

fn statement() -> Value {
    json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": "fn", "digest": {"sha256": Digest::of(FILE).hex()}}],
        "predicateType": "https://slsa.dev/provenance/v1",
        "predicate": {"builder": "acme"},
    })
}

/// The places of all texts in it, as JSON pointers.
fn places(value: &Value, at: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            map.iter().for_each(|(key, value)| places(value, &format!("{at}/{key}"), found));
        }
        Value::Array(list) => {
            let numbered = list.iter().enumerate();
            numbered.for_each(|(index, value)| places(value, &format!("{at}/{index}"), found));
        }
        _ => found.push(at.to_owned()),
    }
}

/// The altered forms of a text.
fn altered(text: &str) -> Vec<String> {
    if let Ok(number) = text.parse::<u64>() {
        return vec![(number + 1).to_string(), (number ^ 2).to_string(), "0".to_owned()];
    }
    let flipped = |bytes: &[u8]| {
        let last = bytes.len() - 1;
        let places = (0..last).step_by(STRIDE).chain([last]);
        places
            .map(|place| {
                let mut bytes = bytes.to_vec();
                bytes[place] ^= 1;
                bytes
            })
            .collect::<Vec<_>>()
    };
    match STANDARD.decode(text) {
        Ok(bytes) if bytes.len() > 8 => {
            flipped(&bytes).iter().map(|bytes| STANDARD.encode(bytes)).collect()
        }
        _ => flipped(text.as_bytes())
            .into_iter()
            .filter_map(|bytes| String::from_utf8(bytes).ok())
            .collect(),
    }
}

fn check<Said: PartialEq + std::fmt::Debug>(
    bundle: &Value,
    verify: impl Fn(&Bundle) -> Option<Said>,
) {
    let verified = |bundle: &Value| {
        let bundle = Bundle::parse(bundle.to_string().as_bytes()).ok()?;
        verify(&bundle)
    };
    let said = verified(bundle);
    assert!(said.is_some());
    let mut found = Vec::new();
    places(bundle, "", &mut found);
    let is_v2 = bundle.to_string().contains("0.0.2");
    let mut tried = 0;
    for place in found {
        let text = bundle.pointer(&place).unwrap().as_str().unwrap();
        for altered in altered(text) {
            let mut mutated = bundle.clone();
            *mutated.pointer_mut(&place).unwrap() = altered.as_str().into();
            tried += 1;
            let Some(now) = verified(&mutated) else { continue };
            assert!(harmless(&place, text, &altered, is_v2), "{place} as {altered:?} verifies");
            assert_eq!(Some(now), said, "{place} as {altered:?}");
        }
    }
    assert!(tried > 50, "{tried} mutations");
}

/// Whether this is a part that nobody signs.
fn harmless(place: &str, text: &str, altered: &str, is_v2: bool) -> bool {
    // The name before a checkpoint's signature is no part of what is signed.
    let body = |note: &str| note.split("\n\n").next().map(str::to_owned);
    if place.ends_with("/checkpoint/envelope") {
        return body(text) == body(altered);
    }
    let anywhere = UNSIGNED.iter().any(|(end, _)| place.ends_with(end));
    anywhere || is_v2 && UNSIGNED_V2.iter().any(|(end, _)| place.ends_with(end))
}

fn orders() -> [Order; 2] {
    let order = Order { stamped: true, ..Order::default() };
    [Order { logged: Logged::V2, ..order.clone() }, order]
}

#[test]
fn an_altered_keyless_bundle_verifies_no_more() {
    let instance = Instance::new("acme");
    let root = TrustedRoot::from_json(instance.trusted_root().to_string().as_bytes()).unwrap();
    let who = Identity::new("ci@acme.example", "https://issuer.example");
    let verify = |bundle: &Bundle| -> Option<Who> {
        bundle.verify_keyless(FILE.into(), &root, Evidence::default()).ok()
    };
    for order in orders() {
        check(&instance.sign(&who, FILE, &order), verify);
        check(&instance.attest(&who, &statement(), &order), verify);
    }
}

#[test]
fn an_altered_keyed_bundle_verifies_no_more() {
    let instance = Instance::new("acme");
    let root = TrustedRoot::from_json(instance.trusted_root().to_string().as_bytes()).unwrap();
    let signer = Signer::new("release");
    let key = PublicKey::from_der(&signer.public_der()).unwrap();
    let verify =
        |bundle: &Bundle| bundle.verify_keyed(FILE.into(), &key, KeyedLog::Required(&root)).ok();
    for order in orders() {
        check(&instance.sign_with_key(&signer, FILE, &order), verify);
        check(&instance.attest_with_key(&signer, &statement(), &order), verify);
    }
}
