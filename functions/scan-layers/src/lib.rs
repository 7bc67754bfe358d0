#![doc = include_str!("../README.md")]

mod check;
mod findings;
mod handle;
mod rules;

pub use check::{NAME, ScanLayers};
pub use handle::handle;
pub use rules::RULES;
