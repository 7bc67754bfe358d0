//! index.json of an OCI layout: nothing outside the layout is read.
#![no_main]

use std::sync::OnceLock;

use oci_image::{Access, Limits, Opener, Platform};

libfuzzer_sys::fuzz_target!(|index: &[u8]| {
    static OPENER: OnceLock<(Opener, tempfile::TempDir)> = OnceLock::new();
    let (opener, folder) = OPENER
        .get_or_init(|| (Opener::new(Access::default()).unwrap(), tempfile::tempdir().unwrap()));
    std::fs::write(folder.path().join("index.json"), index).unwrap();
    let name = format!("oci:{}", folder.path().display());
    assert!(opener.open(&name, &Platform::linux_amd64(), &Limits::default()).is_err());
});
