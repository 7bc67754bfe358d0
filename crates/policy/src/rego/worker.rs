//! The answering side: the process that evaluates, and may die of it.

use std::ffi::OsString;
use std::io::{self, Read, Write};
use std::thread;

use rustix::process::{Resource, Rlimit, setrlimit};

use super::evaluation;
use super::question::{Answer, Question};

/// What makes this program an evaluator.
pub(super) const ARGUMENT: &str = "--faas-validator-rego-worker";
/// How a line about what is being done begins.
pub(super) const DOING: &str = "doing: ";
/// What a deep, but finite, nest of rules and functions needs.
const STACK_BYTES: usize = 16 << 20;

/// Evaluates the user's rules if this process was started for that; then it does not return.
/// A program that asks rules calls this first of all in `main`, with its arguments: without it
/// every evaluation is `undecided`.
pub fn answer_if_asked(args: impl IntoIterator<Item = OsString>) {
    let args: Vec<String> =
        args.into_iter().take(4).filter_map(|arg| arg.into_string().ok()).collect();
    let [_, argument, memory_bytes_max, cpu_s_max] = args.as_slice() else { return };
    if argument == ARGUMENT {
        let limits = memory_bytes_max.parse().ok().zip(cpu_s_max.parse().ok());
        let is_answered = limits.is_some_and(|(memory, cpu)| answer(memory, cpu).is_ok());
        std::process::exit(i32::from(!is_answered));
    }
}

fn answer(memory_bytes_max: u64, cpu_s_max: u64) -> io::Result<()> {
    let limit =
        |resource, most| setrlimit(resource, Rlimit { current: Some(most), maximum: Some(most) });
    limit(Resource::Data, memory_bytes_max)?;
    limit(Resource::Cpu, cpu_s_max)?;
    limit(Resource::Core, 0)?;
    limit(Resource::Fsize, 0)?;
    let evaluation = thread::Builder::new().stack_size(STACK_BYTES).spawn(|| {
        let mut json = Vec::new();
        io::stdin().read_to_end(&mut json)?;
        let question: Question = serde_json::from_slice(&json)?;
        drop(json);
        let answer = evaluation::evaluate(&question, &mut |doing: &str| {
            // Without the line the parent's error is vaguer, and no less an error.
            let _ = writeln!(io::stderr(), "{DOING}{doing}");
        });
        let answer = answer.map_or_else(Answer::Refused, Answer::Asked);
        let mut stdout = io::stdout().lock();
        serde_json::to_writer(&mut stdout, &answer)?;
        stdout.flush()
    })?;
    evaluation.join().map_err(|_| io::Error::other("the evaluation panicked"))?
}
