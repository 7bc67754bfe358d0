//! A question that is turned away: what the caller is told, and with which status.

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use verdict::EnvelopeError;

/// Why a question gets no answer, and what the asker can do about it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{error}")]
pub struct Refusal {
    status: StatusCode,
    error: String,
    remedy: String,
    retry_after_s: Option<u32>,
}

impl Refusal {
    /// The question itself is wrong (400).
    pub fn question(error: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::with(StatusCode::BAD_REQUEST, error, remedy)
    }

    /// The question is well-formed, and what it names cannot be had (422): an image that does not
    /// exist, a registry that does not answer. A gateway does not take it for its own error.
    pub fn subject(error: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::with(StatusCode::UNPROCESSABLE_ENTITY, error, remedy)
    }

    /// This installation is not set up to answer it (500).
    pub fn configuration(error: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::with(StatusCode::INTERNAL_SERVER_ERROR, error, remedy)
    }

    pub(crate) fn method() -> Self {
        Self::with(StatusCode::METHOD_NOT_ALLOWED, "a check is asked by POST", "send a POST")
    }

    pub(crate) fn too_large(bytes: usize, bytes_max: usize) -> Self {
        Self::with(
            StatusCode::PAYLOAD_TOO_LARGE,
            format!("the body has {bytes} bytes, and at most {bytes_max} are taken"),
            "ask a smaller question: leave out what is not needed of policy and snapshot",
        )
    }

    pub(crate) fn busy() -> Self {
        let told = "as many checks are running as may";
        let mut busy = Self::with(StatusCode::TOO_MANY_REQUESTS, told, "ask again in a second");
        busy.retry_after_s = Some(1);
        busy
    }

    pub(crate) fn late() -> Self {
        Self::with(
            StatusCode::GATEWAY_TIMEOUT,
            "the question could not be read within its deadline",
            "see that the registry answers, or allow more time",
        )
    }

    pub(crate) fn broke_off() -> Self {
        Self::with(
            StatusCode::INTERNAL_SERVER_ERROR,
            "the question could not be read: its reading broke off",
            "read the function's log and report the fault",
        )
    }

    /// A sealed question that does not open. What exactly is wrong with a seal is not told to a
    /// stranger; the log has it.
    pub(crate) fn sealed(error: &EnvelopeError) -> Self {
        match error {
            EnvelopeError::Malformed { .. } | EnvelopeError::Type { .. } => Self::question(
                error.to_string(),
                "send a sealed dev.faas-validator.check.requested.v1 event: see docs/events.md",
            ),
            _ => Self::with(
                StatusCode::UNAUTHORIZED,
                "the seal does not verify, or is too old",
                "give both functions the same secret `validation-key`, and set their clocks",
            ),
        }
    }

    pub(crate) fn no_key() -> Self {
        Self::configuration(
            "a sealed question came, and this function has no key to open it with",
            "deploy the function with the secret `validation-key`",
        )
    }

    fn with(status: StatusCode, error: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { status, error: error.into(), remedy: remedy.into(), retry_after_s: None }
    }

    /// The HTTP status that it travels with.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// What the asker can do about it.
    pub fn remedy(&self) -> &str {
        &self.remedy
    }

    /// `{error, remedy}` as JSON.
    pub fn response(&self) -> Response<Bytes> {
        let body = serde_json::json!({ "error": self.error, "remedy": self.remedy });
        let mut response = Response::new(Bytes::from(body.to_string()));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if self.status == StatusCode::METHOD_NOT_ALLOWED {
            headers.insert(header::ALLOW, HeaderValue::from_static("POST"));
        }
        if let Some(seconds) = self.retry_after_s {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
