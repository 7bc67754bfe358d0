#![doc = include_str!("../README.md")]

mod run;

mod go_duration;
mod settings;

mod accept;
mod connection;
mod route;
mod timed_stream;

mod body;
mod call;
mod correlation;
mod readiness;
mod worker;

mod answer;
mod log_lines;
mod metrics;

pub use run::run;
pub use settings::{Settings, SettingsError};
