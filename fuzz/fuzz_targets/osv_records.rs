//! OSV records of anybody's making: an index that was made of them opens and is whole.
#![no_main]

use advisories::{Index, build};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Ok(folder) = tempfile::tempdir() else { return };
    let (source, out) = (folder.path().join("records.json"), folder.path().join("index"));
    if std::fs::write(&source, bytes).is_err() || build(&[source], &out).is_err() {
        return;
    }
    let index = Index::open(&out).expect("what was built opens");
    index.verify().expect("what was built is whole");
});
