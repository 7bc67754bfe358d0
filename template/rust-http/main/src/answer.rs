//! Answers of the runtime's own. Those that the watchdog gives too look as the watchdog's do.

use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_TYPE, HeaderValue};
use http::{Response, StatusCode};
use http_body_util::Full;

/// Tells an error of the platform from one of the function.
const INTERNAL: &str = "x-openfaas-internal";

/// An answer without a body.
pub(crate) fn empty(status: StatusCode) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    *response.status_mut() = status;
    response
}

/// An answer of one line.
pub(crate) fn text(status: StatusCode, line: &'static str) -> Response<Full<Bytes>> {
    let mut response = empty(status);
    *response.body_mut() = Full::new(Bytes::from_static(line.as_bytes()));
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}

/// No room: the caller may come again.
pub(crate) fn refused(status: StatusCode, line: &'static str) -> Response<Full<Bytes>> {
    let mut response = text(status, line);
    response.headers_mut().insert(INTERNAL, HeaderValue::from_static("faas-middleware"));
    response
}

/// The call took too long.
pub(crate) fn timed_out() -> Response<Full<Bytes>> {
    let mut response = empty(StatusCode::GATEWAY_TIMEOUT);
    response.headers_mut().insert(INTERNAL, HeaderValue::from_static("of-watchdog"));
    response
}

/// What the call came to in the exposition format of Prometheus.
pub(crate) fn metrics(exposition: String) -> Response<Full<Bytes>> {
    let mut response = empty(StatusCode::OK);
    *response.body_mut() = Full::new(Bytes::from(exposition));
    let kind = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
}

/// The same, and the connection ends with it.
pub(crate) fn closing(mut response: Response<Full<Bytes>>) -> Response<Full<Bytes>> {
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    response
}
