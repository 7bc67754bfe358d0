//! When to ask the gateway again.

use std::time::Duration;

use http::{HeaderMap, StatusCode, header};
use jiff::Timestamp;

/// How long to wait before asking again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// Before the second try; doubled before each further one.
    pub first: Duration,
    /// No wait is longer, unless `Retry-After` asks for it.
    pub max: Duration,
    /// How often one check is asked at most.
    pub tries_max: u32,
}

impl Default for Backoff {
    fn default() -> Self {
        Self { first: Duration::from_millis(200), max: Duration::from_secs(10), tries_max: 12 }
    }
}

impl Backoff {
    /// The wait after try number `tries` (from 1): doubled each time, of which the upper half is
    /// `jitter`'s (a number from 0 to 255), so that many askers do not return together.
    pub(crate) fn wait(&self, tries: u32, jitter: u8) -> Duration {
        let doubled = self.first.saturating_mul(2_u32.saturating_pow(tries.saturating_sub(1)));
        let whole = doubled.min(self.max);
        whole / 2 + (whole / 2).mul_f64(f64::from(jitter) / 255.0)
    }
}

/// Whether an answer with this status may be another one next time.
pub(crate) fn is_passing(status: StatusCode) -> bool {
    matches!(status.as_u16(), 429 | 502 | 503 | 504)
}

/// What `Retry-After` asks for (RFC 9110 §10.2.3): seconds, or a date.
pub(crate) fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = jiff::fmt::rfc2822::parse(text).ok()?.timestamp();
    Some(Duration::try_from(date.duration_since(now)).unwrap_or(Duration::ZERO))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_doubles_and_stays_below_its_maximum() {
        let backoff = Backoff { tries_max: 99, ..Backoff::default() };
        assert_eq!(backoff.wait(1, 255), Duration::from_millis(200));
        assert_eq!(backoff.wait(1, 0), Duration::from_millis(100));
        assert_eq!(backoff.wait(2, 255), Duration::from_millis(400));
        assert_eq!(backoff.wait(u32::MAX, 255), Duration::from_secs(10));
    }

    #[track_caller]
    fn check(text: &str, expect: Option<u64>) {
        let headers = HeaderMap::from_iter([(header::RETRY_AFTER, text.parse().unwrap())]);
        let now = "2026-11-24T10:00:00Z".parse().unwrap();
        assert_eq!(retry_after(&headers, now), expect.map(Duration::from_secs), "{text}");
    }

    #[test]
    fn retry_after_is_read_as_seconds_and_as_a_date() {
        check("3", Some(3));
        check("Tue, 24 Nov 2026 10:00:07 GMT", Some(7));
        check("Tue, 24 Nov 2026 09:00:00 GMT", Some(0));
        check("soon", None);
        check("-1", None);
    }
}
