//! `validate`: judging one image, or every image of a stack.yml.

use serde::Serialize;
use verdict::Outcome;

use crate::answer::Answer;
use crate::arguments::{Output, Validate};
use crate::bases;
use crate::cluster::Cluster;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::judge::{Candidate, Judge};
use crate::render::{json, print};
use crate::round::{self, Judging as _};
use crate::stack::Asked;
use crate::{surroundings, up};

/// The word in the place of an image that builds, pushes and deploys too.
const UP: &str = "up";

/// Runs the command.
pub(crate) fn run(arguments: &Validate) -> Result<Exit, Failure> {
    surroundings::note_content_trust();
    let judging = &arguments.judging;
    let key = arguments.validation_key.as_deref();
    match (&arguments.image, &arguments.gateway) {
        (Some(word), _) if word == UP && arguments.base.is_some() => {
            let remedy = "leave it out: the Dockerfiles say what the images are built on";
            Err(Failure::usage("`validate up` takes no --base", remedy))
        }
        (Some(word), _) if word == UP => up::run(arguments),
        (Some(image), None) => {
            let judge = Judge::by(judging)?;
            let base = bases::named(&judge, arguments.base.as_deref(), &judging.platform)?;
            let candidate = Candidate { base, ..Candidate::image(image) };
            one(&judge.answer(&candidate, &judging.platform), judging.output)
        }
        (Some(image), Some(gateway)) => {
            let cluster = Cluster::new(gateway, None, judging.policy.as_deref(), key)?;
            let base = bases::by_digest(arguments.base.as_deref())?;
            let candidate = Candidate { base, ..Candidate::image(image) };
            one(&cluster.answer(&candidate, &judging.platform), judging.output)
        }
        (None, None) => {
            let asked = Asked::read(arguments)?;
            let judge = Judge::by(judging)?;
            all(arguments, &asked, &judge)
        }
        (None, Some(gateway)) => {
            let asked = Asked::read(arguments)?;
            let stack_gateway = asked.stack.provider.gateway.clone();
            let cluster =
                Cluster::new(gateway, Some(&stack_gateway), judging.policy.as_deref(), key)?;
            all(arguments, &asked, &cluster)
        }
    }
}

fn one(answer: &Answer, output: Output) -> Result<Exit, Failure> {
    match output {
        Output::Json => json(answer)?,
        Output::Table => answer.show()?,
    }
    Ok(answer.exit())
}

fn all(arguments: &Validate, asked: &Asked, judge: &dyn round::Judging) -> Result<Exit, Failure> {
    let platform = &arguments.judging.platform;
    let mut images = asked.used(platform);
    if !arguments.used_only {
        images.extend(asked.made(platform));
    }
    let answers = round::judge(images, judge);
    show(&answers, arguments.judging.output)
}

/// What became of every image, as a program reads it.
#[derive(Serialize)]
struct All<'a> {
    outcome: Outcome,
    images: &'a [Answer],
}

/// Prints what became of every image, and answers how the program ends.
pub(crate) fn show(answers: &[Answer], output: Output) -> Result<Exit, Failure> {
    let outcome = answers.iter().map(Answer::outcome).max().unwrap_or(Outcome::Accepted);
    match output {
        Output::Json => json(&All { outcome, images: answers })?,
        Output::Table => {
            for answer in answers {
                answer.show()?;
                print("\n")?;
            }
            let count = |wanted| answers.iter().filter(|it| it.outcome() == wanted).count();
            print(&format!(
                "{} images: {} accepted, {} rejected, {} undecided\n",
                answers.len(),
                count(Outcome::Accepted),
                count(Outcome::Rejected),
                count(Outcome::Undecided),
            ))?;
        }
    }
    Ok(answers.iter().map(Answer::exit).max().unwrap_or(Exit::Accepted))
}
