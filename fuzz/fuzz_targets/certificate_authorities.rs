//! Certificates of authorities as anybody's PEM files hold them: they are taken or refused, and
//! what is taken traces a signer's certificate without a panic.
#![no_main]

use std::sync::LazyLock;

use signature::{Bundle, CertificateAuthorities, KeyedLog};

/// A signature with a certificate by the corpus' authorities.
static BUNDLE: LazyLock<Option<Bundle>> =
    LazyLock::new(|| Bundle::parse(include_bytes!("../corpus/sigstore_bundle/own_pki")).ok());

libfuzzer_sys::fuzz_target!(|pem: &str| {
    let mut authorities = CertificateAuthorities::default();
    if authorities.add(pem).is_ok()
        && let Some(bundle) = &*BUNDLE
    {
        let _ = bundle.verify_certified(
            b"artifact"[..].into(),
            &authorities,
            KeyedLog::WaivedUnsafe,
        );
    }
});
