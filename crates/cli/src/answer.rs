//! What became of one image: a verdict, or why there could be none.

use policy::OnUndecided;
use serde::Serialize;
use verdict::{Finding, Outcome, Verdict};

use crate::exit::Exit;
use crate::failure::Failure;
use crate::render::{self, print};

/// What became of one image.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum Answer {
    /// It was judged.
    Judged(Box<Verdict>),
    /// It could not be resolved to a digest: there is nothing yet that a verdict could be about.
    Unresolved(Box<Unresolved>),
}

/// An image that could not be resolved to a digest. It is not accepted.
#[derive(Debug, Serialize)]
pub(crate) struct Unresolved {
    outcome: Outcome,
    admitted: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    function: Option<String>,
    /// The image as it was named.
    declared: String,
    /// Why it could not be resolved.
    finding: Finding,
}

impl Answer {
    /// An image that could not be resolved.
    pub(crate) fn unresolved(
        function: Option<&str>,
        declared: &str,
        finding: Finding,
        on_undecided: OnUndecided,
    ) -> Self {
        Self::Unresolved(Box::new(Unresolved {
            outcome: Outcome::Undecided,
            admitted: on_undecided == OnUndecided::Warn,
            function: function.map(str::to_owned),
            declared: declared.to_owned(),
            finding,
        }))
    }

    /// How the program ends with it.
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::Judged(verdict) => Exit::of(verdict),
            Self::Unresolved(unresolved) if unresolved.admitted => Exit::Accepted,
            Self::Unresolved(_) => Exit::Undecided,
        }
    }

    /// What it comes to.
    pub(crate) fn outcome(&self) -> Outcome {
        match self {
            Self::Judged(verdict) => verdict.outcome,
            Self::Unresolved(unresolved) => unresolved.outcome,
        }
    }

    /// Prints it for people.
    pub(crate) fn show(&self) -> Result<(), Failure> {
        print(&match self {
            Self::Judged(verdict) => render::verdict(verdict),
            Self::Unresolved(it) => {
                render::unresolved(it.function.as_deref(), &it.declared, &it.finding)
            }
        })
    }
}
