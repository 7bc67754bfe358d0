//! /function, /async-function, /healthz: who gets which request, and with which headers.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Uri, header};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;

use super::client::{Unmeasured, send};
use super::{ASYNC_BODY_BYTES_MAX, Behind, SeenCall, State, lock, queue, system};

/// A question is never larger in a test.
const BODY_BYTES_MAX: usize = 64 << 20;

pub(super) async fn answer(
    state: Arc<State>,
    request: Request<Incoming>,
) -> Result<Response<Unmeasured>, Infallible> {
    let (parts, body) = request.into_parts();
    let body = http_body_util::Limited::new(body, BODY_BYTES_MAX).collect().await;
    let response = match body {
        Ok(body) => route(&state, Request::from_parts(parts, body.to_bytes())).await,
        Err(_) => text(StatusCode::BAD_REQUEST, "the body broke off"),
    };
    Ok(response.map(|body| Unmeasured(Full::new(body))))
}

async fn route(state: &Arc<State>, request: Request<Bytes>) -> Response<Bytes> {
    let path = request.uri().path().to_owned();
    let mut segments = path.trim_start_matches('/').splitn(3, '/');
    let (first, second) = (segments.next().unwrap_or(""), segments.next().unwrap_or(""));
    let rest = format!("/{}", segments.next().unwrap_or(""));
    match first {
        "function" if is_name(second) => invoke(state, second, &rest, request).await,
        "async-function" if is_name(second) && request.method() == Method::POST => {
            enqueue(state, second, &rest, request)
        }
        "async-function" if is_name(second) => text(StatusCode::METHOD_NOT_ALLOWED, ""),
        "system" => system::answer(state, second, rest.trim_start_matches('/'), &request),
        "healthz" => text(StatusCode::OK, "OK"),
        _ => text(StatusCode::NOT_FOUND, "404 page not found\n"),
    }
}

/// A synchronous call. Any method; no authentication; `Authorization` goes through.
async fn invoke(
    state: &Arc<State>,
    name: &str,
    rest: &str,
    mut request: Request<Bytes>,
) -> Response<Bytes> {
    let function = name.split('.').next().unwrap_or(name);
    let behind = lock(&state.functions).get(function).cloned();
    let Some(behind) = behind else { return missing(state, name, function) };

    let echoed = stamp(state, request.headers_mut());
    let query = request.uri().query().map(|query| format!("?{query}")).unwrap_or_default();
    if let Ok(uri) = format!("{rest}{query}").parse::<Uri>() {
        *request.uri_mut() = uri;
    }
    // Gateway and provider rebuild the request without its length.
    request.headers_mut().remove(header::CONTENT_LENGTH);
    let chunked = HeaderValue::from_static("chunked");
    request.headers_mut().insert(header::TRANSFER_ENCODING, chunked);
    lock(&state.calls).push(SeenCall {
        function: name.to_owned(),
        headers: request.headers().clone(),
        body: request.body().clone(),
    });

    let answering = async {
        match behind {
            Behind::Closure(closure) => Ok(closure(request).await),
            Behind::Upstream(address) => send(address, request).await,
        }
    };
    let mut response = match tokio::time::timeout(state.settings.upstream_timeout, answering).await
    {
        Ok(Ok(response)) => response,
        Ok(Err(_)) | Err(_) => {
            let mut response = text(StatusCode::BAD_GATEWAY, "");
            let proxy = HeaderValue::from_static("proxy");
            response.headers_mut().insert("x-openfaas-internal", proxy);
            response
        }
    };
    for (header, value) in &echoed {
        response.headers_mut().append(header, value.clone());
    }
    response.headers_mut().remove(header::CONTENT_LENGTH);
    response
}

fn missing(state: &State, name: &str, function: &str) -> Response<Bytes> {
    if lock(&state.deployments).contains_key(function) {
        let told = format!("Can't reach service for: {name}.");
        return text(StatusCode::INTERNAL_SERVER_ERROR, &told);
    }
    match state.settings.scale_from_zero {
        true => text(StatusCode::NOT_FOUND, &format!("error finding function {name}: not found")),
        false => {
            let told = format!("No endpoints available for: {name}.");
            text(StatusCode::SERVICE_UNAVAILABLE, &told)
        }
    }
}

/// Puts the call into the queue: 202, `X-Call-Id`, `X-Start-Time`, no body.
fn enqueue(state: &State, name: &str, rest: &str, mut request: Request<Bytes>) -> Response<Bytes> {
    let echoed = stamp(state, request.headers_mut());
    let told = |told: &str| format!("Error queuing request: {told}");
    let body = request.body().len();
    if body > ASYNC_BODY_BYTES_MAX {
        let told = told(&format!("{body} exceeds limit of {ASYNC_BODY_BYTES_MAX}"));
        return text(StatusCode::INTERNAL_SERVER_ERROR, &told);
    }
    let query = request.uri().query().unwrap_or("").to_owned();
    let Ok(queued) = queue::encode(name, rest, &query, &request) else {
        return text(StatusCode::BAD_REQUEST, "invalid X-Callback-Url");
    };
    if state.queue.send(queued).is_err() {
        return text(StatusCode::INTERNAL_SERVER_ERROR, &told("the queue is closed"));
    }
    let mut response = text(StatusCode::ACCEPTED, "");
    for (header, value) in &echoed {
        response.headers_mut().append(header, value.clone());
    }
    response
}

/// Marks the request as the gateway does, and gives what the response is marked with: the call's
/// id only if the caller brought none, the start time always.
fn stamp(state: &State, headers: &mut HeaderMap) -> HeaderMap {
    let mut echoed = HeaderMap::new();
    let value = |text: String| HeaderValue::from_str(&text).expect("plain text");
    if !headers.contains_key("x-call-id") {
        let id = value(state.next_id());
        headers.insert("x-call-id", id.clone());
        echoed.insert("x-call-id", id);
    }
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let start = value(since.as_nanos().to_string());
    headers.append("x-start-time", start.clone());
    echoed.append("x-start-time", start);
    echoed.insert("x-served-by", HeaderValue::from_static("openfaas-ce/0.27.13"));
    let host = headers.get(header::HOST).cloned();
    if let Some(host) = host {
        headers.entry("x-forwarded-host").or_insert(host);
    }
    headers.entry("x-forwarded-for").or_insert(HeaderValue::from_static("127.0.0.1"));
    echoed
}

pub(super) fn text(status: StatusCode, text: &str) -> Response<Bytes> {
    let mut response = Response::new(Bytes::copy_from_slice(text.as_bytes()));
    *response.status_mut() = status;
    response
}

fn is_name(text: &str) -> bool {
    let known = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    !text.is_empty() && text.bytes().all(known)
}
