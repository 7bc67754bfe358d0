#![doc = include_str!("../README.md")]

mod check;
mod handle;
mod rules;
mod scene;

pub use check::{CheckRuntime, NAME, judge};
pub use handle::handle;
pub use rules::RULES;
