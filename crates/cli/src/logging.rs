//! Logs go to standard error, and only when they are asked for: a person at a terminal reads
//! verdicts, not logs.

use tracing_subscriber::EnvFilter;

/// Starts logging: errors, with `-v` what is done, with `-vv` everything. `RUST_LOG` overrides.
pub(crate) fn start(verbosity: u8) {
    let level = match verbosity {
        0 => "error",
        1 => "info",
        _ => "debug",
    };
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(level));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
}
