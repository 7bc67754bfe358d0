//! Measures what is promised of speed and size, each as a ratio against a named floor in the same
//! run, and says which promises hold. `make bench` runs it; it fails when one does not. With
//! BENCH_LARGE=1 also on an image of more than a gigabyte, which takes minutes to make.
#![allow(
    clippy::print_stdout,
    clippy::expect_used,
    clippy::panic,
    reason = "a benchmark prints, and ends when it cannot run"
)]

mod floor;
mod hostile;
mod image;
mod part;
mod peer;
mod scan;
mod signature;

use std::process::ExitCode;

/// One promise, as it was measured.
struct Measured {
    what: String,
    value: String,
    bar: String,
    holds: bool,
}

impl Measured {
    fn at_most(what: &str, value: f64, max: f64, unit: &str) -> Self {
        let digits = if unit == "x" { 2 } else { 0 };
        Self {
            what: what.to_owned(),
            value: format!("{value:.digits$} {unit}"),
            bar: format!("≤ {max} {unit}"),
            holds: value <= max,
        }
    }
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    if let [_, name, layout, limits, cache] = arguments.as_slice() {
        part::run_here(name, layout, limits, cache);
        return ExitCode::SUCCESS;
    }
    let mut measured = scan::measure();
    measured.extend(hostile::measure());
    measured.extend(signature::measure());
    println!("\n{:<66} {:>10} {:>10}", "promise", "measured", "bar");
    for it in &measured {
        let mark = if it.holds { "" } else { "  MISSED" };
        println!("{:<66} {:>10} {:>10}{mark}", it.what, it.value, it.bar);
    }
    if measured.iter().all(|it| it.holds) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
