//! An index file of anybody's making: opened, verified and asked, it may refuse and never fall.
#![no_main]

use advisories::{Distribution, Index};
use inventory::{Ecosystem, LayerRef, OsRelease, Package};
use verdict::Digest;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    // The header's checksum would keep the fuzzer at the door, so it is made right.
    let mut bytes = bytes.to_vec();
    if bytes.len() >= 128 {
        let checksum = Digest::of(&bytes[..112]);
        bytes[112..128].copy_from_slice(&checksum.as_bytes()[..16]);
    }
    let Ok(index) = Index::from_bytes(bytes) else { return };
    let _ = index.verify();
    let (id, version_id) = ("debian".to_owned(), "12".to_owned());
    let os_release = OsRelease { id, version_id, ..OsRelease::default() };
    let distribution = Distribution::of(Some(&os_release));
    let digest = Digest::of(b"");
    for ecosystem in [Ecosystem::Npm, Ecosystem::Pypi, Ecosystem::Dpkg, Ecosystem::Apk] {
        let package = Package {
            purl: String::new(),
            name: "a".to_owned(),
            version: "1.0".to_owned(),
            ecosystem,
            layer: LayerRef { index: 0, digest, diff_id: digest },
            origin: None,
            path: String::new(),
            also_at: Vec::new(),
            owned_by: None,
            source: None,
            architecture: None,
            licenses: Vec::new(),
            vendor: None,
        };
        let _ = index.judge(&package, distribution.as_ref());
    }
});
