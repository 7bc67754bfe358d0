//! The queue: one call at a time, in order, no second try; then the callback, one try, unsigned.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Instant;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode, Uri};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::client::send;

/// The message that lies in the queue (faas-provider `QueueRequest`): Go's JSON, base64 body,
/// the callback as Go's `url.URL`.
pub(super) fn encode(
    function: &str,
    path: &str,
    query: &str,
    request: &Request<Bytes>,
) -> Result<Vec<u8>, http::Error> {
    let mut headers = BTreeMap::<String, Vec<String>>::new();
    for (name, value) in request.headers() {
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        headers.entry(name.as_str().to_owned()).or_default().push(value);
    }
    let callback = match request.headers().get("x-callback-url").map(HeaderValue::to_str) {
        None => Value::Null,
        Some(text) => {
            let uri: Uri = text.unwrap_or("%").parse()?;
            json!({
                "Scheme": uri.scheme_str().unwrap_or(""), "Opaque": "", "User": null,
                "Host": uri.authority().map(ToString::to_string).unwrap_or_default(),
                "Path": uri.path(), "RawPath": "", "RawQuery": uri.query().unwrap_or(""),
            })
        }
    };
    let message = json!({
        "Header": headers, "Host": request.headers().get("host").and_then(|h| h.to_str().ok()),
        "Body": STANDARD.encode(request.body()), "Method": request.method().as_str(),
        "Path": path, "QueryString": query, "Function": function, "CallbackUrl": callback,
    });
    Ok(message.to_string().into_bytes())
}

/// Works the queue until the gateway is gone.
pub(super) async fn work(gateway: SocketAddr, mut queue: mpsc::UnboundedReceiver<Vec<u8>>) {
    while let Some(message) = queue.recv().await {
        let Ok(message) = serde_json::from_slice::<Value>(&message) else { continue };
        let started = Instant::now();
        let response = call(gateway, &message).await;
        if message["CallbackUrl"].is_object() {
            call_back(&message, response, started.elapsed().as_secs_f64()).await;
        }
    }
}

/// POSTs to /function, whatever the original method was.
async fn call(gateway: SocketAddr, message: &Value) -> Response<Bytes> {
    let text = |key: &str| message[key].as_str().unwrap_or("").to_owned();
    let query = match text("QueryString") {
        query if query.is_empty() => query,
        query => format!("?{query}"),
    };
    let path = text("Path");
    let rest = if path == "/" { "" } else { path.as_str() };
    let uri = format!("/function/{}{rest}{query}", text("Function"));
    let body = STANDARD.decode(text("Body")).unwrap_or_default();
    let mut request = Request::post(uri);
    if let Some(headers) = request.headers_mut() {
        copy(&message["Header"], headers);
        let agent = HeaderValue::from_static("openfaas-ce/nats-queue-worker");
        headers.insert("user-agent", agent);
    }
    let failed = || {
        let mut response = Response::new(Bytes::new());
        *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
        response
    };
    match request.body(Bytes::from(body)) {
        Ok(request) => send(gateway, request).await.unwrap_or_else(|_| failed()),
        Err(_) => failed(),
    }
}

async fn call_back(message: &Value, response: Response<Bytes>, seconds: f64) {
    let url = &message["CallbackUrl"];
    let text = |value: &Value| value.as_str().unwrap_or("").to_owned();
    let Ok(address) = text(&url["Host"]).parse::<SocketAddr>() else { return };
    let query = match text(&url["RawQuery"]) {
        query if query.is_empty() => query,
        query => format!("?{query}"),
    };
    let (parts, body) = response.into_parts();
    let mut request = Request::post(format!("{}{query}", text(&url["Path"])));
    if let Some(headers) = request.headers_mut() {
        *headers = parts.headers;
        let id = text(&message["Header"]["x-call-id"][0]);
        let said = [
            ("x-call-id", id),
            ("x-duration-seconds", format!("{seconds:.6}")),
            ("x-function-status", parts.status.as_u16().to_string()),
            ("x-function-name", text(&message["Function"])),
        ];
        for (name, value) in said {
            if let Ok(value) = HeaderValue::from_str(&value) {
                headers.insert(name, value);
            }
        }
    }
    if let Ok(request) = request.body(body) {
        send(address, request).await.ok();
    }
}

fn copy(from: &Value, headers: &mut HeaderMap) {
    for (name, values) in from.as_object().into_iter().flatten() {
        let Ok(name) = name.parse::<HeaderName>() else { continue };
        for value in values.as_array().into_iter().flatten().filter_map(Value::as_str) {
            if let Ok(value) = HeaderValue::from_str(value) {
                headers.append(name.clone(), value);
            }
        }
    }
}
