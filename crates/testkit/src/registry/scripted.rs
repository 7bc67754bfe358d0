//! A registry that answers what a test tells it to: tokens, redirects, refusals and lies.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, header};
use hyper::body::{Body, Frame, Incoming};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::sync::{Barrier, oneshot};

use crate::image::BuiltImage;

/// A request that came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// Path and query.
    pub path: String,
    /// `Authorization`, if it had one.
    pub authorization: Option<String>,
    /// `Host`.
    pub host: String,
    /// The first byte that it wants, where it wants a part.
    pub from: Option<usize>,
}

/// Requests that are answered only once all of them have come.
#[derive(Debug, Clone)]
pub struct Gathering(Arc<Barrier>);

impl Gathering {
    /// Of so many requests.
    pub fn of(requests: usize) -> Self {
        Self(Arc::new(Barrier::new(requests)))
    }
}

/// What is answered.
#[derive(Debug, Clone)]
pub struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    body: Script,
    gathering: Option<Gathering>,
}

#[derive(Debug, Clone)]
enum Script {
    Whole(Bytes),
    Cut(Bytes),
    Endless,
    Dripping(Duration),
    Silent,
}

impl Answer {
    /// These bytes, with status 200.
    pub fn bytes(bytes: impl Into<Bytes>) -> Self {
        Self {
            status: 200,
            headers: Vec::new(),
            body: Script::Whole(bytes.into()),
            gathering: None,
        }
    }

    /// These bytes, and then the connection breaks.
    pub fn cut(bytes: impl Into<Bytes>) -> Self {
        Self { body: Script::Cut(bytes.into()), ..Self::bytes("") }
    }

    /// The rest of something of `size` bytes (RFC 9110 §15.3.7).
    #[must_use]
    pub fn part(mut self, from: usize, size: usize) -> Self {
        self.status = 206;
        self.header("content-range", &format!("bytes {from}-{}/{size}", size.saturating_sub(1)))
    }

    /// A status without a body.
    pub fn status(status: u16) -> Self {
        Self { status, ..Self::bytes("") }
    }

    /// Zeros without an end.
    pub fn endless() -> Self {
        Self { body: Script::Endless, ..Self::bytes("") }
    }

    /// A byte now and then, without an end.
    pub fn dripping(every: Duration) -> Self {
        Self { body: Script::Dripping(every), ..Self::bytes("") }
    }

    /// Headers, and then nothing.
    pub fn silent() -> Self {
        Self { body: Script::Silent, ..Self::bytes("") }
    }

    /// Only once all requests of the gathering have come: none may wait for another's answer.
    #[must_use]
    pub fn gathered(mut self, gathering: &Gathering) -> Self {
        self.gathering = Some(gathering.clone());
        self
    }

    /// A redirect.
    pub fn redirect(to: &str) -> Self {
        Self::status(307).header("location", to)
    }

    /// With one more header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }
}

/// The answers that serve an image, by path: its manifest under `tag` and under its digest, and
/// its blobs.
pub fn answers_of(image: &BuiltImage, repository: &str, tag: &str) -> BTreeMap<String, Answer> {
    let manifest = Answer::bytes(image.manifest.clone()).header("content-type", &image.media_type);
    let path = |kind: &str, name: &str| format!("/v2/{repository}/{kind}/{name}");
    let blobs = image.blobs.iter();
    let mut answers: BTreeMap<String, Answer> = blobs
        .map(|(digest, bytes)| (path("blobs", digest), Answer::bytes(bytes.clone())))
        .collect();
    answers.insert(path("manifests", tag), manifest.clone());
    answers.insert(path("manifests", &image.digest()), manifest);
    answers
}

/// A running scripted registry.
pub struct ScriptedRegistry {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

type Answering = Arc<dyn Fn(&Seen) -> Answer + Send + Sync>;

impl ScriptedRegistry {
    /// Starts one that answers so.
    ///
    /// # Panics
    /// When no port can be opened.
    pub fn start(script: impl Fn(&Seen) -> Answer + Send + Sync + 'static) -> Self {
        let (stop, stopped) = oneshot::channel();
        let (told, started) = std::sync::mpsc::channel();
        let seen: Arc<Mutex<Vec<Seen>>> = Arc::default();
        let (log, script): (_, Answering) = (Arc::clone(&seen), Arc::new(script));
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime");
            runtime.block_on(serve(script, log, told, stopped));
            runtime.shutdown_background();
        });
        let address = started.recv().expect("the scripted registry starts");
        Self { address, seen, stop: Some(stop), thread: Some(thread) }
    }

    /// Starts one that has these answers by path, and 404 for all else.
    pub fn serving(answers: BTreeMap<String, Answer>) -> Self {
        Self::start(move |seen| match answers.get(&seen.path) {
            Some(answer) => answer.clone(),
            None => Answer::status(404),
        })
    }

    /// `127.0.0.1:PORT`.
    pub fn host(&self) -> String {
        self.address.to_string()
    }

    /// The requests that came, in order.
    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for ScriptedRegistry {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            thread.join().ok();
        }
    }
}

async fn serve(
    script: Answering,
    log: Arc<Mutex<Vec<Seen>>>,
    started: std::sync::mpsc::Sender<SocketAddr>,
    mut stopped: oneshot::Receiver<()>,
) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    started.send(listener.local_addr().expect("an address")).expect("the test waits");
    loop {
        let stream = tokio::select! {
            _ = &mut stopped => return,
            accepted = listener.accept() => accepted.expect("a connection").0,
        };
        let (script, log) = (Arc::clone(&script), Arc::clone(&log));
        tokio::spawn(async move {
            let answer = hyper::service::service_fn(move |request| {
                let seen = seen(&request);
                log.lock().unwrap_or_else(PoisonError::into_inner).push(seen.clone());
                let answer = script(&seen);
                async move {
                    if let Some(Gathering(barrier)) = &answer.gathering {
                        barrier.wait().await;
                    }
                    Ok::<_, Infallible>(response(answer))
                }
            });
            let http = hyper::server::conn::http1::Builder::new();
            http.serve_connection(TokioIo::new(stream), answer).await.ok();
        });
    }
}

fn seen(request: &Request<Incoming>) -> Seen {
    let header = |name| request.headers().get(name).and_then(|it| it.to_str().ok());
    Seen {
        // A proxy is told a whole URL, and of a tunnel no path at all.
        path: request.uri().path_and_query().map(ToString::to_string).unwrap_or_default(),
        authorization: header(header::AUTHORIZATION).map(str::to_owned),
        host: header(header::HOST).unwrap_or_default().to_owned(),
        from: header(header::RANGE)
            .and_then(|it| it.strip_prefix("bytes=")?.strip_suffix('-')?.parse().ok()),
    }
}

fn response(answer: Answer) -> Response<ScriptedBody> {
    let mut response = Response::builder().status(answer.status);
    for (name, value) in &answer.headers {
        response = response.header(name, value);
    }
    let body = match answer.body {
        Script::Whole(bytes) => ScriptedBody::Whole(Some(bytes)),
        Script::Cut(bytes) => {
            // What came before it is on its way only while the body lets others run.
            ScriptedBody::Cut(Some(bytes), Box::pin(tokio::time::sleep(Duration::from_millis(20))))
        }
        Script::Endless => ScriptedBody::Endless(Bytes::from(vec![0; 64 << 10])),
        Script::Dripping(every) => ScriptedBody::Dripping(Box::pin(tokio::time::interval(every))),
        Script::Silent => ScriptedBody::Silent,
    };
    response.body(body).expect("a response")
}

enum ScriptedBody {
    Whole(Option<Bytes>),
    Cut(Option<Bytes>, Pin<Box<tokio::time::Sleep>>),
    Endless(Bytes),
    Dripping(Pin<Box<tokio::time::Interval>>),
    Silent,
}

impl Body for ScriptedBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        let data = |bytes| Poll::Ready(Some(Ok(Frame::data(bytes))));
        match self.get_mut() {
            Self::Whole(bytes) => match bytes.take() {
                Some(bytes) => data(bytes),
                None => Poll::Ready(None),
            },
            Self::Cut(bytes, sleep) => match bytes.take() {
                Some(bytes) if !bytes.is_empty() => data(bytes),
                _ => sleep
                    .as_mut()
                    .poll(context)
                    .map(|()| Some(Err(io::ErrorKind::ConnectionReset.into()))),
            },
            Self::Endless(zeros) => data(zeros.clone()),
            Self::Dripping(interval) => match interval.poll_tick(context) {
                Poll::Ready(_) => data(Bytes::from_static(b" ")),
                Poll::Pending => Poll::Pending,
            },
            Self::Silent => Poll::Pending,
        }
    }
}
