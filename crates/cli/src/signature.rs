//! `signature show`: all that is attached to an image, and what each means under the policy.
//! `signature verify`: did this key or identity sign this image? No policy file is needed.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use event_bus::Check as _;
use verdict::{CheckOutcome, Platform};
use verify_signature::VerifySignature;

use crate::arguments::Output;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::judge::{Candidate, Judge};
use crate::render::{json, print};
use crate::round::Judging as _;
use crate::surroundings;

mod tree;
mod trusted;

/// What can be asked of an image's signatures.
#[derive(Debug, Subcommand)]
pub(crate) enum Signature {
    /// Show all that is attached to an image (signatures, attestations, other artifacts), where it
    /// lies, and what it means under the policy. Ends well if all of it could be looked at.
    Show(Show),
    /// Verify that a key or an identity signed an image.
    Verify(Verify),
}

/// `signature show`.
#[derive(Debug, Args)]
pub(crate) struct Show {
    /// The image, in any notation that `validate` takes.
    image: String,
    /// The policy; without one ./policy.yml, or else the careful default.
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// A folder with the secrets that the policy names keys by, a file for each.
    #[arg(long, value_name = "DIR")]
    secrets: Option<PathBuf>,
    /// The platform of a multi-platform image.
    #[arg(long, default_value = "linux/amd64", value_name = "OS/ARCH")]
    platform: Platform,
    /// How the answer is printed.
    #[arg(long, short, value_enum, default_value_t)]
    output: Output,
}

/// `signature verify`.
#[derive(Debug, Args)]
pub(crate) struct Verify {
    /// The image, in any notation that `validate` takes.
    image: String,
    /// Who must have signed it.
    #[command(flatten)]
    trusted: trusted::Trusted,
    /// The platform of a multi-platform image.
    #[arg(long, default_value = "linux/amd64", value_name = "OS/ARCH")]
    platform: Platform,
    /// How the answer is printed.
    #[arg(long, short, value_enum, default_value_t)]
    output: Output,
}

/// Runs one of the commands.
pub(crate) fn run(command: &Signature) -> Result<Exit, Failure> {
    surroundings::note_content_trust();
    match command {
        Signature::Show(arguments) => show(arguments),
        Signature::Verify(arguments) => verify(arguments),
    }
}

fn verify(arguments: &Verify) -> Result<Exit, Failure> {
    let judge = Judge::for_signatures(arguments.trusted.policy()?)?;
    let answer = judge.answer(&Candidate::image(&arguments.image), &arguments.platform);
    match arguments.output {
        Output::Json => json(&answer)?,
        Output::Table => answer.show()?,
    }
    Ok(answer.exit())
}

fn show(arguments: &Show) -> Result<Exit, Failure> {
    let judge = Judge::for_inventory(arguments.policy.as_deref())?;
    let image = judge.open(&arguments.image, &arguments.platform).map_err(|error| {
        let what = format!("what is attached to {} cannot be shown", arguments.image);
        Failure::usage(what, error.remedy()).because(&error).exit(Exit::Undecided)
    })?;
    let candidate = Candidate::image(&arguments.image);
    let request = judge.request(&candidate, &arguments.platform, &image);
    let check = VerifySignature::new(judge.images()).showing_everything();
    let check = match &arguments.secrets {
        Some(folder) => check.with_secrets(folder),
        None => check,
    };
    let report = check.check(&request);
    match arguments.output {
        Output::Json => json(&report)?,
        Output::Table => print(&tree::tree(image.pinned(), &report))?,
    }
    // What was seen is the answer, whether the policy likes it or not.
    Ok(match report.outcome() {
        CheckOutcome::Undecided => Exit::Undecided,
        CheckOutcome::Pass | CheckOutcome::Fail => Exit::Accepted,
    })
}
