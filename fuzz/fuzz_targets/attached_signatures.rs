//! What hangs at an image, as a registry gives it: manifests, payloads and bundles of any bytes.
//! None of them is a signature by the trusted key.
#![no_main]

use std::sync::{Arc, OnceLock};

use oci_image::{Digest, Limits, MemoryStore, RawManifest, Repository, next_page};
use signature::{Payload, Wanted, attached, attestation_tag, fallback_tag, legacy_tag};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    static SUBJECT: OnceLock<Digest> = OnceLock::new();
    let subject = SUBJECT.get_or_init(|| Digest::of(b"image"));
    let mut store = MemoryStore::default();
    // The payload is whatever the manifest says of it, or the manifest itself.
    store.add_blob(bytes.to_vec());
    for tag in [legacy_tag(subject), attestation_tag(subject), fallback_tag(subject)] {
        store.add_manifest(&tag, RawManifest { media_type: None, bytes: bytes.to_vec() });
    }
    let limits = Limits::default();
    let repository = Repository::new(Arc::new(store), "fn", &limits);
    let found = attached(&[*subject], &[repository], Wanted::Everything, &limits);
    let answer = signature::judge(found, &[]);
    assert_ne!(answer.outcome, signature::Outcome::Verified);
    let _ = Payload::parse(bytes);
    if let Ok(text) = std::str::from_utf8(bytes) {
        let _ = next_page(text);
    }
});
