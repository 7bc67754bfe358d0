//! Measures what is promised of speed and size, each as a ratio against a named floor in the same
//! run, and says which promises hold. `make bench` runs it; it fails when one does not.
#![allow(
    clippy::print_stdout,
    clippy::expect_used,
    reason = "a benchmark prints, and ends when it cannot run"
)]

mod image;
mod scan;

use std::process::ExitCode;

/// One promise, as it was measured.
struct Measured {
    what: String,
    value: String,
    bar: String,
    holds: bool,
}

fn main() -> ExitCode {
    // A part that is measured in a process of its own, so that its memory is its own.
    let arguments: Vec<String> = std::env::args().collect();
    if let [_, part, layout] = arguments.as_slice() {
        scan::part(part, layout);
        return ExitCode::SUCCESS;
    }
    let measured = scan::measure();
    println!("{:<58} {:>16} {:>10}", "promise", "measured", "bar");
    for it in &measured {
        let mark = if it.holds { "" } else { "  MISSED" };
        println!("{:<58} {:>16} {:>10}{mark}", it.what, it.value, it.bar);
    }
    if measured.iter().all(|it| it.holds) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
