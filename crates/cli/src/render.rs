//! What an answer looks like: a table for people, JSON for programs.

mod json;
mod table;

use std::io::Write as _;

pub(crate) use json::json;
pub(crate) use table::{unresolved, verdict};

use crate::failure::Failure;

/// A text on one line, without control characters: whoever made an image wrote some of it, and a
/// terminal obeys.
pub(crate) fn one_line(text: &str) -> String {
    text.chars().map(|it| if it.is_control() { ' ' } else { it }).collect()
}

/// Prints a text to standard output; colour only on a terminal, and never under NO_COLOR.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    let written = anstream::stdout().lock().write_all(text.as_bytes());
    written.map_err(|error| {
        Failure::usage("the answer could not be written", "see that standard output is open")
            .because(&error)
    })
}
