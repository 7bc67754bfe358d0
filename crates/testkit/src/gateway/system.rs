//! /system: the provider's part, behind basic authentication.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use serde_json::{Value, json};

use super::routes::text;
use super::{State, lock};

pub(super) fn answer(
    state: &State,
    what: &str,
    name: &str,
    request: &Request<Bytes>,
) -> Response<Bytes> {
    let response = match is_allowed(state, request) {
        true => order(state, what, name, request),
        false => {
            let mut denied = text(StatusCode::UNAUTHORIZED, "invalid credentials\n");
            let realm = HeaderValue::from_static("Basic realm=\"Restricted\"");
            denied.headers_mut().insert(header::WWW_AUTHENTICATE, realm);
            denied
        }
    };
    let order = format!("{} {}", request.method(), request.uri().path());
    lock(&state.orders).push((order, response.status().as_u16()));
    response
}

fn is_allowed(state: &State, request: &Request<Bytes>) -> bool {
    let Some((user, password)) = &state.settings.basic_auth else { return true };
    let expected = format!("Basic {}", STANDARD.encode(format!("{user}:{password}")));
    request.headers().get(header::AUTHORIZATION).is_some_and(|value| value == &expected)
}

fn order(state: &State, what: &str, name: &str, request: &Request<Bytes>) -> Response<Bytes> {
    let body = || serde_json::from_slice::<Value>(request.body()).unwrap_or(Value::Null);
    match (what, request.method()) {
        ("functions", &Method::GET) => {
            let deployments = lock(&state.deployments);
            json(&deployments.values().map(status).collect())
        }
        ("functions", &Method::PUT) => deploy(state, &body(), true),
        ("functions", &Method::POST) => deploy(state, &body(), false),
        ("functions", &Method::DELETE) => delete(state, &body()),
        ("function", &Method::GET) => match lock(&state.deployments).get(name) {
            Some(deployment) => json(&status(deployment)),
            None => text(StatusCode::NOT_FOUND, ""),
        },
        ("secrets", &Method::GET) => {
            let secrets = lock(&state.secrets);
            json(&secrets.keys().map(|name| json!({ "name": name })).collect())
        }
        ("secrets", method) => secret(state, method, &body()),
        ("namespaces", &Method::GET) => json(&json!(["openfaas-fn"])),
        ("info", &Method::GET) => json(&json!({
            "provider": { "provider": "faasd-ce", "orchestration": "containerd",
                          "version": { "sha": "", "release": "0.19.7" } },
            "version": { "sha": "", "release": "0.27.13" }, "arch": "x86_64",
        })),
        _ => text(StatusCode::METHOD_NOT_ALLOWED, ""),
    }
}

/// PUT of what is not there is 404; a secret that is not there is 400; else 202.
fn deploy(state: &State, deployment: &Value, update: bool) -> Response<Bytes> {
    let (Some(name), Some(image)) = (deployment["service"].as_str(), deployment["image"].as_str())
    else {
        return text(StatusCode::BAD_REQUEST, "service and image are required");
    };
    if name.is_empty() || image.is_empty() {
        return text(StatusCode::BAD_REQUEST, "service and image are required");
    }
    let mut deployments = lock(&state.deployments);
    if update && !deployments.contains_key(name) {
        return text(StatusCode::NOT_FOUND, &format!("service {name} not found"));
    }
    let secrets = lock(&state.secrets);
    let wanted = deployment["secrets"].as_array().into_iter().flatten();
    for wanted in wanted.filter_map(Value::as_str) {
        if !secrets.contains_key(wanted) {
            return text(StatusCode::BAD_REQUEST, &format!("unable to find secret: {wanted}"));
        }
    }
    deployments.insert(name.to_owned(), deployment.clone());
    text(StatusCode::ACCEPTED, "")
}

fn delete(state: &State, order: &Value) -> Response<Bytes> {
    let name = order["functionName"].as_str().unwrap_or("");
    match lock(&state.deployments).remove(name) {
        Some(_) => text(StatusCode::ACCEPTED, ""),
        None => text(StatusCode::NOT_FOUND, &format!("service {name} not found")),
    }
}

fn secret(state: &State, method: &Method, order: &Value) -> Response<Bytes> {
    let Some(name) = order["name"].as_str().filter(|name| !name.is_empty()) else {
        return text(StatusCode::BAD_REQUEST, "name is required");
    };
    let value = order["value"].as_str().unwrap_or("").to_owned();
    let mut secrets = lock(&state.secrets);
    let known = secrets.contains_key(name);
    match *method {
        Method::POST if known => text(StatusCode::CONFLICT, "secret already exists"),
        Method::PUT if !known => text(StatusCode::NOT_FOUND, "secret not found"),
        Method::POST | Method::PUT => {
            secrets.insert(name.to_owned(), value);
            text(StatusCode::ACCEPTED, "")
        }
        Method::DELETE if known => {
            secrets.remove(name);
            text(StatusCode::ACCEPTED, "")
        }
        Method::DELETE => text(StatusCode::NOT_FOUND, "secret not found"),
        _ => text(StatusCode::METHOD_NOT_ALLOWED, ""),
    }
}

/// What a list tells of a deployment (faasd's form): no digest, and not all that was asked for.
fn status(deployment: &Value) -> Value {
    json!({
        "name": deployment["service"], "image": deployment["image"], "namespace": "openfaas-fn",
        "labels": deployment["labels"], "annotations": deployment["annotations"],
        "secrets": deployment["secrets"], "envVars": deployment["envVars"],
        "replicas": 1, "availableReplicas": 1, "invocationCount": 0,
        "createdAt": "2026-11-24T10:00:00Z",
    })
}

fn json(value: &Value) -> Response<Bytes> {
    let mut response = text(StatusCode::OK, &value.to_string());
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    response
}
