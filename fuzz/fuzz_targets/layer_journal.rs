//! Journals of layers, damaged in a way that their checksum does not show: parts or an error.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    inventory::read_journal(bytes);
});
