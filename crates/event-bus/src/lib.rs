//! One interface to ask checks, several transports behind it, and the door by which a check
//! answers over HTTP.

mod check;
mod question;
mod refusal;
mod run;

pub mod door;

pub use check::Check;
pub use door::{Bare, Door, DoorLimits};
pub use question::Question;
pub use refusal::Refusal;
