//! A function's life: set up, serve, be told to stop, serve on unready, drain, end.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use crate::accept::{Doorway, accept};
use crate::call::Calls;
use crate::metrics::Metrics;
use crate::readiness::Readiness;
use crate::route::{FunctionRoutes, MetricsRoutes};
use crate::settings::{Settings, SettingsError};
use crate::worker::Workers;
use crate::{log_lines, metrics};

/// Answers of before SIGTERM that were not taken in this time never will be.
const DRAIN_WITHOUT_LIMIT: Duration = Duration::from_secs(3600);

/// Why a function did not start, or ended by itself.
#[derive(Debug, thiserror::Error)]
enum RunError {
    #[error("read the variables")]
    Settings(#[from] SettingsError),
    #[error("start the threads")]
    Threads(#[source] io::Error),
    #[error("listen on {address}")]
    Listen { address: SocketAddr, source: io::Error },
    #[error("listen for signals")]
    Signals(#[source] io::Error),
}

/// Serves `handler` as the variables say, until SIGTERM: the whole program of a function.
pub fn run<F, A>(handler: F) -> ExitCode
where
    F: Fn(Request<Bytes>) -> A + Send + Sync + 'static,
    A: Future<Output = Response<Bytes>> + 'static,
{
    log_lines::start();
    let ended = Settings::read(|name| std::env::var(name).ok())
        .map_err(RunError::Settings)
        .and_then(|settings| serve(handler, settings));
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(error = log_lines::chain(&error), "the function ends");
            ExitCode::FAILURE
        }
    }
}

fn serve<F, A>(handler: F, settings: Settings) -> Result<(), RunError>
where
    F: Fn(Request<Bytes>) -> A + Send + Sync + 'static,
    A: Future<Output = Response<Bytes>> + 'static,
{
    let front = Builder::new_current_thread().enable_all().build().map_err(RunError::Threads)?;
    let workers = worker_runtime(&settings).map_err(RunError::Threads)?;
    let handler = Workers::new(workers.handle().clone(), handler);
    let ended = front.block_on(serve_front(handler, Arc::new(settings)));
    // A handler that still blocks was given up long ago, and is not waited for.
    workers.shutdown_background();
    front.shutdown_background();
    ended
}

fn worker_runtime(settings: &Settings) -> io::Result<Runtime> {
    // A call takes one thread, and may take one more to block on.
    let threads = settings.max_connections.saturating_mul(2).max(64);
    Builder::new_multi_thread()
        .enable_all()
        .thread_name("worker")
        .max_blocking_threads(threads)
        .build()
}

async fn serve_front(workers: Workers, settings: Arc<Settings>) -> Result<(), RunError> {
    let mut terminate = signal(SignalKind::terminate()).map_err(RunError::Signals)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(RunError::Signals)?;
    let listener = listen(settings.listen).await?;
    let (stop, stopped) = watch::channel(());
    let metrics = Arc::new(Metrics::default());
    if let Some(address) = settings.metrics {
        let listener = listen(address).await?;
        tracing::info!(address = %local(&listener), "metrics");
        let doorway = Doorway::new(metrics::settings(&settings), stopped.clone());
        tokio::spawn(accept(listener, doorway, Arc::new(MetricsRoutes::new(metrics.clone()))));
    }
    let readiness = Arc::new(Readiness::start(settings.lock_file));
    let calls = Calls::new(workers, settings.clone(), metrics);
    let routes = Arc::new(FunctionRoutes::new(readiness.clone(), calls));
    let doorway = Doorway::new(settings.clone(), stopped);
    tracing::info!(address = %local(&listener), "serving");
    let serving = tokio::spawn(accept(listener, doorway.clone(), routes));

    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    readiness.end();
    let interval = settings.healthcheck_interval;
    tracing::info!(serving_on_s = interval.as_secs_f64(), "told to stop: unready");
    tokio::time::sleep(interval).await;
    serving.abort();
    tracing::info!("draining");
    // Nobody hears it when no connection is open.
    let _ = stop.send(());
    let all = doorway.drained(drain_time(&settings)).await;
    tracing::info!(all, "drained");
    Ok(())
}

async fn listen(address: SocketAddr) -> Result<TcpListener, RunError> {
    TcpListener::bind(address).await.map_err(|source| RunError::Listen { address, source })
}

fn local(listener: &TcpListener) -> String {
    listener.local_addr().map_or_else(|error| error.to_string(), |address| address.to_string())
}

/// No request can take longer than its three parts.
fn drain_time(settings: &Settings) -> Duration {
    settings.exec_timeout.map_or(DRAIN_WITHOUT_LIMIT, |exec_timeout| {
        settings.read_timeout + exec_timeout + settings.write_timeout
    })
}
