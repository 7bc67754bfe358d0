//! Manifests and indexes: any bytes are one or an error with a remedy.
#![no_main]

use oci_image::{ManifestKind, RawManifest};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let raw = RawManifest { media_type: None, bytes: bytes.to_vec() };
    if let Err(error) = ManifestKind::parse(&raw) {
        assert!(!error.remedy().is_empty());
    }
});
