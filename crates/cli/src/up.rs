//! `validate up`: judge what the builds use, build, judge what they made, push, and deploy by
//! digest. It stops at the first image that is not accepted, before anything of it is pushed.
//! What is deployed is what was judged.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use oci_image::Digest;
use serde_json::Value;
use tempfile::NamedTempFile;

use crate::answer::Answer;
use crate::arguments::{Output, Validate};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::judge::Judge;
use crate::round;
use crate::stack::Asked;
use crate::validate::show;

/// What was judged and pushed: by function, the image to deploy.
type Pinned = BTreeMap<String, String>;

/// Runs the command.
pub(crate) fn run(arguments: &Validate) -> Result<Exit, Failure> {
    let asked = Asked::read(arguments)?;
    let judging = &arguments.judging;
    let judge = Judge::by(judging)?;
    let platform = &judging.platform;

    let used = round::judge(asked.used(platform), &judge);
    let exit = show(&used, judging.output)?;
    if exit != Exit::Accepted {
        return Ok(exit);
    }
    faas_cli(&built(&asked, arguments), judging.output)?;

    // The image that was just built, wherever the name would lead otherwise.
    let mut made = asked.made(platform);
    for named in &mut made {
        if let Ok(candidate) = &mut named.candidate {
            candidate.image = format!("docker-daemon:{}", candidate.image);
        }
    }
    let made = round::judge(made, &judge);
    let exit = show(&made, judging.output)?;
    if exit != Exit::Accepted {
        return Ok(exit);
    }
    faas_cli(&selected("push", &asked, arguments), judging.output)?;
    let pinned = pin(&asked, &made, &judge, arguments)?;
    deploy(&asked, &pinned, arguments)?;
    Ok(Exit::Accepted)
}

fn selected(verb: &str, asked: &Asked, arguments: &Validate) -> Vec<String> {
    let mut line = vec![verb.to_owned(), "-f".to_owned(), asked.source.clone()];
    for (flag, value) in [("--filter", &arguments.filter), ("--regex", &arguments.regex)] {
        line.extend(value.iter().flat_map(|value| [flag.to_owned(), value.clone()]));
    }
    line.push(format!("--envsubst={}", arguments.envsubst));
    line
}

fn built(asked: &Asked, arguments: &Validate) -> Vec<String> {
    let mut line = selected("build", asked, arguments);
    let pairs = arguments.build_args.iter();
    line.extend(pairs.flat_map(|pair| ["--build-arg".to_owned(), pair.clone()]));
    line
}

/// Each pushed image, by the digest of its manifest. The registry must name the very
/// configuration that was judged: else something else was pushed meanwhile.
fn pin(
    asked: &Asked,
    made: &[Answer],
    judge: &Judge,
    arguments: &Validate,
) -> Result<Pinned, Failure> {
    let mut pinned = Pinned::new();
    for (name, function) in &asked.stack.functions {
        let image = function.image_name();
        let judged = made.iter().find_map(|answer| match answer {
            Answer::Judged(verdict) if verdict.subject.function.as_ref() == Some(name) => {
                judge.configuration(&verdict.subject.image)
            }
            Answer::Judged(_) | Answer::Unresolved(_) => None,
        });
        let pushed = judge
            .open(&format!("docker://{image}"), &arguments.judging.platform)
            .map_err(|error| {
                let what = format!("{image} cannot be found where it was pushed");
                Failure::usage(what, error.remedy()).because(&error).exit(Exit::Undecided)
            })?;
        let (expected, found): (Option<Digest>, Digest) = (judged, pushed.config_digest());
        if expected != Some(found) {
            let what = format!("{image} in the registry is not the image that was judged");
            let remedy = "somebody pushed another image meanwhile, or the build was not kept in the daemon: run it again";
            return Err(Failure::usage(what, remedy).exit(Exit::Rejected));
        }
        pinned.insert(name.clone(), pushed.pinned().to_string());
    }
    Ok(pinned)
}

/// Deploys the same stack with every image named by digest.
fn deploy(asked: &Asked, pinned: &Pinned, arguments: &Validate) -> Result<(), Failure> {
    let unwritten = |error: &dyn std::error::Error| {
        Failure::usage(
            "the stack with pinned images could not be written",
            "see that $TMPDIR may be written to",
        )
        .because(error)
    };
    let stack = pinned_stack(&asked.text, pinned).map_err(|error| unwritten(&error))?;
    let mut file = NamedTempFile::with_suffix(".yml").map_err(|error| unwritten(&error))?;
    serde_json::to_writer(&mut file, &stack).map_err(|error| unwritten(&error))?;
    file.flush().map_err(|error| unwritten(&error))?;
    let path = Path::new(file.path()).display().to_string();
    // Variables are replaced already: a second time could find more.
    let mut line = vec!["deploy".to_owned(), "-f".to_owned(), path, "--envsubst=false".to_owned()];
    line.extend(arguments.gateway.iter().flat_map(|url| ["--gateway".to_owned(), url.clone()]));
    faas_cli(&line, arguments.judging.output)
}

/// The stack file with the selected functions alone, each image by digest; whatever else it says
/// is kept. JSON is YAML.
fn pinned_stack(text: &str, pinned: &Pinned) -> Result<Value, openfaas::stack::StackError> {
    let mut stack = openfaas::stack::document(text)?;
    if let Some(functions) = stack.get_mut("functions").and_then(Value::as_object_mut) {
        functions.retain(|name, _| pinned.contains_key(name));
        for (name, function) in functions {
            if let Some(image) = pinned.get(name) {
                function["image"] = image.clone().into();
            }
        }
    }
    Ok(stack)
}

/// Runs faas-cli. What it prints goes where it belongs: beside JSON, to standard error.
fn faas_cli(line: &[String], output: Output) -> Result<(), Failure> {
    let mut command = Command::new("faas-cli");
    command.args(line);
    if output == Output::Json {
        command.stdout(Stdio::from(std::io::stderr()));
    }
    let said = format!("faas-cli {}", line.join(" "));
    let status = command.status().map_err(|error| {
        let remedy = "install faas-cli, and see that it is on PATH";
        Failure::usage(format!("`{said}` could not be run"), remedy).because(&error)
    })?;
    if status.success() {
        return Ok(());
    }
    let what = format!("`{said}` failed ({status})");
    Err(Failure::usage(what, "mend what it says above; nothing after it was done"))
}
