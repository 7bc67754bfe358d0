#![doc = include_str!("../README.md")]

mod function;
mod unready;

pub use function::{ImageFunction, images};
pub use unready::Unready;
