//! A function of the template, built once, run and called by a test; and a client that is as
//! plain as the tests need it to be rude.
#![allow(dead_code, reason = "each test file uses its own part")]
#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

pub(crate) mod stack;

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use serde_json::Value;
use testkit::build_folder::{self, BuiltFunction, Recipe};

/// Nothing that a test waits for takes longer.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// The probe: tests/fixtures/handler-probe, built as faas-cli builds it.
pub(crate) fn probe() -> BuiltFunction {
    let recipe = Recipe {
        project: build_folder::workspace(),
        lang: "rust-http".to_owned(),
        handler: "tests/fixtures/handler-probe".to_owned(),
        copy: vec!["crates".to_owned(), "Cargo.lock".to_owned()],
    };
    build_folder::built("handler-probe", &recipe)
}

/// A running function.
pub(crate) struct Function {
    child: Child,
    lines: Receiver<Value>,
    /// Where it answers.
    pub(crate) address: SocketAddr,
    /// Where its metrics are, unless a watchdog has them.
    pub(crate) metrics: Option<SocketAddr>,
    /// Its `$TMPDIR`.
    pub(crate) temporary: tempfile::TempDir,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Vec<u8>,
}

/// The probe's program, to be started with nothing but these variables.
pub(crate) fn program(variables: &[(&str, &str)]) -> Command {
    let mut command = Command::new(probe().binary);
    command.env_clear().envs(variables.iter().copied());
    command
}

impl Function {
    /// Starts the probe with these variables and waits until it listens.
    pub(crate) fn start(variables: &[(&str, &str)]) -> Self {
        Self::started(program(&[]), variables)
    }

    /// Starts a function's program with these variables and waits until it listens.
    pub(crate) fn started(mut program: Command, variables: &[(&str, &str)]) -> Self {
        let temporary = tempfile::tempdir().unwrap();
        let mut child = program
            .envs([("listen_address", "127.0.0.1"), ("port", "0"), ("metrics_port", "0")])
            .env("TMPDIR", temporary.path())
            .envs(variables.iter().copied())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in stderr.lines().map_while(Result::ok) {
                let json = serde_json::from_str(&line);
                let json = json.unwrap_or_else(|error| panic!("no JSON ({error}): {line}"));
                if sender.send(json).is_err() {
                    return;
                }
            }
        });
        let (mut address, mut metrics) = (None, None);
        while address.is_none() {
            let line: Value = lines.recv_timeout(PATIENCE).expect("the function must start");
            let at = || Some(line["address"].as_str().unwrap().parse().unwrap());
            match line["message"].as_str() {
                Some("serving") => address = at(),
                Some("metrics") => metrics = at(),
                _ => {}
            }
        }
        Self { child, lines, address: address.unwrap(), metrics, temporary }
    }

    pub(crate) fn connect(&self) -> TcpStream {
        connect(self.address)
    }

    /// Sends a request as it is written here, and reads the answer.
    pub(crate) fn send(&self, request: impl AsRef<[u8]>) -> Reply {
        let mut stream = self.connect();
        stream.write_all(request.as_ref()).unwrap();
        reply(&mut stream).expect("an answer")
    }

    pub(crate) fn get(&self, path: &str) -> Reply {
        self.send(get(path, ""))
    }

    /// Waits for a line of the log that says this.
    pub(crate) fn line(&self, message: &str) -> Value {
        loop {
            let line = self.lines.recv_timeout(PATIENCE);
            let line = line.unwrap_or_else(|_| panic!("the log never said {message:?}"));
            if line["message"] == message {
                return line;
            }
        }
    }

    pub(crate) fn terminate(&self) {
        let status = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        assert!(status.unwrap().success());
    }

    pub(crate) fn ended(&mut self) -> ExitStatus {
        let mut status = None;
        within(PATIENCE, || {
            status = self.child.try_wait().unwrap();
            status.is_some()
        });
        status.expect("the function must end")
    }

    pub(crate) fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }
}

impl Drop for Function {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Reply {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }
}

/// Asks again until it is so, or the time is over.
pub(crate) fn within(time: Duration, mut is_so: impl FnMut() -> bool) {
    let end = Instant::now() + time;
    while !is_so() {
        assert!(Instant::now() < end, "not within {time:?}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// A GET with more header lines, each with its line end.
pub(crate) fn get(path: &str, headers: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nhost: function\r\n{headers}\r\n")
}

/// A POST of this body.
pub(crate) fn post(path: &str, body: &str) -> String {
    let length = body.len();
    format!("POST {path} HTTP/1.1\r\nhost: function\r\ncontent-length: {length}\r\n\r\n{body}")
}

pub(crate) fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.set_nodelay(true).unwrap();
    stream
}

/// Reads one answer, if the connection has one.
pub(crate) fn reply(stream: &mut TcpStream) -> Option<Reply> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        if stream.read(&mut byte).ok()? == 0 {
            return None;
        }
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).unwrap();
    let mut lines = head.trim_end().split("\r\n");
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let headers: BTreeMap<String, String> = lines
        .map(|line| line.split_once(':').unwrap())
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let length = headers.get("content-length").map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    stream.read_exact(&mut body).ok()?;
    Some(Reply { status, headers, body })
}
