//! Lists of revoked certificates as files hold them: they are taken or refused, and what is taken says
//! something of a signer's certificate without a panic.
#![no_main]

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use signature::{Bundle, CertificateAuthorities, KeyedLog};

/// A signature with a certificate by the authorities that signed the corpus.
static BUNDLE: LazyLock<Option<Bundle>> =
    LazyLock::new(|| Bundle::parse(include_bytes!("../corpus/sigstore_bundle/own_pki")).ok());
const CHAIN: &str = include_str!("../corpus/certificate_authorities/chain");

libfuzzer_sys::fuzz_target!(|der: &[u8]| {
    let list = STANDARD.encode(der);
    let list = format!("-----BEGIN X509 CRL-----\n{list}\n-----END X509 CRL-----\n");
    let mut authorities = CertificateAuthorities::default();
    if authorities.add(CHAIN).is_ok()
        && authorities.add(&list).is_ok()
        && let Some(bundle) = &*BUNDLE
    {
        let artifact = b"artifact"[..].into();
        let _ = bundle.verify_certified(artifact, &authorities, KeyedLog::WaivedUnsafe);
    }
});
