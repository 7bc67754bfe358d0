//! What a function weighs, against what is promised: its binary, the time from its start to its
//! first answer, its memory when idle, and how fast health is answered while every worker burns
//! CPU. `make bench` runs it; it fails when a bar is missed.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a measurement fails by panicking")]

#[path = "../tests/template/mod.rs"]
mod template;

use std::collections::BTreeMap;
use std::io::Write as _;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use template::stack::{built, stack};
use template::{Function, get, reply};

const STARTS: usize = 20;
const MEGABYTE: f64 = 1_000_000.0;
const BINARY_MB_MAX: f64 = 8.0;
const FIRST_ANSWER_MS_MAX: f64 = 50.0;
const IDLE_MB_MAX: f64 = 12.0;
const IDLE_WITH_POLICY_ENGINE_MB_MAX: f64 = 16.0;
const HEALTH_MS_MAX: f64 = 100.0;

/// What was measured, and what it may be at most.
struct Row {
    what: String,
    unit: &'static str,
    measured: f64,
    most: f64,
}

fn main() -> ExitCode {
    let mut rows = Vec::new();
    for (name, entry) in stack().functions {
        let idle_max =
            if name == "check-policy" { IDLE_WITH_POLICY_ENGINE_MB_MAX } else { IDLE_MB_MAX };
        rows.extend(footprint(&name, &built(&name).binary, &entry.environment, idle_max));
    }
    rows.extend(footprint(
        "the template",
        &template::probe().binary,
        &BTreeMap::new(),
        IDLE_MB_MAX,
    ));
    for burning in [2, 16, 64] {
        rows.push(health_while_burning(burning));
    }
    println!("{:<58} {:>12} {:>12}", "function footprint", "measured", "bar");
    for Row { what, unit, measured, most } in &rows {
        let missed = if measured > most { "  MISSED" } else { "" };
        println!("{what:<58} {measured:>9.2} {unit:<2} {most:>9.0} {unit:<2}{missed}");
    }
    ExitCode::from(u8::from(rows.iter().any(|row| row.measured > row.most)))
}

fn footprint(
    name: &str,
    binary: &Path,
    variables: &BTreeMap<String, String>,
    idle_max: f64,
) -> [Row; 3] {
    let bytes = binary.metadata().unwrap().len();
    let mut times = Vec::new();
    let mut idle = 0.0_f64;
    for _ in 0..STARTS {
        let (time, memory) = start(binary, variables);
        times.push(time);
        idle = idle.max(memory);
    }
    let first_answer = percentile(&mut times, 90).as_secs_f64() * 1e3;
    let row = |what: &str, unit, measured, most| Row {
        what: format!("{name}: {what}"),
        unit,
        measured,
        most,
    };
    [
        row("binary", "MB", bytes as f64 / MEGABYTE, BINARY_MB_MAX),
        row("start to first answer, 90th percentile", "ms", first_answer, FIRST_ANSWER_MS_MAX),
        row("memory when idle", "MB", idle, idle_max),
    ]
}

/// Starts the program: how long until it answered, and its resident memory then, in MB.
fn start(binary: &Path, variables: &BTreeMap<String, String>) -> (Duration, f64) {
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut command = Command::new(binary);
    command
        .env_clear()
        .envs(variables)
        .env("listen_address", "127.0.0.1")
        .env("port", address.port().to_string())
        .env("metrics_port", "0")
        .env("suppress_lock", "true")
        .stderr(Stdio::null());
    let began = Instant::now();
    let child = Ended(command.spawn().unwrap());
    while !answers(address) {
        assert!(began.elapsed() < template::PATIENCE, "{} does not answer", binary.display());
        std::thread::sleep(Duration::from_micros(100));
    }
    let time = began.elapsed();
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.0.id())).unwrap();
    let kib = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    let kib: f64 = kib.trim().trim_end_matches(" kB").parse().unwrap();
    (time, kib * 1024.0 / MEGABYTE)
}

fn answers(address: SocketAddr) -> bool {
    let Ok(mut stream) = TcpStream::connect(address) else { return false };
    stream.write_all(get("/_/health", "").as_bytes()).is_ok()
        && reply(&mut stream).is_some_and(|answer| answer.status == 200)
}

/// Health asked for over new connections, as Kubernetes does, while so many calls burn CPU.
fn health_while_burning(calls: usize) -> Row {
    let function = Function::start(&[]);
    let mut burning: Vec<TcpStream> = (0..calls).map(|_| function.connect()).collect();
    for stream in &mut burning {
        stream.write_all(get("/burn/4000", "").as_bytes()).unwrap();
    }
    let mut times = Vec::new();
    let end = Instant::now() + Duration::from_secs(3);
    while Instant::now() < end {
        let began = Instant::now();
        assert_eq!(function.get("/_/health").status, 200);
        times.push(began.elapsed());
        std::thread::sleep(Duration::from_millis(2));
    }
    let measured = percentile(&mut times, 99).as_secs_f64() * 1e3;
    let what = format!("health while {calls} calls burn CPU, 99th percentile");
    Row { what, unit: "ms", measured, most: HEALTH_MS_MAX }
}

fn percentile(times: &mut [Duration], percent: usize) -> Duration {
    times.sort_unstable();
    times[(times.len() * percent / 100).min(times.len() - 1)]
}

struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
