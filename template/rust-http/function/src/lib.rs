//! The sample handler of the rust-http template: it says what it was sent. Put yours in its place.

use bytes::Bytes;
use http::{Request, Response};

/// Answers one request. It may wait, block or panic: no other request is harmed.
pub async fn handle(request: Request<Bytes>) -> Response<Bytes> {
    Response::new(request.into_body())
}
