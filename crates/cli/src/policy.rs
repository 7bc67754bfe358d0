//! `policy check`: what a policy means, or everything that is wrong with it.

use std::path::Path;

use ::policy::{Policy, PolicyError, SignatureDemand};
use verdict::{Phase, PolicyDocument, causes};

use crate::arguments::{self, Output};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::render::{json, print};

/// Runs one of the subcommands.
pub(crate) fn run(command: &arguments::Policy) -> Result<Exit, Failure> {
    match command {
        arguments::Policy::Check { file, output } => check(file, *output),
    }
}

fn check(path: &Path, output: Output) -> Result<Exit, Failure> {
    let document = ::policy::load(path).map_err(|error| {
        let what = format!("the policy {} cannot be read", path.display());
        Failure::usage(what, error.remedy()).because(&error)
    })?;
    let faults = Policy::faults(&document);
    if !faults.is_empty() {
        return faulty(path, &faults, output);
    }
    let policy = Policy::parse(&document).map_err(|error| {
        Failure::usage("the policy cannot be used", error.remedy()).because(&error)
    })?;
    // Modules that do not load would leave every image undecided: better said now.
    if !policy.rego.modules.is_empty() {
        ::policy::rego::check(&policy.rego).map_err(|error| {
            Failure::usage("the policy's Rego cannot be asked", error.remedy()).because(&error)
        })?;
    }
    match output {
        Output::Json => json(&serde_json::json!({
            "policy": document.digest(),
            "meaning": policy,
        }))?,
        Output::Table => print(&meaning(path, &document, &policy))?,
    }
    Ok(Exit::Accepted)
}

fn faulty(path: &Path, faults: &[PolicyError], output: Output) -> Result<Exit, Failure> {
    let told = |error: &PolicyError| match causes(error) {
        causes if causes.is_empty() => error.to_string(),
        causes => format!("{error}: {causes}"),
    };
    if output == Output::Json {
        let faults: Vec<_> = faults
            .iter()
            .map(|error| serde_json::json!({"fault": told(error), "remedy": error.remedy()}))
            .collect();
        json(&serde_json::json!({ "faults": faults }))?;
        return Ok(Exit::Usage);
    }
    for error in faults {
        let what = format!("{}: {}", path.display(), told(error));
        Failure::usage(what, error.remedy()).show();
    }
    Ok(Exit::Usage)
}

/// What the policy asks, in a few lines.
fn meaning(path: &Path, document: &PolicyDocument, policy: &Policy) -> String {
    let names = |phase| {
        let required = policy.checks.required(phase).iter().map(|it| it.as_str());
        required.collect::<Vec<_>>().join(", ")
    };
    let demand = |demand| match demand {
        SignatureDemand::Always => "always",
        SignatureDemand::WhenInRegistry => "once it is in a registry",
        SignatureDemand::Never => "never",
    };
    let vulnerabilities = serde_json::json!(policy.vulnerabilities);
    let authorities = policy.signatures.authorities.iter().map(|it| {
        let images: Vec<String> = it.images.iter().map(ToString::to_string).collect();
        format!("{} ({} keys) for {}", it.name, it.keys.len(), images.join(", "))
    });
    let rows = [
        ("revision", document.digest().to_string()),
        ("build asks", names(Phase::Build)),
        ("runtime asks", names(Phase::Runtime)),
        (
            "flaws",
            format!("reject {}, warn {}", vulnerabilities["reject"], vulnerabilities["warn"]),
        ),
        ("signature of used", demand(policy.signatures.required_for.used).to_owned()),
        ("signature of made", demand(policy.signatures.required_for.made).to_owned()),
        ("authorities", authorities.collect::<Vec<_>>().join("; ")),
        ("rego modules", policy.rego.modules.len().to_string()),
        ("waivers", policy.waivers.len().to_string()),
        ("verdicts hold", policy.valid_for.to_string()),
    ];
    let mut text = format!("{}: sound\n", path.display());
    for (name, value) in rows {
        let value = if value.is_empty() { "none" } else { &value };
        text.push_str(&format!("  {name:<18} {value}\n"));
    }
    text
}
