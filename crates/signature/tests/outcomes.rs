//! The four answers to "who signed this?", and that none is taken for another.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::io::Read;
use std::sync::Arc;

use oci_image::{
    Descriptor, Digest, Image, ImageError, Limits, MemoryStore, Place, Platform, RawManifest,
    Store, Which,
};
use serde_json::json;
use signature::{
    Algorithm, Answer, Attached, Authority, Fault, Outcome, PublicKey, Signatory, Wanted, attached,
    judge, legacy_tag,
};
use testkit::signer::{SignatureLayer, Signer, signature_manifest};

/// An image without layers, in memory.
fn image() -> (MemoryStore, Digest) {
    let mut store = MemoryStore::default();
    let config = br#"{"os":"linux","architecture":"amd64","rootfs":{"diff_ids":[]}}"#;
    let digest = store.add_blob(&config[..]);
    let manifest = json!({
        "schemaVersion": 2,
        "config": {
            "mediaType": "application/vnd.oci.image.config.v1+json",
            "digest": digest, "size": config.len(),
        },
        "layers": [],
    });
    let raw = RawManifest { media_type: None, bytes: serde_json::to_vec(&manifest).unwrap() };
    let digest = store.add_manifest("latest", raw);
    (store, digest)
}

fn open(store: impl Store + 'static) -> Image {
    let (which, platform) = (Which::Tag("latest".to_owned()), Platform::linux_amd64());
    let limits = Limits::default();
    Image::open(Arc::new(store), "acme/fn", &which, Place::Registry, &platform, &limits).unwrap()
}

fn authority(signer: &Signer) -> Authority {
    let keys = vec![PublicKey::from_pem(&signer.public_pem()).unwrap()];
    Authority::of_keys("acme", keys)
}

fn find(image: &Image, limits: &Limits) -> Attached {
    let digest = image.pinned().digest;
    attached(&[digest], &[image.repository()], Wanted::Signatures, limits)
}

fn answer(layers: Vec<SignatureLayer>, trusted: &Signer) -> Answer {
    let (mut store, digest) = image();
    if !layers.is_empty() {
        let signed = signature_manifest(&digest.to_string(), layers);
        for blob in signed.blobs {
            store.add_blob(blob);
        }
        store.add_manifest(&signed.tag, RawManifest { media_type: None, bytes: signed.manifest });
    }
    judge(find(&open(store), &Limits::default()), &[authority(trusted)])
}

fn digest() -> String {
    image().1.to_string()
}

#[test]
fn a_trusted_signature_verifies() {
    let acme = Signer::new("acme");
    let answer = answer(vec![acme.sign("acme/fn", &digest())], &acme);
    assert_eq!(answer.outcome, Outcome::Verified);
    assert_eq!(answer.seen[0].result.as_ref().unwrap().authority, "acme");
}

#[test]
fn nothing_attached_is_unsigned() {
    assert_eq!(answer(vec![], &Signer::new("acme")).outcome, Outcome::Unsigned);
}

#[test]
fn another_key_is_another_signer() {
    let mallory = Signer::new("mallory").sign("acme/fn", &digest());
    assert_eq!(answer(vec![mallory], &Signer::new("acme")).outcome, Outcome::OtherSigner);
}

#[test]
fn a_signature_moved_from_another_image_is_bad_even_if_trusted() {
    let acme = Signer::new("acme");
    let moved = acme.sign("acme/other", &Digest::of(b"other").to_string());
    let answer = answer(vec![moved], &acme);
    assert_eq!(answer.outcome, Outcome::BadSignature);
    assert!(matches!(answer.seen[0].result, Err(Fault::OtherImage(_))));
}

#[test]
fn what_is_no_signature_is_bad() {
    let acme = Signer::new("acme");
    for text in ["", "%%%", "AAAA", "MAYCAQECAQE"] {
        let mut layer = acme.sign("acme/fn", &digest());
        layer.signature = text.to_owned();
        assert_eq!(answer(vec![layer], &acme).outcome, Outcome::BadSignature, "{text:?}");
    }
    let statement = acme.sign_bytes(br#"{"_type":"https://in-toto.io/Statement/v1"}"#.to_vec());
    assert_eq!(answer(vec![statement], &acme).outcome, Outcome::BadSignature);
}

#[test]
fn a_foreign_or_broken_signature_hides_no_good_one() {
    let acme = Signer::new("acme");
    let mut broken = acme.sign("acme/fn", &digest());
    broken.signature = "%%%".to_owned();
    let layers = vec![
        broken,
        Signer::new("mallory").sign("acme/fn", &digest()),
        acme.sign("acme/fn", &digest()),
    ];
    let answer = answer(layers, &acme);
    assert_eq!(answer.outcome, Outcome::Verified);
    assert_eq!(answer.seen.iter().filter(|seen| seen.result.is_ok()).count(), 1);
}

#[test]
fn a_key_of_another_kind_hides_no_signer() {
    let (mut store, digest) = image();
    let acme = Signer::new("acme");
    let layer = acme.sign("acme/fn", &digest.to_string());
    let signed = signature_manifest(&digest.to_string(), vec![layer]);
    for blob in signed.blobs {
        store.add_blob(blob);
    }
    store.add_manifest(&signed.tag, RawManifest { media_type: None, bytes: signed.manifest });
    let image = open(store);
    let ed25519 = PublicKey::from_pem(include_str!("vectors/openssl/ed25519.pub")).unwrap();
    // Tried first, a key whose signatures look otherwise: the one that signed is still found.
    let mut keys = vec![ed25519];
    keys.extend(authority(&acme).keys);
    let both = Authority::of_keys("acme", keys);
    let found = || find(&image, &Limits::default());
    let answer = judge(found(), std::slice::from_ref(&both));
    assert_eq!(answer.outcome, Outcome::Verified);
    let signatory = &answer.seen[0].result.as_ref().unwrap().verified.signatory;
    assert!(matches!(signatory, Signatory::Key { algorithm: Algorithm::EcdsaP256Sha256, .. }));
    // Without it, the form fits none of the keys.
    let other = Authority { keys: both.keys[..1].to_vec(), ..both.clone() };
    assert_eq!(judge(found(), &[other]).outcome, Outcome::BadSignature);
}

#[test]
fn no_trusted_key_verifies_nothing() {
    let (mut store, digest) = image();
    let layer = Signer::new("acme").sign("acme/fn", &digest.to_string());
    let signed = signature_manifest(&digest.to_string(), vec![layer]);
    for blob in signed.blobs {
        store.add_blob(blob);
    }
    store.add_manifest(&signed.tag, RawManifest { media_type: None, bytes: signed.manifest });
    let found = find(&open(store), &Limits::default());
    assert_eq!(judge(found, &[]).outcome, Outcome::OtherSigner);
}

#[test]
fn every_flipped_bit_of_a_signature_or_payload_stops_verifying() {
    let acme = Signer::new("acme");
    let key = PublicKey::from_pem(&acme.public_pem()).unwrap();
    let payload = Signer::payload("acme/fn", &digest());
    let layer = acme.sign_bytes(payload.clone());
    let signature = base64::Engine::decode(
        &base64::engine::general_purpose::STANDARD,
        layer.signature.as_bytes(),
    )
    .unwrap();
    key.verify(&payload, &signature).unwrap();
    for bit in 0..signature.len() * 8 {
        let mut flipped = signature.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        assert!(key.verify(&payload, &flipped).is_err(), "bit {bit} of the signature");
    }
    for bit in 0..payload.len() * 8 {
        let mut flipped = payload.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        assert!(key.verify(&flipped, &signature).is_err(), "bit {bit} of the payload");
    }
}

/// A registry that answers for images and not for signatures.
struct Half(MemoryStore, &'static str);

impl Store for Half {
    fn manifest(&self, which: &Which, max: u64) -> Result<Option<RawManifest>, ImageError> {
        if matches!(which, Which::Tag(tag) if tag.ends_with(".sig")) {
            let source = std::io::Error::from(std::io::ErrorKind::TimedOut);
            return Err(ImageError::Source { what: self.1.to_owned(), source: source.into() });
        }
        self.0.manifest(which, max)
    }

    fn blob(&self, descriptor: &Descriptor) -> Result<Box<dyn Read + Send>, ImageError> {
        self.0.blob(descriptor)
    }
}

#[test]
fn p20_a_registry_that_does_not_answer_is_not_an_unsigned_image() {
    let (store, _) = image();
    let acme = Signer::new("acme");
    let answer =
        judge(find(&open(Half(store, "signatures")), &Limits::default()), &[authority(&acme)]);
    assert_eq!(answer.outcome, Outcome::Unreachable);
    assert_eq!(answer.unanswered.len(), 1);
}

#[test]
fn p22_what_is_over_a_limit_is_not_fetched_and_hides_nothing_else() {
    let (mut store, digest) = image();
    let (acme, mallory) = (Signer::new("acme"), Signer::new("mallory"));
    let layers = [&mallory, &mallory, &acme].map(|it| it.sign("acme/fn", &digest.to_string()));
    let signed = signature_manifest(&digest.to_string(), layers.into());
    assert_eq!(signed.tag, legacy_tag(&digest));
    for blob in signed.blobs {
        store.add_blob(blob);
    }
    store.add_manifest(&signed.tag, RawManifest { media_type: None, bytes: signed.manifest });
    let image = open(store);
    let few = Limits { signatures_max: 2, ..Limits::default() };
    let small = Limits { signature_bytes_max: 100, ..Limits::default() };
    for limits in [few, small] {
        let said = |signer| judge(find(&image, &limits), &[authority(signer)]);
        assert_eq!(said(&acme).outcome, Outcome::OverLimit);
        // What is within the limit still counts.
        let first = limits.signatures_max == 2;
        assert_eq!(said(&mallory).outcome == Outcome::Verified, first);
    }
}
