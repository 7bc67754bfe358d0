//! What a caller writes into the headers of a call: `X-Call-Id`, `traceparent` and `X-Timeout`, a line
//! each. Whatever they hold, the call has an id that fits a log, is told of one trace at most, and
//! is given no time that cannot be counted.
#![no_main]
#![allow(dead_code, reason = "what is fuzzed is a part of the files that are taken in")]

use http::{HeaderMap, HeaderName, HeaderValue};

#[path = "../../template/rust-http/main/src/correlation.rs"]
mod correlation;
#[path = "../../template/rust-http/main/src/go_duration.rs"]
mod go_duration;

use correlation::Correlation;

libfuzzer_sys::fuzz_target!(|text: &str| {
    let mut headers = HeaderMap::new();
    for (name, line) in
        ["x-call-id", "x-timeout", "traceparent", "traceparent"].iter().zip(text.lines())
    {
        if let Ok(value) = HeaderValue::from_bytes(line.as_bytes()) {
            headers.append(HeaderName::from_static(name), value);
        }
    }
    let said = headers.get("traceparent").cloned();
    let correlation = Correlation::of(&mut headers);
    assert!((1..=128).contains(&correlation.call_id().len()));
    let passed = correlation.traceparent().map(str::to_owned);
    if let Some(passed) = &passed {
        assert_eq!(Some(passed.as_bytes()), said.as_ref().map(HeaderValue::as_bytes));
        assert!(passed.len() <= 256 && passed.split('-').count() >= 4);
    }
    let mut answer = HeaderMap::new();
    correlation.pass_on(&mut answer);
    assert_eq!(answer.get("x-call-id"), headers.get("x-call-id"));
    assert_eq!(answer.get_all("traceparent").iter().count(), usize::from(passed.is_some()));
    let asked = headers.get("x-timeout").and_then(|it| it.to_str().ok());
    if let Some(time) = asked.and_then(go_duration::parse) {
        let seconds = time.as_secs();
        assert_eq!(go_duration::parse(&seconds.to_string()).map(|it| it.as_secs()), Some(seconds));
    }
});
