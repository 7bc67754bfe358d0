//! One interface to ask checks, several transports behind it.

mod check;

pub use check::Check;
