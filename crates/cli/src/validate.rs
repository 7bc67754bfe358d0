//! `validate`: judging one image, or every image of a stack.yml.

use oci_image::ImageError;
use serde::Serialize;
use verdict::{Finding, Verdict};

use crate::arguments::{Output, Validate};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::judge::{Candidate, Judge};
use crate::render::{self, json, print};

/// Runs the command.
pub(crate) fn run(arguments: &Validate) -> Result<Exit, Failure> {
    match &arguments.image {
        Some(image) => one(arguments, image),
        None => Err(Failure::usage("no image is named", "name an image")),
    }
}

fn one(arguments: &Validate, image: &str) -> Result<Exit, Failure> {
    let judging = &arguments.judging;
    let judge = Judge::new(judging.policy.as_deref(), judging.advisories.as_deref())?;
    let answer = judge.judge(&Candidate::image(image), &judging.platform);
    show(image, answer, judging.output)
}

/// An image that could not be resolved to a digest: there is nothing yet that a verdict could be
/// about, and it is not accepted.
#[derive(Debug, Serialize)]
struct Unresolved<'i> {
    outcome: verdict::Outcome,
    declared: &'i str,
    finding: Finding,
}

fn show(image: &str, answer: Result<Verdict, ImageError>, output: Output) -> Result<Exit, Failure> {
    match (answer, output) {
        (Ok(verdict), Output::Json) => {
            json(&verdict)?;
            Ok(Exit::of(&verdict))
        }
        (Ok(verdict), Output::Table) => {
            print(&render::verdict(&verdict))?;
            Ok(Exit::of(&verdict))
        }
        (Err(error), Output::Json) => {
            let (outcome, finding) = (verdict::Outcome::Undecided, error.finding());
            json(&Unresolved { outcome, declared: image, finding })?;
            Ok(Exit::Undecided)
        }
        (Err(error), Output::Table) => {
            let what = format!("{image} could not be judged");
            let failure = Failure::usage(what, error.remedy()).because(&error);
            Err(failure.exit(Exit::Undecided))
        }
    }
}
