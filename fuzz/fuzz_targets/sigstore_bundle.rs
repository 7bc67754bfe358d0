//! Bundles as strangers write them: they are refused or not verified, and nothing panics.
#![no_main]

use std::sync::LazyLock;

use signature::{Bundle, CertificateAuthorities, Evidence, KeyedLog, PublicKey, Sigstore, TrustedRoot};

/// Of the instance that made the corpus: what verifies there is damaged bit by bit.
static ROOT: LazyLock<Option<TrustedRoot>> =
    LazyLock::new(|| TrustedRoot::from_json(include_bytes!("../corpus/trusted_root/acme")).ok());
static KEY: LazyLock<Option<PublicKey>> = LazyLock::new(|| {
    PublicKey::from_pem(include_str!("../../crates/signature/tests/vectors/openssl/p384.pub")).ok()
});

static OWN: LazyLock<CertificateAuthorities> = LazyLock::new(|| {
    let mut own = CertificateAuthorities::default();
    let _ = own.add(include_str!("../corpus/certificate_authorities/chain"));
    own
});

libfuzzer_sys::fuzz_target!(|json: &[u8]| {
    let (Some(root), Some(key)) = (&*ROOT, &*KEY) else { return };
    let entry = String::from_utf8_lossy(json).into_owned();
    let sigstore = Sigstore { log_entry: Some(entry), ..Sigstore::default() };
    let lifted = Bundle::of_envelope(br#"{"signatures":[]}"#, &sigstore).ok();
    for bundle in Bundle::parse(json).ok().into_iter().chain(lifted) {
        let _ = bundle.statement();
        let _ = bundle.verify_keyless(b"artifact"[..].into(), root, Evidence::default());
        let _ = bundle.verify_certified(b"artifact"[..].into(), &OWN, KeyedLog::WaivedUnsafe);
        let _ = bundle.verify_keyed(b"artifact"[..].into(), key, KeyedLog::Required(root));
    }
});
