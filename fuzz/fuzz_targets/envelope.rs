//! A sealed message: whatever it is, it does not open without the key's seal.
#![no_main]

use verdict::{Envelope, Request, SealingKey};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Ok(envelope) = Envelope::parse(bytes) else { return };
    let Ok(key) = SealingKey::new(b"a key that nobody has") else { return };
    let age_max = jiff::SignedDuration::from_hours(1);
    assert!(envelope.open::<Request>(&key, jiff::Timestamp::now(), age_max).is_err());
});
