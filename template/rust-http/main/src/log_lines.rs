//! What is written to standard error: one JSON object a line, those of a call with its id and
//! traceparent. (Not `log`: with its feature of that name tracing's macros bring another one.)

use std::error::Error;
use std::panic::PanicHookInfo;

use tracing::Level;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

/// Logs from now on, panics too.
pub(crate) fn start() {
    // Targets and not EnvFilter, which would bring a regex engine along.
    let said = std::env::var("RUST_LOG").ok().and_then(|said| said.parse().ok());
    let filter = said.unwrap_or_else(|| Targets::new().with_default(Level::INFO));
    let lines = tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_span_list(false)
        // When nobody takes the log any more, the function goes on.
        .log_internal_errors(false)
        .with_writer(std::io::stderr);
    let started = tracing_subscriber::registry().with(lines).with(filter).try_init();
    if started.is_ok() {
        std::panic::set_hook(Box::new(panicked));
    }
}

/// An error and all that led to it, in one line.
pub(crate) fn chain(error: &dyn Error) -> String {
    let mut line = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        line.push_str(": ");
        line.push_str(&error.to_string());
        source = error.source();
    }
    line
}

fn panicked(panic: &PanicHookInfo<'_>) {
    let payload = panic.payload();
    let said = payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    let place = panic.location().map(ToString::to_string).unwrap_or_default();
    tracing::error!(said = said.unwrap_or("something that is no text"), place, "a panic");
}
