//! TUF repositories as strangers write them: nothing panics, and no file is vouched for that the list
//! of files does not name, nor at a time that it does not hold for.
#![no_main]

use std::fs;

use jiff::Timestamp;
use signature::tuf::{Reach, TufRepository};
use verdict::Digest;

/// Between the files of a repository, of which the first is the pinned root; JSON has no such byte.
const BETWEEN: u8 = 0x1e;
/// The others, in their order, by the names that they are kept and asked for by.
const NAMES: [&[&str]; 6] = [
    &["2.root.json"],
    &["timestamp.json"],
    &["snapshot.json", "1.snapshot.json", "2.snapshot.json"],
    &["targets.json", "1.targets.json", "2.targets.json"],
    &["targets/trusted_root.json"],
    &["1.sigstore.json"], // whom the list of files leaves a part of it to
];
const LISTS: [usize; 2] = [3, 5];
/// 2998-01-01T00:00:00Z: what the corpus says holds for a year more.
const NOW: i64 = 32_440_608_000;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let mut parts = bytes.split(|byte| *byte == BETWEEN);
    let root = parts.next().unwrap_or_default().to_vec();
    let parts: Vec<&[u8]> = parts.collect();
    let folder = tempfile::tempdir().expect("a folder");
    fs::create_dir(folder.path().join("targets")).expect("a folder in it");
    for (names, part) in NAMES.iter().zip(&parts).filter(|(_, part)| !part.is_empty()) {
        for name in *names {
            fs::write(folder.path().join(name), part).expect("a file in it");
        }
    }
    let now = Timestamp::from_second(NOW).expect("a time");
    let repository = TufRepository { url: "https://tuf.example".to_owned(), root };
    if let Ok(vouched) = repository.trusted_root(folder.path(), &Reach::Kept, now) {
        let hash = Digest::of(&vouched.json).hex();
        let lists = LISTS.iter().filter_map(|list| parts.get(*list));
        let mut texts = lists.flat_map(|list| list.windows(hash.len()));
        assert!(texts.any(|it| it == hash.as_bytes()), "nobody signed {hash}");
        assert!(vouched.expires > now, "it ended at {}", vouched.expires);
    }
});
