//! `faas-validator runtime scan`: what a process and its descendants, or a container, hold.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use snapshot::{Limits, Roots, Snapshot, SnapshotError};

use crate::arguments::Output;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::render;

mod table;

/// What can be done with what runs.
#[derive(Debug, Subcommand)]
pub(crate) enum Runtime {
    /// Show what a process and its descendants, or a container, hold: descriptors, sockets, users,
    /// capabilities.
    Scan(ScanArgs),
}

/// Whom to look at, and how to show it.
#[derive(Debug, Args)]
pub(crate) struct ScanArgs {
    /// A process; its descendants are looked at too.
    #[arg(long, value_name = "PID", required_unless_present = "cgroup")]
    pid: Option<u32>,
    /// A cgroup instead, by its path in the hierarchy (/openfaas-fn/figlet): every process of a
    /// container, daemons included.
    #[arg(long, value_name = "PATH", conflicts_with = "pid")]
    cgroup: Option<String>,
    /// Where the proc filesystem of the host is mounted.
    #[arg(long, value_name = "DIR", env = "HOST_PROC", default_value = "/proc")]
    proc_root: PathBuf,
    /// Where the cgroup hierarchies of the host are mounted.
    #[arg(long, value_name = "DIR", env = "HOST_CGROUP", default_value = "/sys/fs/cgroup")]
    cgroup_root: PathBuf,
    /// A table for people, or the snapshot as check-runtime takes it.
    #[arg(long, short, value_enum, default_value_t)]
    output: Output,
}

/// Runs one of the commands.
pub(crate) fn run(command: &Runtime) -> Result<Exit, Failure> {
    match command {
        Runtime::Scan(args) => scan(args),
    }
}

/// Takes the snapshot and shows it. Ends with `undecided` when something could not be seen.
pub(crate) fn scan(args: &ScanArgs) -> Result<Exit, Failure> {
    let roots = Roots { proc: args.proc_root.clone(), cgroup: args.cgroup_root.clone() };
    let snapshot = match (&args.cgroup, args.pid) {
        (Some(path), _) => snapshot::of_cgroup(path, &roots, &Limits::default()),
        (None, Some(pid)) => snapshot::of_process(pid, &roots, &Limits::default()),
        (None, None) => {
            return Err(Failure::usage("nobody to look at was named", "give --pid PID"));
        }
    };
    let snapshot = snapshot.map_err(|error| failure(&error))?;
    match args.output {
        Output::Json => render::json(&snapshot)?,
        Output::Table => render::print(&table::snapshot(&snapshot))?,
    }
    Ok(exit(&snapshot))
}

fn exit(snapshot: &Snapshot) -> Exit {
    match snapshot.unobservable.is_empty() {
        true => Exit::Accepted,
        false => Exit::Undecided,
    }
}

fn failure(error: &SnapshotError) -> Failure {
    let remedy = match error {
        SnapshotError::Process { .. } | SnapshotError::Processes { .. } => {
            "see that the process runs, and look at it as root"
        }
        SnapshotError::CgroupPath(_) | SnapshotError::NoCgroup { .. } => {
            "give the path that /proc/PID/cgroup names, such as /openfaas-fn/figlet"
        }
    };
    Failure::usage("no snapshot was taken", remedy).because(error)
}
