//! The watchdog's metrics, under its names, in the text format of Prometheus.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::{Method, StatusCode};

use crate::settings::Settings;

/// Upper bounds of the histogram, in seconds: the default ones of Prometheus' clients.
const BUCKETS: [f64; 11] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];
/// Collectors are near, and few.
const TIMEOUT: Duration = Duration::from_millis(500);
const CONNECTIONS_MAX: usize = 16;

/// What calls came to.
#[derive(Default)]
pub(crate) struct Metrics {
    in_flight: AtomicI64,
    calls: Mutex<BTreeMap<(u16, &'static str), Calls>>,
}

#[derive(Default)]
struct Calls {
    count: u64,
    seconds: f64,
    buckets: [u64; BUCKETS.len()],
}

/// How the port of the metrics is served.
pub(crate) fn settings(function: &Settings) -> Arc<Settings> {
    Arc::new(Settings {
        read_timeout: TIMEOUT,
        write_timeout: TIMEOUT,
        max_connections: CONNECTIONS_MAX,
        ..function.clone()
    })
}

impl Metrics {
    /// A call has begun. It is in flight until the guard is dropped.
    pub(crate) fn begin(self: &Arc<Self>) -> InFlight {
        self.in_flight.fetch_add(1, Ordering::Relaxed);
        InFlight(self.clone())
    }

    /// A call was answered.
    pub(crate) fn answered(&self, method: &Method, status: StatusCode, took: Duration) {
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        let calls = calls.entry((status.as_u16(), label(method))).or_default();
        let seconds = took.as_secs_f64();
        calls.count += 1;
        calls.seconds += seconds;
        for (bucket, bound) in calls.buckets.iter_mut().zip(BUCKETS) {
            *bucket += u64::from(seconds <= bound);
        }
    }

    /// All of it, as a collector reads it.
    pub(crate) fn exposition(&self) -> String {
        let calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        let mut text = String::new();
        head(&mut text, "http_requests_total", "counter", "Calls answered.");
        for ((code, method), calls) in calls.iter() {
            let labels = format!("code=\"{code}\",method=\"{method}\"");
            line(&mut text, "http_requests_total", &labels, calls.count);
        }
        let histogram = "http_request_duration_seconds";
        head(&mut text, histogram, "histogram", "Seconds that calls took.");
        for ((code, method), calls) in calls.iter() {
            let labels = format!("code=\"{code}\",method=\"{method}\"");
            for (bound, count) in BUCKETS.iter().zip(calls.buckets) {
                let bucket = format!("{labels},le=\"{bound}\"");
                line(&mut text, &format!("{histogram}_bucket"), &bucket, count);
            }
            let bucket = format!("{labels},le=\"+Inf\"");
            line(&mut text, &format!("{histogram}_bucket"), &bucket, calls.count);
            line(&mut text, &format!("{histogram}_sum"), &labels, calls.seconds);
            line(&mut text, &format!("{histogram}_count"), &labels, calls.count);
        }
        head(&mut text, "http_requests_in_flight", "gauge", "Calls not yet answered.");
        let in_flight = self.in_flight.load(Ordering::Relaxed);
        let _ = writeln!(text, "http_requests_in_flight {in_flight}");
        text
    }
}

/// A call that is not yet answered.
pub(crate) struct InFlight(Arc<Metrics>);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

// Writing to a string cannot fail.
fn head(text: &mut String, name: &str, kind: &str, help: &str) {
    let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}");
}

fn line(text: &mut String, name: &str, labels: &str, value: impl std::fmt::Display) {
    let _ = writeln!(text, "{name}{{{labels}}} {value}");
}

/// A caller can make up methods, and must not make up series.
fn label(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "get",
        "HEAD" => "head",
        "POST" => "post",
        "PUT" => "put",
        "PATCH" => "patch",
        "DELETE" => "delete",
        "OPTIONS" => "options",
        _ => "unknown",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_counted_in_each_bucket_above_it() {
        let metrics = Arc::new(Metrics::default());
        let guard = metrics.begin();
        metrics.answered(&Method::POST, StatusCode::OK, Duration::from_millis(30));
        let text = metrics.exposition();
        for line in [
            r#"http_requests_total{code="200",method="post"} 1"#,
            r#"http_request_duration_seconds_bucket{code="200",method="post",le="0.025"} 0"#,
            r#"http_request_duration_seconds_bucket{code="200",method="post",le="0.05"} 1"#,
            r#"http_request_duration_seconds_bucket{code="200",method="post",le="+Inf"} 1"#,
            r#"http_request_duration_seconds_sum{code="200",method="post"} 0.03"#,
            "http_requests_in_flight 1",
        ] {
            assert!(text.lines().any(|said| said == line), "{line} is not in\n{text}");
        }
        drop(guard);
        assert!(metrics.exposition().ends_with("http_requests_in_flight 0\n"));
    }

    #[test]
    fn made_up_methods_are_one_series() {
        let method = Method::from_bytes(b"BREW").unwrap();
        assert_eq!(label(&method), "unknown");
    }
}
