//! Registries: a real one that is thrown away ([`Registry`]), and one that answers what a test
//! tells it to, lies included ([`ScriptedRegistry`]); with what is attached to an image listed as
//! one registry or another lists it ([`AttachedRepository`]).

mod attached;
mod debian;
mod scripted;

pub use attached::{AttachedRepository, Listing};
pub use debian::{PASSWORD, Registry, USER};
pub use scripted::{Answer, Gathering, ScriptedRegistry, Seen, answers_of};
