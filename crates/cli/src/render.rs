//! What a verdict looks like: a table for people, JSON for programs.

mod json;
mod table;

pub(crate) use json::json;
pub(crate) use table::verdict;
