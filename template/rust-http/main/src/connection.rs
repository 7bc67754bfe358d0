//! One connection: HTTP/1 read and written within limits of size and time.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpStream;

use crate::accept::{Doorway, Welcome};
use crate::route::Routes;
use crate::timed_stream::TimedStream;

/// Headers of one request.
const HEADERS_MAX: usize = 100;
/// A request on its way when the function ends is still taken.
const LAST_WORD: Duration = Duration::from_secs(1);

/// Serves the connection until it ends, or the function does.
pub(crate) async fn serve<R: Routes>(
    stream: TcpStream,
    welcome: Welcome,
    doorway: &Doorway,
    routes: Arc<R>,
) {
    // Small answers must not wait for more to send.
    let _ = stream.set_nodelay(true);
    let stream = TimedStream::new(stream, doorway.settings.write_timeout);
    let has_asked = Arc::new(AtomicBool::new(false));
    let asked = has_asked.clone();
    let service = service_fn(move |request| {
        asked.store(true, Ordering::Relaxed);
        let routes = routes.clone();
        async move { Ok::<_, Infallible>(routes.answer(request, welcome).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(doorway.read_timeout(welcome))
        .max_buf_size(doorway.settings.max_header_bytes)
        .max_headers(HEADERS_MAX)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = pin!(connection);
    let mut stopped = doorway.stopped.clone();
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        _ = stopped.changed() => {
            connection.as_mut().graceful_shutdown();
            match tokio::time::timeout(LAST_WORD, connection.as_mut()).await {
                Ok(ended) => ended,
                // hyper waits for the first request of a connection, which may never come.
                Err(_) if !has_asked.load(Ordering::Relaxed) => return,
                Err(_) => connection.await,
            }
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection broke off");
    }
}
