//! The gateway, as a client sees it: /system with credentials, /function and /async-function
//! without (the gateway forwards an Authorization header to the function, and its queue logs it).

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode, header};
use serde::Serialize;
use serde::de::DeserializeOwned;
use url::Url;

use crate::address::Address;
use crate::credentials::Credentials;
use crate::http_client::{self, BodyError, BuildError};
use crate::name::FunctionName;
use crate::provider::{Deployment, Secret, Status};

/// Bounds on what one call to the gateway may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GatewayLimits {
    /// The body of one answer.
    pub body_bytes_max: usize,
    /// Until a connection stands.
    pub connect_time_max: Duration,
    /// One call to /system, to its last byte.
    pub system_time_max: Duration,
}

impl Default for GatewayLimits {
    fn default() -> Self {
        Self {
            body_bytes_max: 16 << 20,
            connect_time_max: Duration::from_secs(5),
            system_time_max: Duration::from_secs(60),
        }
    }
}

/// A gateway.
#[derive(Debug, Clone)]
pub struct Gateway {
    http: reqwest::Client,
    address: Address,
    credentials: Option<Credentials>,
    limits: GatewayLimits,
}

/// One call of a function.
#[derive(Debug, Clone)]
pub struct Call {
    /// The body.
    pub body: Bytes,
    /// `Content-Type`.
    pub media_type: &'static str,
    /// Until the last byte of the answer.
    pub time_max: Duration,
    /// Where the queue is to send the answer (`/async-function` only).
    pub callback: Option<Url>,
}

/// What a function, or the gateway for it, answered.
#[derive(Debug, Clone)]
pub struct Reply {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

/// How a deployment went through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deployed {
    /// A function of that name was there, and is another now.
    Updated,
    /// There was none.
    Created,
}

/// Why the gateway did not do what it was asked to.
#[derive(Debug, thiserror::Error)]
pub enum GatewayError {
    /// There is no client to ask it with.
    #[error("prepare to call the gateway")]
    Client(#[source] BuildError),
    /// It was not reached, or broke off.
    #[error("{act} at the gateway")]
    Unreachable {
        /// What it was asked to do.
        act: &'static str,
        /// What went wrong on the way.
        source: reqwest::Error,
    },
    /// No answer in time.
    #[error("{act} at the gateway: no answer within {time_ms} ms")]
    Late {
        /// What it was asked to do.
        act: &'static str,
        /// How long was waited.
        time_ms: u128,
    },
    /// More of an answer than is taken in.
    #[error("{act} at the gateway: the answer has more than {bytes_max} bytes")]
    TooLarge {
        /// What it was asked to do.
        act: &'static str,
        /// The limit.
        bytes_max: usize,
    },
    /// It said no.
    #[error("{act} at the gateway: unexpected status {status}: {told}")]
    Refused {
        /// What it was asked to do.
        act: &'static str,
        /// The status.
        status: StatusCode,
        /// The first of what it said.
        told: String,
    },
    /// Its answer is not what it ought to be.
    #[error("{act} at the gateway: the answer is malformed")]
    Malformed {
        /// What it was asked to do.
        act: &'static str,
        /// What the parser says.
        source: serde_json::Error,
    },
}

impl Gateway {
    /// The gateway at this address; `credentials` are for its /system routes.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub fn new(
        address: Address,
        credentials: Option<Credentials>,
        limits: GatewayLimits,
    ) -> Result<Self, GatewayError> {
        let http = http_client::build(limits.connect_time_max).map_err(GatewayError::Client)?;
        Ok(Self { http, address, credentials, limits })
    }

    /// Its address.
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// Deploys as faas-cli does: PUT, and POST of the same where there is no such function yet.
    ///
    /// # Errors
    /// When the answer is neither 200 nor 202; it carries what the gateway said.
    pub async fn deploy(&self, deployment: &Deployment) -> Result<Deployed, GatewayError> {
        let act = "deploy the function";
        let url = self.address.join(&["system", "functions"]);
        let put = self.system(act, Method::PUT, url.clone(), Some(deployment)).await?;
        let (reply, deployed) = if put.status == StatusCode::NOT_FOUND {
            (self.system(act, Method::POST, url, Some(deployment)).await?, Deployed::Created)
        } else {
            (put, Deployed::Updated)
        };
        match reply.status {
            StatusCode::OK | StatusCode::ACCEPTED => Ok(deployed),
            _ => Err(refused(act, &reply)),
        }
    }

    /// The deployed functions of a namespace, or of the default one.
    ///
    /// # Errors
    /// When the gateway does not list them.
    pub async fn list(&self, namespace: Option<&str>) -> Result<Vec<Status>, GatewayError> {
        let url = in_namespace(self.address.join(&["system", "functions"]), namespace);
        self.ask("list the functions", url).await
    }

    /// One deployed function; `None` when there is none of that name.
    ///
    /// # Errors
    /// When the gateway does not tell.
    pub async fn get(&self, name: &FunctionName) -> Result<Option<Status>, GatewayError> {
        let url = self.address.join(&["system", "function", name.name()]);
        match self.ask("look at the function", in_namespace(url, name.namespace())).await {
            Ok(status) => Ok(Some(status)),
            Err(GatewayError::Refused { status: StatusCode::NOT_FOUND, .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Deletes a function. Providers may answer before it is gone: look again.
    ///
    /// # Errors
    /// When the gateway does not take the order.
    pub async fn delete(&self, name: &FunctionName) -> Result<(), GatewayError> {
        let act = "delete the function";
        let mut order = serde_json::json!({ "functionName": name.name() });
        if let Some(namespace) = name.namespace() {
            order["namespace"] = namespace.into();
        }
        let url = self.address.join(&["system", "functions"]);
        done(act, &self.system(act, Method::DELETE, url, Some(&order)).await?)
    }

    /// The names of the secrets of a namespace.
    ///
    /// # Errors
    /// When the gateway does not list them.
    pub async fn secrets(&self, namespace: Option<&str>) -> Result<Vec<Secret>, GatewayError> {
        let url = in_namespace(self.address.join(&["system", "secrets"]), namespace);
        self.ask("list the secrets", url).await
    }

    /// Makes a secret, or gives the one of that name a new value.
    ///
    /// # Errors
    /// When the gateway takes neither.
    pub async fn put_secret(&self, secret: &Secret) -> Result<(), GatewayError> {
        let act = "set the secret";
        let url = self.address.join(&["system", "secrets"]);
        let put = self.system(act, Method::PUT, url.clone(), Some(secret)).await?;
        if put.status == StatusCode::NOT_FOUND {
            return done(act, &self.system(act, Method::POST, url, Some(secret)).await?);
        }
        done(act, &put)
    }

    /// Calls a function and waits for what it answers, whatever its status.
    ///
    /// # Errors
    /// When no answer comes, in time and in full.
    pub async fn invoke(&self, name: &FunctionName, call: Call) -> Result<Reply, GatewayError> {
        self.call("function", name, call).await
    }

    /// Puts a call of a function into the queue; 202 says that it is there.
    ///
    /// # Errors
    /// When it is not.
    pub async fn invoke_async(
        &self,
        name: &FunctionName,
        call: Call,
    ) -> Result<Reply, GatewayError> {
        let reply = self.call("async-function", name, call).await?;
        if reply.status == StatusCode::ACCEPTED {
            return Ok(reply);
        }
        Err(refused("queue a call of the function", &reply))
    }

    async fn call(
        &self,
        route: &str,
        name: &FunctionName,
        call: Call,
    ) -> Result<Reply, GatewayError> {
        let url = self.address.join(&[route, &name.to_string()]);
        let mut request = self
            .http
            .post(url)
            .header(header::CONTENT_TYPE, call.media_type)
            .body(call.body)
            .timeout(call.time_max);
        if let Some(callback) = call.callback {
            request = request.header("X-Callback-Url", callback.as_str());
        }
        self.send("call the function", request, call.time_max).await
    }

    async fn ask<T: DeserializeOwned>(
        &self,
        act: &'static str,
        url: Url,
    ) -> Result<T, GatewayError> {
        let reply = self.system::<()>(act, Method::GET, url, None).await?;
        if reply.status != StatusCode::OK {
            return Err(refused(act, &reply));
        }
        serde_json::from_slice(&reply.body)
            .map_err(|source| GatewayError::Malformed { act, source })
    }

    async fn system<B: Serialize>(
        &self,
        act: &'static str,
        method: Method,
        url: Url,
        body: Option<&B>,
    ) -> Result<Reply, GatewayError> {
        let mut request = self.http.request(method, url).timeout(self.limits.system_time_max);
        if let Some(credentials) = &self.credentials {
            request = request.header(header::AUTHORIZATION, credentials.header());
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        self.send(act, request, self.limits.system_time_max).await
    }

    async fn send(
        &self,
        act: &'static str,
        request: reqwest::RequestBuilder,
        time_max: Duration,
    ) -> Result<Reply, GatewayError> {
        let broken = |error: reqwest::Error| match error.is_timeout() {
            true => GatewayError::Late { act, time_ms: time_max.as_millis() },
            false => GatewayError::Unreachable { act, source: error.without_url() },
        };
        let mut response = request.send().await.map_err(broken)?;
        let (status, headers) = (response.status(), std::mem::take(response.headers_mut()));
        let bytes_max = self.limits.body_bytes_max;
        let body = http_client::body(response, bytes_max).await.map_err(|error| match error {
            BodyError::TooLarge => GatewayError::TooLarge { act, bytes_max },
            BodyError::Broken(error) => broken(error),
        })?;
        Ok(Reply { status, headers, body })
    }
}

impl Reply {
    /// The first of what was said, fit for a terminal.
    pub fn told(&self) -> String {
        const CHARS_MAX: usize = 300;
        let text = String::from_utf8_lossy(&self.body);
        text.trim().chars().filter(|char| !char.is_control()).take(CHARS_MAX).collect()
    }
}

fn in_namespace(mut url: Url, namespace: Option<&str>) -> Url {
    if let Some(namespace) = namespace {
        url.query_pairs_mut().append_pair("namespace", namespace);
    }
    url
}

fn done(act: &'static str, reply: &Reply) -> Result<(), GatewayError> {
    if reply.status.is_success() { Ok(()) } else { Err(refused(act, reply)) }
}

fn refused(act: &'static str, reply: &Reply) -> GatewayError {
    GatewayError::Refused { act, status: reply.status, told: reply.told() }
}
