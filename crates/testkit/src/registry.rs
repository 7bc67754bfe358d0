//! Registries: a real one that is thrown away ([`Registry`]), and one that answers what a test
//! tells it to, lies included ([`ScriptedRegistry`]).

mod debian;
mod scripted;

pub use debian::{PASSWORD, Registry, USER};
pub use scripted::{Answer, ScriptedRegistry, Seen, answers_of};
