//! The function of the demo: this program again, which listens and waits for its parent to go.

use std::ffi::OsString;
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener};
use std::process::{Child, Command, Stdio};

use snapshot::Roots;

use crate::failure::Failure;

/// What makes this program the demo's function.
const ARGUMENT: &str = "--faas-validator-demo-function";
/// More listeners than this nobody asks for.
const LISTENERS_MAX: usize = 8;

/// A running function. It ends with this value.
pub(super) struct Function {
    child: Child,
    ports: Vec<u16>,
}

impl Function {
    /// Starts it with so many listeners on loopback.
    pub(super) fn start(listeners: usize) -> Result<Self, Failure> {
        let program = std::env::current_exe().map_err(|error| unstarted(&error))?;
        let mut child = Command::new(program)
            .args([ARGUMENT, &listeners.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| unstarted(&error))?;
        let stdout = child.stdout.take();
        let mut function = Self { child, ports: Vec::new() };
        let lines = stdout.map(BufReader::new).into_iter().flat_map(|it| it.lines());
        for line in lines.take(listeners) {
            let line = line.map_err(|error| unstarted(&error))?;
            function.ports.push(line.parse().map_err(|error| unstarted(&error))?);
        }
        Ok(function)
    }

    /// The port that it is meant to listen on.
    pub(super) fn port(&self) -> u16 {
        self.ports.first().copied().unwrap_or_default()
    }

    /// What it holds now.
    pub(super) fn snapshot(&self) -> Result<serde_json::Value, Failure> {
        let pid = self.child.id();
        let seen = snapshot::of_process(pid, &Roots::default(), &snapshot::Limits::default())
            .map_err(|error| unstarted(&error))?;
        serde_json::to_value(&seen).map_err(|error| unstarted(&error))
    }
}

impl Drop for Function {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn unstarted(error: &dyn std::error::Error) -> Failure {
    let remedy = "see that processes may be started and looked at here";
    Failure::usage("the demo's function could not be started", remedy).because(error)
}

/// Is the demo's function if this process was started for that; then it does not return.
pub(crate) fn run_if_asked(arguments: impl IntoIterator<Item = OsString>) {
    let arguments: Vec<OsString> = arguments.into_iter().take(3).collect();
    let [_, argument, count] = arguments.as_slice() else { return };
    if argument == ARGUMENT {
        let count = count.to_str().and_then(|it| it.parse().ok()).unwrap_or(0);
        let listened = listen(usize::min(count, LISTENERS_MAX));
        std::process::exit(i32::from(listened.is_err()));
    }
}

fn listen(count: usize) -> io::Result<()> {
    let listeners = (0..count)
        .map(|_| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)))
        .collect::<io::Result<Vec<_>>>()?;
    let mut stdout = io::stdout().lock();
    for listener in &listeners {
        writeln!(stdout, "{}", listener.local_addr()?.port())?;
    }
    stdout.flush()?;
    // The pipe closes when the parent goes, however it goes.
    io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}
