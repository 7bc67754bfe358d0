//! Why the user's rules could not be asked.

use std::io;
use std::process::ExitStatus;

/// Why the user's rules could not be asked. Each leaves the check `undecided`.
#[derive(Debug, thiserror::Error)]
pub enum RegoError {
    /// The input is no JSON.
    #[error("the input for the rules cannot be written as JSON")]
    Input(#[source] serde_json::Error),
    /// The input is past its limit.
    #[error(
        "the input for the rules has {bytes} bytes; rego.limits.input-bytes-max is {bytes_max}"
    )]
    InputTooLarge {
        /// How large it is.
        bytes: u64,
        /// How large it may be.
        bytes_max: u64,
    },
    /// The evaluator's process could not be started.
    #[error("the evaluator's process did not start")]
    Start(#[source] io::Error),
    /// The evaluator's process took too long, and was ended.
    #[error("the rules took longer than {ms_max} ms, while {during}")]
    Time {
        /// How long they may take.
        ms_max: u64,
        /// What was being done.
        during: String,
    },
    /// The evaluator's process needed too much memory, and was ended.
    #[error(
        "the rules need more than {bytes_max} bytes of memory (rego.limits.memory-bytes-max), while {during}"
    )]
    Memory {
        /// How much they may need.
        bytes_max: u64,
        /// What was being done.
        during: String,
    },
    /// A rule or function that calls itself without end.
    #[error("the rules recurse too deep, while {during}")]
    Depth {
        /// What was being done.
        during: String,
    },
    /// The evaluator's process ended without an answer.
    #[error("the evaluator's process ended with {status}, while {during}")]
    Died {
        /// How it ended.
        status: ExitStatus,
        /// What was being done.
        during: String,
    },
    /// The evaluator's process answered something else.
    #[error("the evaluator's process gave no answer that can be read")]
    Answer(#[source] serde_json::Error),
    /// The rules cannot be read, fail, or do not answer as rules do.
    #[error("{0}")]
    Refused(String),
}

impl RegoError {
    /// What to do about it.
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::Input(_) | Self::Answer(_) | Self::Start(_) | Self::Died { .. } => {
                "see the check's log; the program must call `policy::rego::answer_if_asked` first \
                 of all, and be let start another process of itself"
            }
            Self::InputTooLarge { .. } => "raise the limit, or validate a smaller image",
            Self::Time { .. } => {
                "look for deeply nested literals, large ranges and loops within loops in the \
                 named file or rule; or raise rego.limits.time-ms-max"
            }
            Self::Memory { .. } => {
                "look for large ranges and loops within loops in the named rule; or raise the limit"
            }
            Self::Depth { .. } => "look for a function that calls itself",
            Self::Refused(_) => "mend the named rule; `conftest verify` and `opa check` help",
        }
    }
}
