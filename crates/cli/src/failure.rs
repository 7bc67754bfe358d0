//! What a person is told when a command could not do what it was asked: what was not done, why,
//! and what to do next. The only place where a chain of causes is printed.

use std::error::Error;
use std::io::Write as _;

use crate::exit::Exit;

/// A command that could not do what it was asked.
#[derive(Debug)]
pub(crate) struct Failure {
    what: String,
    why: Vec<String>,
    remedy: String,
    exit: Exit,
}

impl Failure {
    /// The question was wrong; `remedy` says how to ask it right.
    pub(crate) fn usage(what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { what: what.into(), why: Vec::new(), remedy: remedy.into(), exit: Exit::Usage }
    }

    /// The same, ending like that instead.
    pub(crate) fn exit(mut self, exit: Exit) -> Self {
        self.exit = exit;
        self
    }

    /// The same with the error and its causes.
    pub(crate) fn because(mut self, error: &dyn Error) -> Self {
        let mut cause = Some(error);
        while let Some(error) = cause {
            self.why.push(error.to_string());
            cause = error.source();
        }
        self
    }

    /// Prints it to standard error and answers how the program ends.
    pub(crate) fn show(&self) -> Exit {
        let mut err = anstream::stderr().lock();
        let bold = anstyle::Style::new().bold().fg_color(Some(anstyle::AnsiColor::Red.into()));
        // Nobody is left to be told when standard error is closed.
        let _ = writeln!(err, "{bold}error:{bold:#} {}", self.what);
        for cause in &self.why {
            let _ = writeln!(err, "  because: {cause}");
        }
        if !self.remedy.is_empty() {
            let _ = writeln!(err, "  remedy: {}", self.remedy);
        }
        self.exit
    }
}
