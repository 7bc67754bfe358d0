//! Who answers a request: the runtime itself, or the handler.

use std::future::Future;
use std::sync::Arc;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;

use crate::accept::Welcome;
use crate::answer;
use crate::call::Calls;
use crate::metrics::Metrics;
use crate::readiness::Readiness;

/// What answers on a port.
pub(crate) trait Routes: Send + Sync + 'static {
    fn answer(
        &self,
        request: Request<Incoming>,
        welcome: Welcome,
    ) -> impl Future<Output = Response<Full<Bytes>>> + Send;
}

/// The function's port.
pub(crate) struct FunctionRoutes {
    readiness: Arc<Readiness>,
    calls: Calls,
}

impl FunctionRoutes {
    pub(crate) fn new(readiness: Arc<Readiness>, calls: Calls) -> Self {
        Self { readiness, calls }
    }

    fn health(&self, method: &Method) -> Response<Full<Bytes>> {
        match () {
            () if method != Method::GET => answer::empty(StatusCode::METHOD_NOT_ALLOWED),
            () if self.readiness.is_ready() => answer::text(StatusCode::OK, "OK"),
            () => answer::empty(StatusCode::SERVICE_UNAVAILABLE),
        }
    }

    /// Health, and whether one more call would be taken.
    async fn ready(&self, method: &Method, welcome: Welcome) -> Response<Full<Bytes>> {
        let health = self.health(method);
        if health.status() != StatusCode::OK {
            return health;
        }
        if self.calls.are_full() || welcome == Welcome::HealthOnly {
            return answer::refused(StatusCode::TOO_MANY_REQUESTS, "no room for one more call");
        }
        self.calls.ask_whether_ready().await.unwrap_or(health)
    }
}

impl Routes for FunctionRoutes {
    async fn answer(&self, request: Request<Incoming>, welcome: Welcome) -> Response<Full<Bytes>> {
        match (request.uri().path(), welcome) {
            ("/_/health", _) => self.health(request.method()),
            ("/_/ready", _) => self.ready(request.method(), welcome).await,
            (_, Welcome::Full) => self.calls.call(request).await,
            (_, Welcome::HealthOnly) => answer::closing(answer::refused(
                StatusCode::SERVICE_UNAVAILABLE,
                "no room for one more connection",
            )),
        }
    }
}

/// The metrics' port.
pub(crate) struct MetricsRoutes {
    metrics: Arc<Metrics>,
}

impl MetricsRoutes {
    pub(crate) fn new(metrics: Arc<Metrics>) -> Self {
        Self { metrics }
    }
}

impl Routes for MetricsRoutes {
    async fn answer(&self, request: Request<Incoming>, _: Welcome) -> Response<Full<Bytes>> {
        match (request.method(), request.uri().path()) {
            (&Method::GET, "/metrics") => answer::metrics(self.metrics.exposition()),
            (_, "/metrics") => answer::empty(StatusCode::METHOD_NOT_ALLOWED),
            _ => answer::empty(StatusCode::NOT_FOUND),
        }
    }
}
