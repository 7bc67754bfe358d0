#![doc = include_str!("../README.md")]

mod function;
mod unready;

pub use function::{ImageFunction, document, images, unresolved};
pub use unready::Unready;
