//! What an answer looks like: a table for people, JSON for programs.

mod json;
mod table;

use std::io::Write as _;

pub(crate) use json::json;
pub(crate) use table::{unresolved, verdict};

use crate::failure::Failure;

/// Prints a text to standard output; colour only on a terminal, and never under NO_COLOR.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    let written = anstream::stdout().lock().write_all(text.as_bytes());
    written.map_err(|error| {
        Failure::usage("the answer could not be written", "see that standard output is open")
            .because(&error)
    })
}
