//! A listener on loopback for what the queue-worker calls back with.

use std::collections::HashMap;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

/// One call back.
#[derive(Debug)]
pub(crate) struct CalledBack {
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl CalledBack {
    /// A header's value, or nothing.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The body as JSON.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| {
            panic!("not JSON ({error}): {}", String::from_utf8_lossy(&self.body))
        })
    }
}

/// The listener. It stops when it is dropped.
pub(crate) struct Callbacks {
    url: String,
    calls: Receiver<CalledBack>,
    early: HashMap<String, CalledBack>,
    _runtime: tokio::runtime::Runtime,
}

impl Callbacks {
    /// Listens on a free port of loopback, where the queue-worker of the same machine reaches it.
    pub(crate) fn listening() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let url = format!("http://{}/called-back", listener.local_addr().unwrap());
        let (sender, calls) = channel();
        runtime.spawn(serve(listener, sender));
        Self { url, calls, early: HashMap::new(), _runtime: runtime }
    }

    /// What to give as `X-Callback-Url`.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Waits for the call back with this `X-Call-Id`.
    pub(crate) fn of(&mut self, call_id: &str) -> CalledBack {
        loop {
            if let Some(call) = self.early.remove(call_id) {
                return call;
            }
            let call = self
                .calls
                .recv_timeout(Duration::from_secs(90))
                .unwrap_or_else(|_| panic!("nobody called back for call {call_id}"));
            self.early.insert(call.header("x-call-id").to_owned(), call);
        }
    }
}

async fn serve(listener: TcpListener, sender: Sender<CalledBack>) {
    while let Ok((stream, _)) = listener.accept().await {
        let sender = sender.clone();
        tokio::spawn(async move {
            let service = service_fn(move |request| take(request, sender.clone()));
            hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .await
        });
    }
}

async fn take(
    request: Request<Incoming>,
    sender: Sender<CalledBack>,
) -> Result<Response<Full<Bytes>>, hyper::Error> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await?.to_bytes().to_vec();
    // Nobody listens any more once the test is over.
    let _ = sender.send(CalledBack { headers: parts.headers, body });
    Ok(Response::new(Full::new(Bytes::new())))
}
