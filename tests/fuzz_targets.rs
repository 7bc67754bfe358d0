//! Every fuzz target holds on its corpus and on some hundreds of damaged copies of it: the same
//! ones each time, without a sanitizer, within seconds. `make fuzz` searches for as long as told.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]
#![allow(clippy::indexing_slicing, clippy::allow_attributes, reason = "a fuzz target may panic")]
#![allow(unused_attributes, reason = "a target is a program of its own without a main")]

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use testkit::build_folder::workspace;

// A target says `libfuzzer_sys::fuzz_target!(…)`. Here that is this crate, and its macro makes a
// plain function of the target.
extern crate self as libfuzzer_sys;

/// What libFuzzer's macro is to a fuzzer, for a test: a function of the bytes.
#[macro_export]
macro_rules! fuzz_target {
    (|$input:ident: &[u8]| $body:expr) => {
        pub(crate) fn run($input: &[u8]) {
            $body
        }
    };
    (|$input:ident: &str| $body:expr) => {
        pub(crate) fn run(bytes: &[u8]) {
            let Ok($input) = std::str::from_utf8(bytes) else { return };
            $body
        }
    };
}

macro_rules! targets {
    ($($name:ident)*) => {
        #[path = "../fuzz/fuzz_targets"]
        mod targets {
            $(pub(crate) mod $name;)*
        }
        /// Every target by its name.
        const TARGETS: &[(&str, fn(&[u8]))] = &[$((stringify!($name), targets::$name::run)),*];
    };
}

targets! {
    advisory_index attached_signatures bill_of_materials call_headers certificate_authorities
    cluster_image_policy dockerfile envelope image_archive image_layer image_layout image_manifest
    image_name layer_journal layer_tar notation_envelope notation_timestamp notation_trust
    osv_records package_files policy revocation_lists rpm_database runtime_policy sigstore_bundle
    snapshot_proc stack trusted_root tuf_repository versions
}

/// Damaged copies for each file of a corpus.
const COPIES: u32 = 200;
/// Of a bigger file there are fewer.
const DAMAGED_BYTES_MAX: usize = 2 << 20;

/// The files of a folder, by name; none if there is no folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

/// Marsaglia's xorshift: the same numbers each time.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % (end as u64).max(1)).unwrap()
    }

    fn range(&mut self, end: usize) -> std::ops::Range<usize> {
        let (a, b) = (self.below(end + 1), self.below(end + 1));
        a.min(b)..a.max(b)
    }

    /// One wound: a bit, a byte, a number, something lost, something twice, something foreign.
    fn damage(&mut self, bytes: &mut Vec<u8>, other: &[u8]) {
        let (length, at) = (bytes.len(), self.below(bytes.len()));
        match self.below(8) {
            0 if length > 0 => bytes[at] ^= 1 << self.below(8),
            1 if length > 0 => {
                bytes[at] = [0, 0x0a, 0x20, 0x22, 0x7f, 0x80, 0xfe, 0xff][self.below(8)]
            }
            2 if length >= 8 => {
                let number: u64 =
                    [0, 1, 0x7fff_ffff, 0xffff_ffff, i64::MAX as u64, u64::MAX][self.below(6)];
                let (at, wide) = (self.below(length - 7), [2, 4, 8][self.below(3)]);
                let number =
                    if self.below(2) == 0 { number.to_le_bytes() } else { number.to_be_bytes() };
                bytes[at..at + wide].copy_from_slice(&number[..wide]);
            }
            3 => bytes.truncate(at),
            4 => drop(bytes.drain(self.range(length))),
            5 => {
                let again = bytes[self.range(length)].to_vec();
                bytes.splice(at..at, again);
            }
            6 => {
                let foreign = other[self.range(other.len())].to_vec();
                bytes.splice(at..at, foreign);
            }
            _ => {
                // Of numbers that are written out, a longer one.
                let digits: Vec<usize> =
                    (0..length).filter(|&it| bytes[it].is_ascii_digit()).collect();
                if !digits.is_empty() {
                    let digit = digits[self.below(digits.len())];
                    bytes.splice(digit..digit, [b'9'; 20]);
                }
            }
        }
    }
}

fn hold(name: &str, run: fn(&[u8]), bytes: &[u8]) {
    if catch_unwind(AssertUnwindSafe(|| run(bytes))).is_err() {
        let folder = workspace().join("fuzz/artifacts").join(name);
        fs::create_dir_all(&folder).unwrap();
        let kept = folder.join(format!("test-{}", &verdict::Digest::of(bytes).hex()[..16]));
        fs::write(&kept, bytes).unwrap();
        panic!("{name} does not hold: cargo +nightly fuzz run {name} {}", kept.display());
    }
}

#[test]
fn every_target_holds_on_its_corpus_and_on_damaged_copies() {
    for &(name, run) in TARGETS {
        let folder = workspace().join("fuzz/corpus").join(name);
        let samples: Vec<Vec<u8>> =
            files(&folder).iter().map(|file| fs::read(file).unwrap()).collect();
        assert!(!samples.is_empty(), "{} has no sample", folder.display());
        let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15);
        for sample in &samples {
            hold(name, run, sample);
            for _ in 0..COPIES
                .min(u32::try_from(DAMAGED_BYTES_MAX / sample.len().max(1)).unwrap_or(COPIES))
            {
                let mut copy = sample.clone();
                for _ in 0..=numbers.below(4) {
                    let other = &samples[numbers.below(samples.len())];
                    numbers.damage(&mut copy, other);
                }
                hold(name, run, &copy);
            }
        }
    }
}

#[test]
fn every_target_is_run_here_and_has_a_corpus() {
    let stem = |path: PathBuf| path.file_stem().unwrap().to_str().unwrap().to_owned();
    let here: Vec<String> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    let programs: Vec<String> =
        files(&workspace().join("fuzz/fuzz_targets")).into_iter().map(stem).collect();
    assert_eq!(here, programs, "the targets of fuzz/fuzz_targets, by name");
    let corpora: Vec<String> =
        files(&workspace().join("fuzz/corpus")).into_iter().map(stem).collect();
    assert_eq!(corpora, programs, "a corpus for each target, and for nothing else");
}
