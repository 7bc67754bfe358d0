//! What can be typed.

use std::ffi::OsString;
use std::path::Path;

use clap::{ArgAction, Parser, Subcommand};

use crate::exit::Exit;

/// Validates OpenFaaS function images: vulnerable packages, signatures, the user's own policy,
/// and what a running function does.
#[derive(Debug, Parser)]
#[command(name = "faas-validator", version, max_term_width = 100)]
pub(crate) struct Arguments {
    /// Say what is done (-v), or everything (-vv), on standard error.
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub(crate) verbose: u8,
    /// The command.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Nothing.
    Nothing,
}

/// The name under which the program is a plugin of faas-cli.
const PLUGIN: &str = "validate";

/// The arguments, with the verb put back that faas-cli drops when it starts a plugin.
pub(crate) fn as_typed(arguments: impl Iterator<Item = OsString>) -> Vec<OsString> {
    let mut arguments: Vec<OsString> = arguments.collect();
    let name = arguments.first().and_then(|it| Path::new(it).file_stem());
    if name.is_some_and(|name| name == PLUGIN) {
        arguments.insert(1, PLUGIN.into());
    }
    arguments
}

/// Shows what clap has to say: help ends well, a wrong argument does not.
pub(crate) fn explain(error: &clap::Error) -> Exit {
    // Nobody is left to be told when the stream is closed.
    let _ = error.print();
    if error.use_stderr() { Exit::Usage } else { Exit::Accepted }
}
