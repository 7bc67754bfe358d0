//! One question to a registry: guarded, authenticated, retried within its time.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use reqwest::{Client, Response};
use tokio::runtime::Runtime;
use url::Url;

use crate::error::ImageError;
use crate::reference::Reference;
use crate::registry::access::Access;
use crate::registry::addresses::Guard;
use crate::registry::auth::{Challenge, Token};
use crate::registry::connection::http_client;
use crate::registry::credentials::Credential;
use crate::registry::question::Question;

const TRIES_MAX: u32 = 5;
const TOKEN_BYTES_MAX: u64 = 64 << 10;
const BACKOFF_FIRST: Duration = Duration::from_millis(250);
const BACKOFF_MAX: Duration = Duration::from_secs(8);

/// Speaks to registries. Shared by all images of a process; tokens are kept for each (registry,
/// repository).
pub struct RegistryClient {
    http: Client,
    access: Access,
    guard: Guard,
    tokens: Mutex<HashMap<(String, String), Token>>,
    runtime: Option<Runtime>,
}

impl std::fmt::Debug for RegistryClient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RegistryClient(..)")
    }
}

impl Drop for RegistryClient {
    fn drop(&mut self) {
        // Dropping a runtime waits for it, which an asynchronous caller must not.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl RegistryClient {
    /// A client with this access.
    ///
    /// # Errors
    /// When TLS or the client's own thread cannot be set up.
    pub fn new(access: Access) -> Result<Self, ImageError> {
        let wrong = |source: Box<dyn std::error::Error + Send + Sync>| ImageError::Source {
            what: "registries".to_owned(),
            source,
        };
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("registry")
            .enable_all()
            .build()
            .map_err(|error| wrong(error.into()))?;
        let http = http_client(&access).map_err(wrong)?;
        let guard = Guard::of(&access);
        Ok(Self { http, access, guard, tokens: Mutex::default(), runtime: Some(runtime) })
    }

    /// Runs a question to its end; the calling thread waits.
    pub(crate) fn wait<T: Send + 'static>(
        &self,
        question: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, ImageError> {
        let gone = || ImageError::Source {
            what: "registries".to_owned(),
            source: "the client was shut down".into(),
        };
        let (answer, answered) = std::sync::mpsc::sync_channel(1);
        let task = async move {
            // The asker may have given up.
            let _ = answer.send(question.await);
        };
        self.spawn(task)?;
        answered.recv().map_err(|_| gone())
    }

    /// Runs a task on the client's own thread.
    pub(crate) fn spawn(
        &self,
        task: impl Future<Output = ()> + Send + 'static,
    ) -> Result<(), ImageError> {
        let runtime = self.runtime.as_ref().ok_or_else(|| ImageError::Source {
            what: "registries".to_owned(),
            source: "the client was shut down".into(),
        })?;
        runtime.spawn(task);
        Ok(())
    }

    /// The answer to a question, `None` if there is no such thing.
    pub(crate) async fn ask(
        &self,
        reference: &Reference,
        question: &Question<'_>,
    ) -> Result<Option<Response>, ImageError> {
        let url = self.url(reference, question.path)?;
        let what = || url.to_string();
        let (end, mut challenged) = (Instant::now() + self.access.answer_time_max, false);
        let mut scheme = self.kept(reference);
        for attempt in 0..TRIES_MAX {
            let mut request = question.request(&self.http, url.clone());
            if let Some(authorization) = &scheme {
                request = request.header(header::AUTHORIZATION, authorization.clone());
            }
            let left = end.saturating_duration_since(Instant::now());
            let sent = tokio::time::timeout(left, request.send()).await;
            let response = match sent {
                Ok(Ok(response)) => response,
                Ok(Err(error)) if error.is_redirect() || attempt + 1 == TRIES_MAX => {
                    return Err(source(what(), error));
                }
                Ok(Err(error)) => match self.pause(attempt, None, end).await {
                    true => continue,
                    false => return Err(source(what(), error)),
                },
                Err(_) => return Err(late(what())),
            };
            match response.status() {
                status if question.is_answered_by(status) => return Ok(Some(response)),
                status if (question.says_none)(status) => return Ok(None),
                StatusCode::UNAUTHORIZED if !challenged => {
                    challenged = true;
                    scheme = Some(self.answer_challenge(reference, response.headers()).await?);
                }
                StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                    return Err(unauthorized(reference));
                }
                status if is_passing(status) => {
                    let wait = retry_after(response.headers());
                    if attempt + 1 == TRIES_MAX || !self.pause(attempt, wait, end).await {
                        return Err(busy(reference, status));
                    }
                }
                status => return Err(answered(what(), status)),
            }
        }
        Err(late(what()))
    }

    /// Reads a whole body; `None` if it is longer than that. A registry may drip, so it has no more
    /// time than an answer.
    pub(crate) async fn whole(
        &self,
        mut response: Response,
        bytes_max: u64,
        what: impl Fn() -> String,
    ) -> Result<Option<Vec<u8>>, ImageError> {
        let reading = async {
            let mut body = Vec::new();
            while let Some(chunk) = response.chunk().await? {
                if (body.len() + chunk.len()) as u64 > bytes_max {
                    return Ok(None);
                }
                body.extend_from_slice(&chunk);
            }
            Ok(Some(body))
        };
        let read = tokio::time::timeout(self.access.answer_time_max, reading).await;
        read.map_err(|_| late(what()))?.map_err(|error| source(what(), error))
    }

    /// Waits before another try; `false` if there is no time left for one.
    async fn pause(&self, attempt: u32, wait: Option<Duration>, end: Instant) -> bool {
        let backoff = (BACKOFF_FIRST * 2_u32.saturating_pow(attempt)).min(BACKOFF_MAX);
        let wait = wait.unwrap_or(backoff);
        // The registry may name a wait of any length.
        if Instant::now().checked_add(wait).is_none_or(|awake| awake >= end) {
            return false;
        }
        tokio::time::sleep(wait).await;
        true
    }

    fn url(&self, reference: &Reference, path: &str) -> Result<Url, ImageError> {
        let (host, repository) = (reference.api_host(), reference.repository());
        let scheme = if self.speaks_plainly(reference.registry()) { "http" } else { "https" };
        let text = format!("{scheme}://{host}/v2/{repository}/{path}");
        let url: Url = text.parse().map_err(|error: url::ParseError| ImageError::Name {
            text: reference.to_string(),
            why: error.to_string(),
        })?;
        let refused = |error| ImageError::Source { what: url.to_string(), source: Box::new(error) };
        self.guard.allow(&url).map_err(refused)?;
        Ok(url)
    }

    /// Plain HTTP is for loopback, and for registries that the policy names.
    fn speaks_plainly(&self, registry: &str) -> bool {
        let host = match registry.rsplit_once(':') {
            Some((host, port)) if port.bytes().all(|it| it.is_ascii_digit()) => host,
            _ => registry,
        };
        let address = host.trim_matches(['[', ']']).parse::<std::net::IpAddr>();
        host == "localhost"
            || address.is_ok_and(|it| it.is_loopback())
            || self.access.insecure_registries.iter().any(|it| it == registry)
    }

    fn kept(&self, reference: &Reference) -> Option<HeaderValue> {
        let tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (reference.registry().to_owned(), reference.repository().to_owned());
        let token = tokens.get(&key).filter(|it| it.is_alive(Instant::now()))?;
        secret(&format!("Bearer {}", token.value))
    }

    async fn answer_challenge(
        &self,
        reference: &Reference,
        headers: &HeaderMap,
    ) -> Result<HeaderValue, ImageError> {
        let credential = self.credential(reference.registry().to_owned()).await?;
        let challenges = headers.get_all(header::WWW_AUTHENTICATE).iter();
        let challenge = challenges
            .filter_map(|it| Challenge::parse(it.to_str().ok()?))
            .max_by_key(|it| matches!(it, Challenge::Bearer { .. }));
        match (challenge, credential) {
            (Some(Challenge::Bearer { realm, service }), credential) => {
                let token =
                    self.fetch_token(reference, &realm, service.as_deref(), credential).await?;
                let value = secret(&format!("Bearer {}", token.value));
                let mut tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
                let key = (reference.registry().to_owned(), reference.repository().to_owned());
                tokens.insert(key, token);
                value.ok_or_else(|| unauthorized(reference))
            }
            (Some(Challenge::Basic), Some(Credential::Basic { username, password })) => {
                secret(&basic(&username, &password)).ok_or_else(|| unauthorized(reference))
            }
            _ => Err(unauthorized(reference)),
        }
    }

    /// A credential helper is a program that is waited for, so others' answers must not wait too.
    async fn credential(&self, registry: String) -> Result<Option<Credential>, ImageError> {
        let what = format!("credentials for {registry}");
        let failed = |source| ImageError::Source { what, source };
        let credentials = self.access.credentials.clone();
        match tokio::task::spawn_blocking(move || credentials.find(&registry)).await {
            Ok(Ok(credential)) => Ok(credential),
            Ok(Err(error)) => Err(failed(error.into())),
            Err(error) => Err(failed(error.into())),
        }
    }

    async fn fetch_token(
        &self,
        reference: &Reference,
        realm: &str,
        service: Option<&str>,
        credential: Option<Credential>,
    ) -> Result<Token, ImageError> {
        let what = || format!("a token for {} from {realm}", reference.name());
        let refused = |why: String| ImageError::Source { what: what(), source: why.into() };
        let mut url: Url =
            realm.parse().map_err(|error: url::ParseError| refused(error.to_string()))?;
        self.guard.allow(&url).map_err(|error| refused(error.to_string()))?;
        // A registry with TLS that names a token server without it would have us shout the
        // password over the wire.
        let plain_registry = self.speaks_plainly(reference.registry());
        if url.scheme() != "https" && !(url.scheme() == "http" && plain_registry) {
            return Err(refused("the token server is not reached by https".to_owned()));
        }
        // The scope is what we are about to do, not what the registry would have us ask for.
        let scope = format!("repository:{}:pull", reference.repository());
        let service = service.unwrap_or_default();
        let request = match &credential {
            Some(Credential::IdentityToken(token)) => {
                let mut form = url::form_urlencoded::Serializer::new(String::new());
                form.append_pair("grant_type", "refresh_token")
                    .append_pair("client_id", "faas-validator")
                    .append_pair("service", service)
                    .append_pair("scope", &scope)
                    .append_pair("refresh_token", token);
                self.http
                    .post(url)
                    .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
                    .body(form.finish())
            }
            _ => {
                url.query_pairs_mut().append_pair("service", service).append_pair("scope", &scope);
                self.http.get(url)
            }
        };
        let request = match &credential {
            Some(Credential::Basic { username, password }) => {
                match secret(&basic(username, password)) {
                    Some(value) => request.header(header::AUTHORIZATION, value),
                    None => return Err(unauthorized(reference)),
                }
            }
            _ => request,
        };
        let sent = tokio::time::timeout(self.access.answer_time_max, request.send()).await;
        let response = sent.map_err(|_| late(what()))?.map_err(|error| source(what(), error))?;
        match response.status() {
            StatusCode::OK => {}
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                return Err(unauthorized(reference));
            }
            status => return Err(answered(what(), status)),
        }
        let json = self
            .whole(response, TOKEN_BYTES_MAX, what)
            .await?
            .ok_or_else(|| refused("the answer is larger than any token".to_owned()))?;
        Token::parse(&json, Instant::now())
            .ok_or_else(|| refused("the answer holds no token".to_owned()))
    }
}

fn basic(username: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{username}:{password}")))
}

fn secret(text: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

fn is_passing(status: StatusCode) -> bool {
    matches!(status.as_u16(), 429 | 500 | 502 | 503 | 504)
}

/// `Retry-After` in seconds; a date is as good as none, since clocks differ.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(header::RETRY_AFTER)?.to_str().ok()?;
    text.trim().parse().ok().map(Duration::from_secs)
}

fn source(what: String, error: reqwest::Error) -> ImageError {
    ImageError::Source { what, source: error.without_url().into() }
}

fn answered(what: String, status: StatusCode) -> ImageError {
    ImageError::Source { what, source: format!("it answers {status}").into() }
}

fn late(what: String) -> ImageError {
    ImageError::Source { what, source: "it did not answer in time".into() }
}

fn unauthorized(reference: &Reference) -> ImageError {
    ImageError::Unauthorized { repository: reference.name() }
}

fn busy(reference: &Reference, status: StatusCode) -> ImageError {
    let (registry, status) = (reference.registry().to_owned(), status.as_u16());
    ImageError::Busy { registry, status }
}
