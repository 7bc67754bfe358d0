//! stack.yml as faas-cli reads it.

mod envsubst;
mod glob;

pub use envsubst::{EnvsubstError, envsubst};
