#![doc = include_str!("../README.md")]

mod bus;
mod check;
mod embedded;
mod gateway;
mod log;
mod question;
mod refusal;
mod retry;
mod run;
mod surroundings;

pub mod door;

pub use bus::{Bus, Recorded};
pub use check::Check;
pub use door::{Asked, Bare, Door, DoorLimits};
pub use embedded::Embedded;
pub use gateway::Gateway;
pub use log::{LogError, VerdictLog};
pub use question::Question;
pub use refusal::Refusal;
pub use retry::Backoff;
pub use surroundings::{Surroundings, SurroundingsError};
