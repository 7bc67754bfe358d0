//! The door of a function: from an HTTP request to a question, from a report to an HTTP answer.
//!
//! Two kinds of question come in. A *sealed* one ([`Envelope`]) is verified, and its answer is
//! sealed with the same nonce. A *bare* one is what a person sends with curl; its answer is bare
//! too, because a seal says "one of us asked this", and the orchestrator counts no other.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Method, Request as HttpRequest, Response, header};
use jiff::{SignedDuration, Timestamp};
use tokio::sync::Semaphore;
use verdict::{Envelope, Message, Request, SealingKey};

use crate::check::Check;
use crate::refusal::Refusal;
use crate::run::{run, time_until};

/// Answers one HTTP request with the check's report.
pub async fn answer(
    check: Arc<dyn Check>,
    request: HttpRequest<Bytes>,
    door: &Door,
) -> Response<Bytes> {
    let asked = match door.read(&request).await {
        Ok(asked) => asked,
        Err(refusal) => return refusal.response(),
    };
    let Ok(permit) = Arc::clone(&door.running).try_acquire_owned() else {
        return Refusal::busy().response();
    };
    let source = format!("/functions/{}", check.name());
    let time = time_until(asked.request.deadline, door.limits.check_time_max);
    let report = run(check, Arc::new(asked.request), time, permit).await;
    door.reply(&source, asked.nonce.as_deref(), &report)
}

/// How a function reads a bare question: which image it names, and by which policy it is judged.
/// It may block (it resolves the image at its registry); the door gives it a thread.
pub trait Bare: Send + Sync {
    /// Reads the body. The request is to carry `deadline`.
    ///
    /// # Errors
    /// When the body is no question, or what it names cannot be had.
    fn read(&self, body: &[u8], deadline: Timestamp) -> Result<Request, Refusal>;
}

impl<F> Bare for F
where
    F: Fn(&[u8], Timestamp) -> Result<Request, Refusal> + Send + Sync,
{
    fn read(&self, body: &[u8], deadline: Timestamp) -> Result<Request, Refusal> {
        self(body, deadline)
    }
}

/// How much comes in at a door.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DoorLimits {
    /// The body of one question.
    pub body_bytes_max: usize,
    /// How old a sealed question may be.
    pub seal_age_max: Duration,
    /// How long one check may take, whatever the question's deadline says.
    pub check_time_max: Duration,
    /// How many checks may run at once; one more is told 429.
    pub checks_max: usize,
}

impl Default for DoorLimits {
    fn default() -> Self {
        Self {
            body_bytes_max: 8 << 20,
            seal_age_max: Duration::from_secs(300),
            check_time_max: Duration::from_secs(120),
            checks_max: 16,
        }
    }
}

/// What a function needs to let questions in.
pub struct Door {
    key: Option<SealingKey>,
    bare: Arc<dyn Bare>,
    limits: DoorLimits,
    running: Arc<Semaphore>,
}

/// A question that was let in.
#[derive(Debug)]
pub struct Asked {
    /// What is asked.
    pub request: Request,
    /// The nonce of a sealed question; a bare one has none.
    pub nonce: Option<String>,
}

impl Door {
    /// A door that opens sealed questions with `key`, and reads bare ones by `bare`.
    pub fn new(key: Option<SealingKey>, bare: Arc<dyn Bare>, limits: DoorLimits) -> Self {
        Self { key, bare, limits, running: Arc::new(Semaphore::new(limits.checks_max)) }
    }

    /// Reads the question of an HTTP request.
    ///
    /// # Errors
    /// When it is too large, not a question, or its seal does not count.
    pub async fn read(&self, request: &HttpRequest<Bytes>) -> Result<Asked, Refusal> {
        let (body, bytes_max) = (request.body(), self.limits.body_bytes_max);
        let read = match *request.method() {
            Method::POST if body.len() > bytes_max => {
                Err(Refusal::too_large(body.len(), bytes_max))
            }
            Method::POST if is_envelope(body) => self.open(body),
            Method::POST => self.read_bare(body.clone()).await,
            _ => Err(Refusal::method()),
        };
        read.inspect_err(|refusal| {
            tracing::info!(status = refusal.status().as_u16(), %refusal, "refused a question");
        })
    }

    /// The HTTP answer: sealed with the question's nonce, or bare if it had none.
    pub fn reply<M: Message>(
        &self,
        source: &str,
        nonce: Option<&str>,
        message: &M,
    ) -> Response<Bytes> {
        let written = match (nonce, &self.key) {
            (Some(nonce), Some(key)) => {
                Envelope::seal(message, source, nonce, Timestamp::now(), key)
                    .and_then(|sealed| {
                        serde_json::to_vec(&sealed).map_err(|source| {
                            verdict::EnvelopeError::Malformed { expected: "CloudEvents", source }
                        })
                    })
                    .map(|json| (json, "application/cloudevents+json"))
                    .map_err(|error| error.to_string())
            }
            _ => serde_json::to_vec(message)
                .map(|json| (json, "application/json"))
                .map_err(|error| error.to_string()),
        };
        match written {
            Ok((json, media_type)) => {
                let mut response = Response::new(Bytes::from(json));
                let value = HeaderValue::from_static(media_type);
                response.headers_mut().insert(header::CONTENT_TYPE, value);
                response
            }
            Err(error) => {
                Refusal::configuration(error, "read the function's log and report the fault")
                    .response()
            }
        }
    }

    fn open(&self, body: &[u8]) -> Result<Asked, Refusal> {
        let key = self.key.as_ref().ok_or_else(Refusal::no_key)?;
        let age_max =
            SignedDuration::try_from(self.limits.seal_age_max).unwrap_or(SignedDuration::ZERO);
        let opened = Envelope::parse(body).and_then(|envelope| {
            let request = envelope.open::<Request>(key, Timestamp::now(), age_max)?;
            Ok(Asked { request, nonce: Some(envelope.nonce().to_owned()) })
        });
        opened.map_err(|error| {
            tracing::warn!(%error, "a sealed question does not open");
            Refusal::sealed(&error)
        })
    }

    async fn read_bare(&self, body: Bytes) -> Result<Asked, Refusal> {
        let time = self.limits.check_time_max;
        let wait = SignedDuration::try_from(time).unwrap_or(SignedDuration::ZERO);
        let deadline = Timestamp::now().saturating_add(wait).unwrap_or(Timestamp::MAX);
        let Ok(permit) = Arc::clone(&self.running).try_acquire_owned() else {
            return Err(Refusal::busy());
        };
        let bare = Arc::clone(&self.bare);
        let task = tokio::task::spawn_blocking(move || {
            let read = bare.read(&body, deadline);
            drop(permit);
            read
        });
        match tokio::time::timeout(time, task).await {
            Ok(Ok(read)) => read.map(|request| Asked { request, nonce: None }),
            Ok(Err(_)) => Err(Refusal::broke_off()),
            Err(_) => Err(Refusal::late()),
        }
    }
}

/// Whether the body means to be a CloudEvents document: then it is never read as a bare question.
fn is_envelope(body: &[u8]) -> bool {
    #[derive(serde::Deserialize)]
    struct Marked {
        #[serde(rename = "specversion")]
        _specversion: serde::de::IgnoredAny,
    }
    serde_json::from_slice::<Marked>(body).is_ok()
}
