#![doc = include_str!("../README.md")]

mod pipeline;

mod act;
mod fold;
mod plan;
mod request;
mod resolve;

mod function;

pub use function::{OrchestratorFunction, handle};
pub use pipeline::{Asker, NAME, Orchestrator};
pub use resolve::{Resolve, resolve};
pub use verdict::Resolved;
