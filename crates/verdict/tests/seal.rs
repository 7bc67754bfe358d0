//! A seal holds for its key, its question, its bytes and its hour, and for nothing else.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use jiff::{SignedDuration, Timestamp};
use verdict::{CheckName, Envelope, EnvelopeError, Report, Request, SealingKey};

const HOUR: SignedDuration = SignedDuration::from_hours(1);

fn key(secret: &str) -> SealingKey {
    SealingKey::new(secret.as_bytes()).unwrap()
}

fn now() -> Timestamp {
    "2026-11-24T10:00:00Z".parse().unwrap()
}

fn report() -> Report {
    let id = serde_json::from_str(r#""00000000000000000000000000000000""#).unwrap();
    Report::new(id, CheckName::new("scan-layers"), vec![])
}

fn sealed() -> Envelope {
    Envelope::seal(&report(), "/functions/scan-layers", "n1", now(), &key("0123456789abcdef"))
        .unwrap()
}

fn open(envelope: &Envelope, secret: &str, at: Timestamp) -> Result<Report, EnvelopeError> {
    envelope.open_answer(&key(secret), at, HOUR, "n1")
}

#[test]
fn a_sealed_report_opens_after_a_trip_as_json() {
    let json = serde_json::to_vec(&sealed()).unwrap();
    let envelope = Envelope::parse(&json).unwrap();
    assert_eq!(open(&envelope, "0123456789abcdef", now()).unwrap(), report());
}

#[test]
fn another_key_another_nonce_and_another_hour_do_not_open() {
    let sealed = sealed();
    assert!(matches!(open(&sealed, "another-key-16-b", now()), Err(EnvelopeError::Seal)));
    let late = now() + HOUR + HOUR;
    assert!(matches!(open(&sealed, "0123456789abcdef", late), Err(EnvelopeError::Stale(_))));
    let early = now() - HOUR;
    assert!(matches!(open(&sealed, "0123456789abcdef", early), Err(EnvelopeError::Stale(_))));
    let other = sealed.open_answer::<Report>(&key("0123456789abcdef"), now(), HOUR, "n2");
    assert!(matches!(other, Err(EnvelopeError::Nonce)));
    let type_ = sealed.open::<Request>(&key("0123456789abcdef"), now(), HOUR);
    assert!(matches!(type_, Err(EnvelopeError::Type { .. })));
}

#[test]
fn any_changed_byte_of_the_data_breaks_the_seal() {
    let json = serde_json::to_string(&sealed()).unwrap();
    for (from, to) in
        [("scan-layers\",\"outcome", "scan-layer5\",\"outcome"), ("\"pass\"", "\"fail\"")]
    {
        assert!(json.contains(from), "{json}");
        let forged = Envelope::parse(json.replace(from, to).as_bytes()).unwrap();
        assert!(matches!(open(&forged, "0123456789abcdef", now()), Err(EnvelopeError::Seal)));
    }
    let restamped = json.replace("2026-11-24T10:00:00Z", "2026-11-24T10:00:01Z");
    let forged = Envelope::parse(restamped.as_bytes()).unwrap();
    assert!(matches!(open(&forged, "0123456789abcdef", now()), Err(EnvelopeError::Seal)));
}

#[test]
fn a_short_secret_is_no_key() {
    assert!(matches!(SealingKey::new(b" short \n"), Err(EnvelopeError::KeyTooShort(5))));
}
