//! From a document to a policy, and everything that is wrong with it.

use std::collections::BTreeSet;

use verdict::{Phase, PolicyDocument};

use crate::checks;
use crate::error::PolicyError;
use crate::policy::Policy;
use crate::rego::RegoFile;
use crate::yaml::{self, What};
use crate::{signatures, waivers};

/// The longest policy.yml that is read.
pub(crate) const BODY_BYTES_MAX: u64 = 1 << 20;

/// The policy, with what it names in place, and what is wrong with its meaning.
pub(crate) fn policy(document: &PolicyDocument) -> Result<(Policy, Vec<PolicyError>), PolicyError> {
    let mut policy = body(&document.body)?;
    let mut faults = Vec::new();
    signatures::take(&mut policy.signatures.authorities, &document.files, &mut faults);
    policy.rego.modules = take_files(&policy.rego.paths, "rego.paths", document, &mut faults);
    policy.rego.documents = take_files(&policy.rego.data, "rego.data", document, &mut faults);
    signatures::judge(&policy.signatures, &mut faults);
    judge_checks(&policy, &mut faults);
    for (key, list) in
        [("reject", &policy.vulnerabilities.reject), ("warn", &policy.vulnerabilities.warn)]
    {
        if list.names_unknown() {
            faults.push(PolicyError::UnknownListed(key));
        }
    }
    waivers::judge(&policy.waivers, &mut faults);
    Ok((policy, faults))
}

/// policy.yml alone, whatever it names.
pub(crate) fn body(yaml: &str) -> Result<Policy, PolicyError> {
    if yaml.len() as u64 > BODY_BYTES_MAX {
        let what = "policy.yml".to_owned();
        return Err(PolicyError::TooLarge { what, bytes_max: BODY_BYTES_MAX });
    }
    yaml::read(yaml).map_err(explain)
}

fn explain(fault: yaml::Fault) -> PolicyError {
    let (line, column) = fault.place();
    match fault.what {
        What::UnknownKey { key, known } => {
            PolicyError::UnknownKey { nearest: nearest(&key, known), key, known, line }
        }
        What::Other(what) => PolicyError::Yaml { line, column, source: what.into() },
    }
}

/// The word that was most likely meant.
fn nearest(word: &str, known: &[&'static str]) -> Option<&'static str> {
    let likeness = |it: &&str| strsim::normalized_damerau_levenshtein(word, it);
    let best = known.iter().copied().max_by(|a, b| likeness(a).total_cmp(&likeness(b)))?;
    (likeness(&best) >= 0.5).then_some(best)
}

/// The document's files that these paths name: themselves, or what lies below them.
fn take_files(
    paths: &[String],
    key: &'static str,
    document: &PolicyDocument,
    faults: &mut Vec<PolicyError>,
) -> Vec<RegoFile> {
    let mut taken = BTreeSet::new();
    for path in paths {
        let folder = format!("{}/", path.trim_end_matches('/'));
        let is_named = |file: &&String| *file == path || file.starts_with(&folder);
        let before = taken.len();
        taken.extend(document.files.keys().filter(is_named));
        if taken.len() == before {
            faults.push(PolicyError::NoSuchFile { key, path: path.clone() });
        }
    }
    let file = |path: &String| {
        Some(RegoFile { path: path.clone(), text: document.files.get(path)?.clone() })
    };
    taken.into_iter().filter_map(file).collect()
}

fn judge_checks(policy: &Policy, faults: &mut Vec<PolicyError>) {
    for phase in [Phase::Build, Phase::Runtime] {
        let required = policy.checks.required(phase);
        if required.is_empty() {
            faults.push(PolicyError::NoChecks(phase));
        }
        for check in required {
            if !checks::KNOWN.contains(&check.as_str()) {
                faults.push(PolicyError::UnknownCheck {
                    name: check.to_string(),
                    nearest: nearest(check.as_str(), &checks::KNOWN),
                });
            }
        }
    }
}
