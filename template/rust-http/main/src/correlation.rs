//! What ties a call to its caller: `X-Call-Id`, and the W3C `traceparent`.

use std::hash::{BuildHasher as _, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};

use http::{HeaderMap, HeaderName, HeaderValue};

const CALL_ID: HeaderName = HeaderName::from_static("x-call-id");
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
/// The gateway's ids have 36; nobody needs a log line of somebody else's making.
const CALL_ID_BYTES_MAX: usize = 128;

/// A call's names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Correlation {
    call_id: HeaderValue,
    traceparent: Option<HeaderValue>,
}

impl Correlation {
    /// As the request says; one without an id is given one, and what is no traceparent is not
    /// passed on (W3C Trace Context, section 3.2.2).
    pub(crate) fn of(headers: &mut HeaderMap) -> Self {
        let call_id = headers
            .get(CALL_ID)
            .filter(|id| id.len() <= CALL_ID_BYTES_MAX && !id.is_empty() && id.to_str().is_ok())
            .cloned()
            .unwrap_or_else(new_call_id);
        headers.insert(CALL_ID, call_id.clone());
        let mut traceparents = headers.get_all(TRACEPARENT).iter();
        let traceparent = traceparents.next().filter(|value| is_traceparent(value)).cloned();
        let traceparent = traceparent.filter(|_| traceparents.next().is_none());
        if traceparent.is_none() {
            headers.remove(TRACEPARENT);
        }
        Self { call_id, traceparent }
    }

    pub(crate) fn call_id(&self) -> &str {
        self.call_id.to_str().unwrap_or_default()
    }

    pub(crate) fn traceparent(&self) -> Option<&str> {
        self.traceparent.as_ref().and_then(|value| value.to_str().ok())
    }

    /// The queue's callback carries the headers of the answer, so that they stand there too.
    pub(crate) fn pass_on(self, headers: &mut HeaderMap) {
        headers.entry(CALL_ID).or_insert(self.call_id);
        if let Some(traceparent) = self.traceparent {
            headers.entry(TRACEPARENT).or_insert(traceparent);
        }
    }
}

/// `00-<32 hex>-<16 hex>-<2 hex>`, neither id all zeros; later versions may have more behind.
fn is_traceparent(value: &HeaderValue) -> bool {
    let Ok(text) = value.to_str() else { return false };
    let parts: Vec<&str> = text.splitn(5, '-').collect();
    let [version, trace, span, flags, more @ ..] = parts.as_slice() else { return false };
    let is_hex = |part: &str, len| {
        part.len() == len && part.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    };
    let is_id = |part: &str, len| is_hex(part, len) && part.bytes().any(|byte| byte != b'0');
    let is_version = is_hex(version, 2) && *version != "ff";
    is_version
        && is_id(trace, 32)
        && is_id(span, 16)
        && is_hex(flags, 2)
        && (more.is_empty() || *version != "00")
        && text.len() <= 256
}

/// Different from all others, which is all that an id of a log must be.
fn new_call_id() -> HeaderValue {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let random = || RandomState::new().hash_one(COUNT.fetch_add(1, Ordering::Relaxed));
    let id = format!("{:016x}{:016x}", random(), random());
    HeaderValue::try_from(id).unwrap_or(HeaderValue::from_static("unknown"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    fn check(traceparent: &str, expect: bool) {
        let value = HeaderValue::from_str(traceparent).unwrap();
        assert_eq!(is_traceparent(&value), expect, "{traceparent:?}");
    }

    #[test]
    fn only_what_is_a_traceparent_is_passed_on() {
        check(TRACE, true);
        check(&TRACE.replacen("00", "cc", 1), true);
        check(&format!("{}-more", TRACE.replacen("00", "cc", 1)), true);
        check(&format!("{TRACE}-more"), false);
        check(&TRACE.replacen("00", "ff", 1), false);
        check(&TRACE.to_uppercase(), false);
        check("00-00000000000000000000000000000000-00f067aa0ba902b7-01", false);
        check("", false);
        check("00-4bf9-00f0-01", false);
    }

    #[test]
    fn a_call_without_an_id_is_given_its_own() {
        let (mut one, mut other) = (HeaderMap::new(), HeaderMap::new());
        let (one, other) = (Correlation::of(&mut one), Correlation::of(&mut other));
        assert_ne!(one.call_id(), other.call_id());
    }

    #[test]
    fn what_the_handler_answers_wins() {
        let mut headers = HeaderMap::new();
        headers.insert(TRACEPARENT, HeaderValue::from_static(TRACE));
        let correlation = Correlation::of(&mut headers);
        let mut answer = HeaderMap::new();
        answer.insert(CALL_ID, HeaderValue::from_static("mine"));
        correlation.pass_on(&mut answer);
        assert_eq!(answer[CALL_ID], "mine");
        assert_eq!(answer[TRACEPARENT], TRACE);
    }
}
