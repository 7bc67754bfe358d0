//! The asking side: another process of this program evaluates, and this one watches it.
//!
//! A policy can overflow the evaluator's stack, use up memory or run for ever, and nothing within
//! a process keeps that from the rest of it. So the evaluation has a process of its own, without
//! environment and within resource limits, and whatever becomes of it is an error here.

use std::io::{Read, Write};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde::Serialize;
use serde_json::value::RawValue;

use super::error::RegoError;
use super::question::{Answer, Question, RegoAnswers};
use super::worker::ARGUMENT;
use super::{Rego, RegoLimits};

const ANSWER_BYTES_MAX: u64 = 8 << 20;
const LOG_BYTES_MAX: u64 = 64 << 10;

/// Asks the user's rules about this input. It takes at most the time that is left, and that the
/// policy gives.
///
/// # Errors
/// When the rules could not be asked, or not all of them: then nothing is known.
pub fn evaluate(
    rego: &Rego,
    input: &impl Serialize,
    time_left: Duration,
) -> Result<RegoAnswers, RegoError> {
    let input = serde_json::value::to_raw_value(input).map_err(RegoError::Input)?;
    let (bytes, bytes_max) = (input.get().len() as u64, rego.limits.input_bytes_max);
    if bytes > bytes_max {
        return Err(RegoError::InputTooLarge { bytes, bytes_max });
    }
    put(rego, Some(input), time_left)
}

/// Reads the user's rules and asks nothing: which rules there are.
///
/// # Errors
/// When the rules could not be asked of any input.
pub fn check(rego: &Rego) -> Result<Vec<String>, RegoError> {
    put(rego, None, Duration::MAX).map(|answers| answers.rules)
}

fn put(
    rego: &Rego,
    input: Option<Box<RawValue>>,
    time_left: Duration,
) -> Result<RegoAnswers, RegoError> {
    let question = Question {
        version: rego.version,
        namespaces: rego.namespaces.clone(),
        modules: rego.modules.clone(),
        documents: rego.documents.clone(),
        results_max: rego.limits.results_max,
        input,
    };
    let question = serde_json::to_vec(&question).map_err(RegoError::Input)?;
    let time = Duration::from_millis(rego.limits.time_ms_max).min(time_left);
    let ended = converse(start(rego.limits, time)?, &question, time)?;
    ended.answer(rego.limits, time)
}

fn start(limits: RegoLimits, time: Duration) -> Result<Child, RegoError> {
    // The path through /proc holds on a read-only root, and after the file was replaced.
    Command::new("/proc/self/exe")
        .arg(ARGUMENT)
        .arg(limits.memory_bytes_max.to_string())
        .arg((time.as_secs() + 1).to_string())
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(RegoError::Start)
}

/// How a conversation ended.
struct Ended {
    status: ExitStatus,
    in_time: bool,
    answer: Vec<u8>,
    log: String,
}

fn converse(mut child: Child, question: &[u8], time: Duration) -> Result<Ended, RegoError> {
    let pid = Pid::from_child(&child);
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let (finished, watch) = mpsc::channel::<()>();
    let (answer, log, in_time) = thread::scope(|scope| {
        // The process is not waited for before this scope ends, so its id stays its own.
        let watchdog = scope.spawn(move || {
            let in_time = watch.recv_timeout(time) != Err(mpsc::RecvTimeoutError::Timeout);
            let _ = kill_process(pid, Signal::KILL);
            in_time
        });
        let log = scope.spawn(move || read_some(stderr, LOG_BYTES_MAX));
        if let Some(mut stdin) = stdin {
            // It may have died already; then the status says more than this error.
            let _ = stdin.write_all(question);
        }
        let answer = read_some(stdout, ANSWER_BYTES_MAX);
        // What was answered, was answered: from here on the process may be killed.
        drop(finished);
        let in_time = watchdog.join().unwrap_or(false);
        (answer, log.join().unwrap_or_default(), in_time)
    });
    let status = child.wait().map_err(RegoError::Start)?;
    Ok(Ended { status, in_time, answer, log: String::from_utf8_lossy(&log).into_owned() })
}

fn read_some(stream: Option<impl Read>, bytes_max: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    if let Some(stream) = stream {
        // A stream that breaks leaves an answer that cannot be read, which is an error later.
        let _ = stream.take(bytes_max).read_to_end(&mut bytes);
    }
    bytes
}

impl Ended {
    fn answer(self, limits: RegoLimits, time: Duration) -> Result<RegoAnswers, RegoError> {
        let during = self.during();
        if !self.in_time {
            let ms_max = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
            return Err(RegoError::Time { ms_max, during });
        }
        if self.answer.is_empty() {
            // The words of the Rust runtime as it aborts.
            return Err(if self.log.contains("memory allocation of") {
                RegoError::Memory { bytes_max: limits.memory_bytes_max, during }
            } else if self.log.contains("overflowed its stack") {
                RegoError::Depth { during }
            } else {
                RegoError::Died { status: self.status, during }
            });
        }
        match serde_json::from_slice(&self.answer).map_err(RegoError::Answer)? {
            Answer::Asked(answers) => Ok(answers),
            Answer::Refused(why) => Err(RegoError::Refused(why)),
        }
    }

    /// The last thing that the process said it was doing.
    fn during(&self) -> String {
        let said = self.log.lines().rev().find_map(|line| line.strip_prefix(super::worker::DOING));
        said.unwrap_or("starting").to_owned()
    }
}
