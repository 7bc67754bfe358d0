//! The program of a function: the runtime around the handler in `function/`.

use std::process::ExitCode;

/// What is done first of all, before there is a second thread, when the handler has no
/// `pub fn before_serving()` of its own.
#[allow(dead_code, reason = "some handlers have their own")]
fn before_serving() {}

fn main() -> ExitCode {
    {
        // What the handler has wins over the function above: an inner scope is looked in first.
        #[allow(unused_imports, reason = "most handlers have no before_serving")]
        use handler::*;
        before_serving();
    }
    runtime::run(handler::handle)
}
