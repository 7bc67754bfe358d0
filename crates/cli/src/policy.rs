//! `policy check`: what a policy means, or everything that is wrong with it.

mod import;
mod place;

use std::fmt::Write as _;
use std::path::Path;

use ::policy::rego::{self, RegoError};
use ::policy::{
    AuthorityMode, ImageGlob, Permission, Policy, PolicyError, Severities, SocketPattern,
};
use verdict::{Phase, PolicyDocument, causes};
use verify_signature::UnusablePart;

use crate::arguments::{self, Output};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::render::{json, print};
use place::Place;

/// Runs one of the subcommands.
pub(crate) fn run(command: &arguments::Policy) -> Result<Exit, Failure> {
    match command {
        arguments::Policy::Check { file, output } => check(file, *output),
        arguments::Policy::Import(arguments::PolicyImport::ClusterImagePolicy { file }) => {
            import::cluster_image_policy(file)
        }
    }
}

fn check(path: &Path, output: Output) -> Result<Exit, Failure> {
    let document = ::policy::load(path).map_err(|error| {
        let what = format!("the policy {} cannot be read", path.display());
        Failure::usage(what, error.remedy()).because(&error)
    })?;
    let faults = Policy::faults(&document);
    if !faults.is_empty() {
        let faults: Vec<_> = faults.iter().map(|it| Fault::of(&document, it)).collect();
        return faulty(path, &faults, output);
    }
    let policy = Policy::parse(&document).map_err(|error| {
        Failure::usage("the policy cannot be used", error.remedy()).because(&error)
    })?;
    let parts = verify_signature::unusable_parts(&policy.signatures);
    if !parts.is_empty() {
        let faults = parts.into_iter().map(|it| Fault::of_part(&document, it));
        return faulty(path, &faults.collect::<Vec<_>>(), output);
    }
    // Modules that do not load would leave every image undecided: better said now.
    let rules = rules(&policy).map_err(|error| {
        Failure::usage("the policy's Rego cannot be asked", error.remedy()).because(&error)
    })?;
    match output {
        Output::Json => json(&serde_json::json!({
            "policy": document.digest(),
            "meaning": policy,
            "rules": rules,
        }))?,
        Output::Table => print(&meaning(path, &document, &policy, &rules))?,
    }
    Ok(Exit::Accepted)
}

/// The rules that are asked of images, once those over attestations can be asked too.
fn rules(policy: &Policy) -> Result<Vec<String>, RegoError> {
    for module in policy.signatures.modules() {
        rego::check(&policy.rego.of_module(module.clone()))?;
    }
    match policy.rego.paths.is_empty() {
        true => Ok(Vec::new()),
        false => rego::check(&policy.rego),
    }
}

/// Something that is wrong, where, and what to do about it.
struct Fault<'d> {
    place: Place<'d>,
    what: String,
    remedy: String,
}

impl<'d> Fault<'d> {
    fn of(document: &'d PolicyDocument, error: &PolicyError) -> Self {
        let place = match error {
            PolicyError::Authority { authority, .. } => Place::of(document, authority, None),
            // The others say it themselves where they know it.
            _ => Place { line: None, file: None },
        };
        let what = match causes(error) {
            causes if causes.is_empty() => error.to_string(),
            causes => format!("{error}: {causes}"),
        };
        Self { place, what, remedy: error.remedy() }
    }

    fn of_part(document: &'d PolicyDocument, part: UnusablePart) -> Self {
        let place = Place::of(document, &part.authority, part.written.as_deref());
        Self { place, what: part.why, remedy: part.remedy.to_owned() }
    }
}

fn faulty(path: &Path, faults: &[Fault<'_>], output: Output) -> Result<Exit, Failure> {
    if output == Output::Json {
        let shown = |it: &Fault<'_>| {
            serde_json::json!({
                "fault": it.what,
                "remedy": it.remedy,
                "line": it.place.line,
                "file": it.place.file,
            })
        };
        let faults: Vec<_> = faults.iter().map(shown).collect();
        json(&serde_json::json!({ "faults": faults }))?;
        return Ok(Exit::Usage);
    }
    for fault in faults {
        let what = format!("{}: {}{}", path.display(), fault.place, fault.what);
        Failure::usage(what, fault.remedy.as_str()).show();
    }
    Ok(Exit::Usage)
}

/// What the policy asks, a line a part.
fn meaning(file: &Path, document: &PolicyDocument, policy: &Policy, rules: &[String]) -> String {
    let mut lines = vec![(file.display().to_string(), format!("revision {}", document.digest()))];
    let mut say = |subject: &str, text: String| lines.push((format!("  {subject}"), text));
    say("a verdict", format!("holds for {}", policy.valid_for));
    say("undecided", format!("leads to {}", word(&policy.on_undecided)));
    for phase in [Phase::Build, Phase::Runtime] {
        let checks: Vec<_> =
            policy.checks.required(phase).iter().map(|check| check.as_str()).collect();
        say(&format!("{phase} phase"), format!("requires {}", checks.join(", ")));
    }
    say("known flaws", flaws(policy));
    say("sources", sources(policy));
    for (subject, text) in signatures(policy) {
        say(&subject, text);
    }
    say("image rules", image_rules(policy));
    match rules {
        [] => say("own rules", "none".to_owned()),
        rules => say("own rules", rules.join(", ")),
    }
    say("functions", runtime(policy));
    for waiver in &policy.waivers {
        let subject = waiver.rule.as_deref().or(waiver.advisory.as_deref()).unwrap_or_default();
        let until = format!("{subject} until {}: {}", waiver.expires, waiver.reason);
        say("waived", format!("{until} ({})", waiver.owner));
    }
    let width = lines.iter().skip(1).map(|(subject, _)| subject.len()).max().unwrap_or_default();
    lines.iter().fold(String::new(), |mut text, (subject, said)| {
        let _ = writeln!(text, "{subject:<width$}  {said}");
        text
    })
}

/// A word of the policy as policy.yml writes it.
fn word(value: &impl serde::Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        Ok(other) => other.to_string(),
        Err(_) => String::new(),
    }
}

fn flaws(policy: &Policy) -> String {
    let asked = &policy.vulnerabilities;
    let those = |severities: &Severities| match severities {
        Severities::From(least) => format!("from {least} up"),
        Severities::Only(list) if list.is_empty() => "never".to_owned(),
        Severities::Only(list) => {
            list.iter().map(|severity| severity.as_str()).collect::<Vec<_>>().join(", ")
        }
    };
    let (reject, warn) = (those(&asked.reject), those(&asked.warn));
    let fixable = if asked.only_fixable { " if there is a fix" } else { "" };
    let (unknown, not_judged) = (word(&asked.unknown), word(&asked.not_judged));
    format!("reject {reject}{fixable}, warn {warn}; unrated: {unknown}; not judged: {not_judged}")
}

fn globs(globs: &[ImageGlob]) -> String {
    match globs {
        [] => "nowhere".to_owned(),
        globs => globs.iter().map(ImageGlob::as_str).collect::<Vec<_>>().join(", "),
    }
}

fn sources(policy: &Policy) -> String {
    let sources = &policy.sources;
    let mut text = format!("trusted: {}", globs(&sources.trusted));
    let _ = write!(text, "; digests of used images are {}", word(&sources.pinned));
    if !sources.insecure_registries.is_empty() {
        let _ = write!(text, "; without TLS: {}", sources.insecure_registries.join(", "));
    }
    if sources.private_addresses == Permission::Allowed {
        text.push_str("; private addresses too");
    }
    text
}

fn signatures(policy: &Policy) -> Vec<(String, String)> {
    let signatures = &policy.signatures;
    let asked = &signatures.required_for;
    let demand =
        format!("of used images {}, of made ones {}", word(&asked.used), word(&asked.made));
    let unmatched = format!("{demand}; by nobody named: {}", word(&signatures.unmatched));
    let mut asked = format!("{unmatched}; multi-platform: {}", word(&signatures.multi_platform));
    if !signatures.repositories.is_empty() {
        let _ = write!(asked, "; also kept in {}", signatures.repositories.join(", "));
    }
    let mut said = vec![("signatures".to_owned(), asked)];
    for authority in &signatures.authorities {
        let warns = if authority.mode == AuthorityMode::Warn { " (else a warning)" } else { "" };
        let images = globs(&authority.images);
        let text = format!("{} vouches for {images} by {authority}{warns}", authority.name);
        said.push(("authority".to_owned(), text));
        let unsafe_options = authority.unsafe_options();
        said.extend(unsafe_options.into_iter().map(|option| ("unsafe".to_owned(), option)));
    }
    said
}

fn image_rules(policy: &Policy) -> String {
    let image = &policy.image;
    let rules = [
        ("runs-as-root", image.runs_as_root),
        ("non-numeric-user", image.non_numeric_user),
        ("base-not-pinned", image.base_not_pinned),
        ("secret-in-env", image.secret_in_env),
        ("setuid-file", image.setuid_file),
        ("world-writable-executable", image.world_writable_executable),
    ];
    rules.map(|(rule, effect)| format!("{rule}: {}", word(&effect))).join(", ")
}

fn runtime(policy: &Policy) -> String {
    let allowed = policy.runtime.for_function(None);
    let listed = |patterns: &[SocketPattern]| {
        patterns.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
    };
    let (listeners, peers) = (listed(&allowed.listeners), listed(&allowed.peers));
    let own = policy.runtime.functions.len();
    format!("may listen on {listeners} and connect to {peers}; {own} have rules of their own")
}
