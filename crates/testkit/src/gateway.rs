//! A gateway with its provider and its queue, kept to what can be observed of OpenFaaS CE
//! (routes, statuses, headers, chunked bodies, a serial queue), written from that contract alone.
//!
//! A function behind it is a closure of the test ([`FakeGateway::function`]) or a server that
//! runs elsewhere ([`FakeGateway::upstream`]). It listens on 127.0.0.1 on a free port, on threads
//! of its own, until it is dropped.

mod client;
mod queue;
mod routes;
mod system;

use std::collections::BTreeMap;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};

/// The largest body that `/async-function` takes.
pub const ASYNC_BODY_BYTES_MAX: usize = 256_000;

type Answering = Pin<Box<dyn Future<Output = Response<Bytes>> + Send>>;

/// What stands behind a function's name.
#[derive(Clone)]
enum Behind {
    Closure(Arc<dyn Fn(Request<Bytes>) -> Answering + Send + Sync>),
    Upstream(SocketAddr),
}

/// One call that reached a function.
#[derive(Debug, Clone)]
pub struct SeenCall {
    /// The function, as it was called.
    pub function: String,
    /// The request's headers, as the function got them.
    pub headers: http::HeaderMap,
    /// Its body.
    pub body: Bytes,
}

/// How this gateway is set up.
#[derive(Debug, Clone)]
pub struct GatewaySettings {
    /// `user:password` for the /system routes; without it they are open.
    pub basic_auth: Option<(String, String)>,
    /// `upstream_timeout`: how long a function may take before the gateway answers 502.
    pub upstream_timeout: Duration,
    /// Whether a missing function is 404 (`scale_from_zero=true`) or the provider's 503.
    pub scale_from_zero: bool,
}

impl Default for GatewaySettings {
    fn default() -> Self {
        Self { basic_auth: None, upstream_timeout: Duration::from_secs(60), scale_from_zero: true }
    }
}

/// A running fake gateway.
pub struct FakeGateway {
    state: Arc<State>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

struct State {
    address: SocketAddr,
    settings: GatewaySettings,
    functions: Mutex<BTreeMap<String, Behind>>,
    deployments: Mutex<BTreeMap<String, Value>>,
    secrets: Mutex<BTreeMap<String, String>>,
    calls: Mutex<Vec<SeenCall>>,
    orders: Mutex<Vec<(String, u16)>>,
    ids: AtomicU64,
    queue: mpsc::UnboundedSender<Vec<u8>>,
}

impl FakeGateway {
    /// Starts one without authentication.
    pub fn start() -> Self {
        Self::start_with(GatewaySettings::default())
    }

    /// Starts one that is set up like this.
    ///
    /// # Panics
    /// When no port can be opened.
    pub fn start_with(settings: GatewaySettings) -> Self {
        let (stop, stopped) = oneshot::channel();
        let (told, started) = std::sync::mpsc::channel();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .worker_threads(2)
                .enable_all()
                .build()
                .expect("a runtime");
            runtime.block_on(serve(settings, told, stopped));
            // A function that hangs must not hang the test.
            runtime.shutdown_background();
        });
        let state = started.recv().expect("the fake gateway starts");
        Self { state, stop: Some(stop), thread: Some(thread) }
    }

    /// `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("http://{}", self.state.address)
    }

    /// Puts a closure behind a name.
    pub fn function<F, A>(&self, name: &str, answer: F)
    where
        F: Fn(Request<Bytes>) -> A + Send + Sync + 'static,
        A: Future<Output = Response<Bytes>> + Send + 'static,
    {
        let boxed = move |request| -> Answering { Box::pin(answer(request)) };
        lock(&self.state.functions).insert(name.to_owned(), Behind::Closure(Arc::new(boxed)));
    }

    /// Puts a server that listens elsewhere on this machine behind a name.
    pub fn upstream(&self, name: &str, address: SocketAddr) {
        lock(&self.state.functions).insert(name.to_owned(), Behind::Upstream(address));
    }

    /// What was deployed, by name, as it was sent.
    pub fn deployments(&self) -> BTreeMap<String, Value> {
        lock(&self.state.deployments).clone()
    }

    /// The secrets' values, by name.
    pub fn secrets(&self) -> BTreeMap<String, String> {
        lock(&self.state.secrets).clone()
    }

    /// The calls that reached a function, in order.
    pub fn calls(&self) -> Vec<SeenCall> {
        lock(&self.state.calls).clone()
    }

    /// The orders to /system, in order: `PUT /system/functions`, and the status that was given.
    pub fn orders(&self) -> Vec<(String, u16)> {
        lock(&self.state.orders).clone()
    }
}

impl Drop for FakeGateway {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            thread.join().ok();
        }
    }
}

impl State {
    fn next_id(&self) -> String {
        let id = self.ids.fetch_add(1, Ordering::Relaxed);
        format!("00000000-0000-4000-8000-{id:012x}")
    }
}

/// Polls until `probe` gives something, and gives up after `time_max`.
///
/// # Panics
/// When it gives up.
pub fn eventually<T>(time_max: Duration, mut probe: impl FnMut() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(found) = probe() {
            return found;
        }
        assert!(started.elapsed() < time_max, "did not happen within {time_max:?}");
        std::thread::park_timeout(Duration::from_millis(5));
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn serve(
    settings: GatewaySettings,
    started: std::sync::mpsc::Sender<Arc<State>>,
    mut stopped: oneshot::Receiver<()>,
) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let (queue, queued) = mpsc::unbounded_channel();
    let state = Arc::new(State {
        address: listener.local_addr().expect("an address"),
        settings,
        functions: Mutex::default(),
        deployments: Mutex::default(),
        secrets: Mutex::default(),
        calls: Mutex::default(),
        orders: Mutex::default(),
        ids: AtomicU64::new(1),
        queue,
    });
    tokio::spawn(queue::work(state.address, queued));
    started.send(Arc::clone(&state)).expect("the test waits");
    loop {
        let stream = tokio::select! {
            _ = &mut stopped => return,
            accepted = listener.accept() => accepted.expect("a connection").0,
        };
        let state = Arc::clone(&state);
        tokio::spawn(async move {
            let answer = hyper::service::service_fn(move |request| {
                routes::answer(Arc::clone(&state), request)
            });
            let http = hyper::server::conn::http1::Builder::new();
            http.serve_connection(TokioIo::new(stream), answer).await.ok();
        });
    }
}
