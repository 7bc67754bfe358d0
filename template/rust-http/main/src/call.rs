//! One call of the handler: let in, read, run within its time, answered, counted, logged.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tracing::Instrument as _;

use crate::body::BodyRoom;
use crate::correlation::Correlation;
use crate::metrics::Metrics;
use crate::settings::Settings;
use crate::worker::{Done, Workers};
use crate::{answer, go_duration};

/// How long the call took, for the gateway and the queue.
const DURATION: &str = "x-duration-seconds";
/// A caller's own limit.
const TIMEOUT: &str = "x-timeout";

/// Where calls are let in.
pub(crate) struct Calls {
    workers: Workers,
    settings: Arc<Settings>,
    metrics: Arc<Metrics>,
    bodies: BodyRoom,
    in_flight: Option<Arc<Semaphore>>,
}

impl Calls {
    pub(crate) fn new(workers: Workers, settings: Arc<Settings>, metrics: Arc<Metrics>) -> Self {
        let bodies = BodyRoom::new(settings.max_body_bytes, settings.max_buffered_bytes);
        let permits = |max: usize| Arc::new(Semaphore::new(max.min(Semaphore::MAX_PERMITS)));
        let in_flight = settings.max_inflight.map(permits);
        Self { workers, settings, metrics, bodies, in_flight }
    }

    /// Whether one more call would be told 429.
    pub(crate) fn are_full(&self) -> bool {
        self.in_flight.as_ref().is_some_and(|calls| calls.available_permits() == 0)
    }

    /// Has the handler answer the request.
    pub(crate) async fn call(&self, mut request: Request<Incoming>) -> Response<Full<Bytes>> {
        let began = Instant::now();
        let in_flight = self.metrics.begin();
        let correlation = Correlation::of(request.headers_mut());
        let (call_id, traceparent) = (correlation.call_id(), correlation.traceparent());
        let span = tracing::info_span!("call", call_id, traceparent);
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        let mut response = self.answer(request).instrument(span.clone()).await;
        let took = began.elapsed();
        correlation.pass_on(response.headers_mut());
        if let Ok(seconds) = HeaderValue::try_from(format!("{:.6}", took.as_secs_f64())) {
            response.headers_mut().insert(DURATION, seconds);
        }
        let status = response.status();
        self.metrics.answered(&method, status, took);
        drop(in_flight);
        // Without the query: whatever is in it is not ours to write down.
        span.in_scope(|| {
            tracing::info!(%method, path, status = status.as_u16(), took_ms = millis(took), "answered");
        });
        response
    }

    /// What the handler says of itself, if it was asked to.
    pub(crate) async fn ask_whether_ready(&self) -> Option<Response<Full<Bytes>>> {
        let path = self.settings.ready_path.as_ref()?;
        let mut request = Request::new(Bytes::new());
        *request.uri_mut() = path.parse().ok()?;
        *request.method_mut() = Method::GET;
        Some(self.run(request, self.settings.exec_timeout, ()).await)
    }

    async fn answer(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let Ok(permit) = self.enter() else {
            let line = "as many calls as max_inflight allows are in flight";
            return answer::refused(StatusCode::TOO_MANY_REQUESTS, line);
        };
        let (head, body) = request.into_parts();
        let (body, place) = match self.bodies.read(body, self.settings.read_timeout).await {
            Ok(read) => read,
            Err(error) => {
                tracing::info!(%error, "a request was not read");
                let (status, line) = error.answer();
                // The rest of the body is not read to get at the next request.
                return answer::closing(answer::text(status, line));
            }
        };
        let time = self.time(&head.headers);
        self.run(Request::from_parts(head, body), time, (permit, place)).await
    }

    fn enter(&self) -> Result<Option<OwnedSemaphorePermit>, tokio::sync::TryAcquireError> {
        self.in_flight.clone().map(Semaphore::try_acquire_owned).transpose()
    }

    /// The caller can only shorten what the variable says.
    fn time(&self, headers: &HeaderMap) -> Option<Duration> {
        let asked = headers.get(TIMEOUT).and_then(|value| value.to_str().ok());
        let asked = asked.and_then(go_duration::parse).filter(|time| !time.is_zero());
        match (asked, self.settings.exec_timeout) {
            (Some(asked), Some(set)) => Some(asked.min(set)),
            (asked, set) => asked.or(set),
        }
    }

    /// `held` is kept until the handler has really ended: one that blocks on after its time
    /// still takes its place among the calls in flight, as it does its thread.
    async fn run<H: Send + 'static>(
        &self,
        request: Request<Bytes>,
        time: Option<Duration>,
        held: H,
    ) -> Response<Full<Bytes>> {
        let done = self.workers.start(request, held);
        let done = match time {
            Some(time) => tokio::time::timeout(time, done).await,
            None => Ok(done.await),
        };
        match done {
            Ok(Ok(Done::Answered(response))) => response.map(Full::new),
            Ok(Ok(Done::Panicked) | Err(_)) => answer::empty(StatusCode::INTERNAL_SERVER_ERROR),
            Err(_) => {
                tracing::warn!(time_ms = time.map(millis), "a call took too long");
                answer::timed_out()
            }
        }
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
