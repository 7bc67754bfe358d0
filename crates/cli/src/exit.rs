//! How the program ends: a documented public table.

use std::process::ExitCode;

use verdict::{Outcome, Verdict};

/// The exit codes, from best to worst. They are part of the interface (README, "Exit codes").
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Exit {
    /// 0: everything that was asked for is accepted or done.
    Accepted,
    /// 2: something could not be judged.
    Undecided,
    /// 1: something is rejected.
    Rejected,
    /// 3: the question was wrong: arguments, stack.yml, policy, advisories.
    Usage,
}

impl Exit {
    /// What a verdict ends with. An undecided one that the policy admits ends well.
    pub(crate) fn of(verdict: &Verdict) -> Self {
        match verdict.outcome {
            Outcome::Accepted => Self::Accepted,
            Outcome::Undecided if verdict.admitted => Self::Accepted,
            Outcome::Undecided => Self::Undecided,
            Outcome::Rejected => Self::Rejected,
        }
    }

    /// The number.
    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::Accepted => 0,
            Self::Rejected => 1,
            Self::Undecided => 2,
            Self::Usage => 3,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}
