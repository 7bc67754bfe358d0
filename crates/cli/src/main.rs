//! The program `faas-validator`: parses, runs one command, and ends with its exit code.
//! Started under the name `validate` it is the plugin behind `faas-cli validate`.

use std::process::ExitCode;

mod advisory_index;
mod answer;
mod arguments;
mod bases;
mod claimed;
mod cluster;
mod demo;
mod exit;
mod failure;
mod inventory_list;
mod judge;
mod layer_cache;
mod logging;
mod plugin;
mod policy;
mod render;
mod round;
mod runtime;
mod signature;
mod stack;
mod surroundings;
mod trust;
mod up;
mod validate;
mod verify_blob;

use clap::Parser as _;

use crate::arguments::{Arguments, Command};

fn main() -> ExitCode {
    // The user's Rego is evaluated in a process of its own: this program, started again.
    ::policy::rego::answer_if_asked(std::env::args_os());
    demo::run_if_asked(std::env::args_os());
    let arguments = match Arguments::try_parse_from(arguments::as_typed(std::env::args_os())) {
        Ok(arguments) => arguments,
        Err(error) => return arguments::explain(&error).into(),
    };
    logging::start(arguments.verbose);
    let done = match &arguments.command {
        Command::Validate(arguments) => validate::run(arguments),
        Command::Inventory(arguments) => inventory_list::run(arguments),
        Command::Cache(command) => layer_cache::run(command),
        Command::Advisories(command) => advisory_index::run(command),
        Command::Policy(command) => policy::run(command),
        Command::Signature(command) => signature::run(command),
        Command::Trust(command) => trust::run(command),
        Command::Runtime(command) => runtime::run(command),
        Command::InstallPlugin(arguments) => plugin::install(arguments),
        Command::VerifyBlob(arguments) => verify_blob::run(arguments),
        Command::Demo { output } => demo::run(*output),
    };
    done.unwrap_or_else(|failure| failure.show()).into()
}
