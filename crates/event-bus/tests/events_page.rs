//! docs/events.md tells how to seal in another language. `sealed_by_python.json` was made by the
//! Python that stands there, with the key of this test.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use jiff::SignedDuration;
use verdict::{Envelope, Report, SealingKey};

#[test]
fn what_the_page_tells_python_to_seal_opens_here() {
    let key = SealingKey::new(b"0123456789abcdef").unwrap();
    let envelope = Envelope::parse(include_bytes!("sealed_by_python.json")).unwrap();
    let now = "2026-11-24T10:01:00Z".parse().unwrap();
    let nonce = "5b1d0c63a4e84fd2b0a5b5c3a4e84fd2";
    let opened = envelope.open_answer::<Report>(&key, now, SignedDuration::from_mins(5), nonce);
    assert_eq!(opened.unwrap().took_ms, 41);
}
