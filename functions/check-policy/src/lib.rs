#![doc = include_str!("../README.md")]

mod check;
mod handle;
mod input;
mod rules;
mod scene;

pub use check::{CheckPolicy, NAME};
pub use handle::{before_serving, handle};
pub use rules::RULES;
