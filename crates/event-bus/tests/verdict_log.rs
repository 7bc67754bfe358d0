//! What the durable log promises: acknowledged is kept, torn is cut off, damaged is said.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::path::Path;

use event_bus::{LogError, Recorded, VerdictLog};
use verdict::{Outcome, Verdict};

fn verdict(digit: u32) -> Verdict {
    let json = serde_json::json!({
        "validation": format!("{digit:032x}"), "phase": "build", "outcome": "accepted",
        "admitted": true, "reports": [], "missing": [],
        "subject": {
            "declared": "acme/fn:1", "platform": "linux/amd64", "role": "made", "place": "local",
            "image": format!("docker.io/acme/fn@sha256:{digit:064x}"),
        },
        "policy": format!("sha256:{:064x}", 7),
        "judged_at": "2026-11-24T10:00:00Z", "valid_until": "2026-11-25T10:00:00Z",
    });
    serde_json::from_value(json).unwrap()
}

fn written(path: &Path, count: u32) -> Vec<u8> {
    let log = VerdictLog::open(path).unwrap();
    for digit in 0..count {
        log.record(verdict(digit)).unwrap();
    }
    drop(log);
    std::fs::read(path).unwrap()
}

#[test]
fn verdicts_outlive_the_process_that_wrote_them() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("verdicts.log");
    written(&path, 3);
    let log = VerdictLog::open(&path).unwrap();
    for digit in 0..3 {
        assert_eq!(log.get(&verdict(digit).validation).unwrap(), Some(verdict(digit)));
    }
    let mut milder = verdict(1);
    milder.outcome = Outcome::Rejected;
    assert_eq!(log.record(milder).unwrap(), Recorded::Known(verdict(1)));
}

#[test]
fn a_verdict_that_has_run_out_makes_room_for_the_next() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("verdicts.log");
    written(&path, 1);
    let mut next = verdict(0);
    next.judged_at = next.valid_until;
    next.valid_until = "2026-11-26T10:00:00Z".parse().unwrap();
    let log = VerdictLog::open(&path).unwrap();
    assert_eq!(log.record(next.clone()).unwrap(), Recorded::First(next.clone()));
    drop(log);
    let log = VerdictLog::open(&path).unwrap();
    assert_eq!(log.get(&next.validation).unwrap(), Some(next));
}

#[test]
fn a_second_process_is_kept_out() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("verdicts.log");
    let _first = VerdictLog::open(&path).unwrap();
    assert!(matches!(VerdictLog::open(&path), Err(LogError::Locked(_))));
}

#[test]
fn a_log_torn_at_any_byte_keeps_every_record_before_it_and_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("verdicts.log");
    let whole = written(&path, 2);
    let first = whole.iter().position(|byte| *byte == b'\n').unwrap() + 1;
    // Every seventh byte, and each around the end of the first record: a sync takes its time.
    for cut in (0..whole.len()).filter(|cut| cut % 7 == 0 || cut.abs_diff(first) < 3) {
        std::fs::write(&path, &whole[..cut]).unwrap();
        let log = VerdictLog::open(&path).unwrap();
        let kept = log.get(&verdict(0).validation).unwrap();
        assert_eq!(kept, (cut >= first).then(|| verdict(0)), "cut at {cut}");
        assert_eq!(log.get(&verdict(1).validation).unwrap(), None, "cut at {cut}");
        log.record(verdict(9)).unwrap();
        drop(log);
        let log = VerdictLog::open(&path).unwrap();
        assert_eq!(log.get(&verdict(9).validation).unwrap(), Some(verdict(9)), "cut at {cut}");
    }
}

#[test]
fn a_flipped_bit_never_gives_a_wrong_verdict() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("verdicts.log");
    let whole = written(&path, 2);
    let first = whole.iter().position(|byte| *byte == b'\n').unwrap();
    for at in (0..whole.len()).filter(|at| at % 5 == 0 || at.abs_diff(first) < 3) {
        let mut bytes = whole.clone();
        bytes[at] ^= 1;
        std::fs::write(&path, &bytes).unwrap();
        match VerdictLog::open(&path) {
            Err(LogError::Damaged { offset }) => assert!(at <= first, "{at}: {offset}"),
            Err(other) => panic!("{at}: {other}"),
            Ok(log) => {
                let read = log.get(&verdict(0).validation).unwrap();
                assert!(at >= first && (read == Some(verdict(0)) || at == first), "{at}");
                assert_eq!(log.get(&verdict(1).validation).unwrap(), None, "{at}");
            }
        }
    }
}
