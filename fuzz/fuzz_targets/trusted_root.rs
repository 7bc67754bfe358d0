//! Trusted roots as strangers write them: they are read or refused, and nothing panics.
#![no_main]

use signature::TrustedRoot;

libfuzzer_sys::fuzz_target!(|json: &[u8]| {
    let _ = TrustedRoot::from_json(json);
});
