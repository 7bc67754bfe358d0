//! Programs that hold things open, started and ended by a test.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// A python3 program; it is ended when this is dropped.
pub(crate) struct Held {
    child: Child,
    /// The line that it said when it was ready.
    pub(crate) said: String,
}

impl Held {
    /// Starts the program and waits until it has said a line.
    pub(crate) fn start(program: &str, folder: &Path) -> Self {
        let python = python();
        let mut child = Command::new(python)
            .args(["-I", "-c", program])
            .arg(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut said).unwrap();
        if said.is_empty() {
            let mut why = String::new();
            child.stderr.as_mut().unwrap().read_to_string(&mut why).unwrap();
            child.wait().unwrap();
            panic!("the program did not start: {why}");
        }
        Self { child, said }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

/// The interpreter itself: a shim of pyenv's would leave its own descriptors behind.
fn python() -> String {
    let said = Command::new("python3")
        .args(["-c", "import os, sys; print(os.path.realpath(sys.executable))"])
        .output()
        .unwrap();
    String::from_utf8(said.stdout).unwrap().trim().to_owned()
}

/// What a command prints, which must succeed.
pub(crate) fn output(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output().unwrap();
    assert!(
        output.status.success(),
        "{program} {arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}
