//! JSON on standard output: one document, two spaces deep, and a line end.

use std::io::Write as _;

use serde::Serialize;

use crate::failure::Failure;

/// Prints a document.
pub(crate) fn json(document: &impl Serialize) -> Result<(), Failure> {
    let failed = |error: &dyn std::error::Error| {
        Failure::usage("the answer could not be written", "see that standard output is open")
            .because(error)
    };
    // Standard output is flushed at each line end, of which a document has thousands.
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    serde_json::to_writer_pretty(&mut out, document).map_err(|error| failed(&error))?;
    out.write_all(b"\n").and_then(|()| out.flush()).map_err(|error| failed(&error))
}
