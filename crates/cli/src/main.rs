//! The program `faas-validator`: parses, runs one command, and ends with its exit code.
//! Started under the name `validate` it is the plugin behind `faas-cli validate`.

use std::process::ExitCode;

mod arguments;
mod exit;
mod failure;
mod logging;
mod render;

use clap::Parser as _;

use crate::arguments::{Arguments, Command};
use crate::exit::Exit;

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse_from(arguments::as_typed(std::env::args_os())) {
        Ok(arguments) => arguments,
        Err(error) => return arguments::explain(&error).into(),
    };
    logging::start(arguments.verbose);
    let done = match arguments.command {
        Command::Nothing => Ok(Exit::Accepted),
    };
    done.unwrap_or_else(|failure: failure::Failure| failure.show()).into()
}
