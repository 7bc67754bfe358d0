//! Layers: any bytes, said to be plain, gzip or zstd, end within the limits.
#![no_main]

use std::sync::Arc;

use oci_image::{Digest, Image, Limits, MemoryStore, Place, Platform, RawManifest, Which};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let limits = Limits { inflated_bytes_max: 1 << 20, ..Limits::default() };
    for kind in ["tar", "tar+gzip", "tar+zstd"] {
        let mut store = MemoryStore::default();
        let diff_id = Digest::of(b"");
        let config = format!(r#"{{"rootfs":{{"diff_ids":["{diff_id}"]}}}}"#);
        let (size, config) = (config.len(), store.add_blob(config.into_bytes()));
        let layer = store.add_blob(bytes);
        let manifest = format!(
            r#"{{"schemaVersion":2,"config":{{"mediaType":"c","digest":"{config}","size":{size}}},
            "layers":[{{"mediaType":"application/vnd.oci.image.layer.v1.{kind}","digest":"{layer}","size":{}}}]}}"#,
            bytes.len()
        );
        let raw = RawManifest { media_type: None, bytes: manifest.into_bytes() };
        let which = Which::Digest(store.add_manifest("t", raw));
        let platform = Platform::linux_amd64();
        let image =
            Image::open(Arc::new(store), "r.io/a", &which, Place::Local, &platform, &limits);
        let image = image.unwrap();
        if let Ok(inflated) = image.layer(&image.layers()[0]).and_then(|it| it.finish()) {
            assert_eq!(inflated, 0, "only nothing inflates to the digest of nothing");
        }
    }
});
