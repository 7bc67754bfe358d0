//! Archives: any bytes as an OCI archive and as a Docker archive, and as the list of the latter.
#![no_main]

use std::sync::OnceLock;

use oci_image::{Access, Limits, Opener, Platform};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    static OPENER: OnceLock<(Opener, tempfile::TempDir)> = OnceLock::new();
    let (opener, folder) = OPENER
        .get_or_init(|| (Opener::new(Access::default()).unwrap(), tempfile::tempdir().unwrap()));
    let (archive, list) = (folder.path().join("a.tar"), folder.path().join("list.tar"));
    std::fs::write(&archive, bytes).unwrap();
    let mut tar = tar::Builder::new(std::fs::File::create(&list).unwrap());
    for (path, content) in [("manifest.json", bytes), ("c", br#"{"rootfs":{"diff_ids":[]}}"#)] {
        let mut header = tar::Header::new_ustar();
        header.set_size(content.len() as u64);
        tar.append_data(&mut header, path, content).unwrap();
    }
    tar.finish().unwrap();
    for name in [
        format!("oci-archive:{}", archive.display()),
        format!("docker-archive:{}", archive.display()),
        format!("docker-archive:{}", list.display()),
    ] {
        if let Err(error) = opener.open(&name, &Platform::linux_amd64(), &Limits::default()) {
            assert!(!error.remedy().is_empty());
        }
    }
});
