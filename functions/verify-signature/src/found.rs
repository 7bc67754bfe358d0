//! What was found at an image, in words and as evidence.

use std::error::Error;

use serde_json::{Value, json};
use signature::{Answer, Claim, Outcome, Seen, Signatory, Unanswered, Verified};
use verdict::{Finding, PinnedImage, Rule, causes, common};

use crate::rules;

/// What the answer comes to, if that is not a pass. It says what was found, and what would have
/// been accepted.
pub(crate) fn finding(
    answer: &Answer,
    image: &PinnedImage,
    authorities: &[&str],
) -> Option<Finding> {
    let would_do = format!("accepted would be a signature by: {}", authorities.join(", "));
    let detail = format!("{would_do}{}", faults(answer));
    let found = |rule: &Rule, title: &str| Some(Finding::new(rule, title).detail(&detail));
    match answer.outcome {
        Outcome::Verified => None,
        Outcome::Unsigned => found(&rules::UNSIGNED, "the image is not signed"),
        Outcome::OtherSigner => {
            let title = "the image is signed, and by none of the trusted keys";
            found(&rules::SIGNED_BY_OTHER, title)
        }
        Outcome::BadSignature => {
            let title = "what is attached to the image is no valid signature of it";
            found(&rules::BAD_SIGNATURE, title)
        }
        Outcome::Expired => {
            let title = "the image is signed with a certificate that was not valid then";
            found(&rules::SIGNATURE_EXPIRED, title)
        }
        Outcome::NotLogged => {
            let title = "the image is signed, and nothing that is trusted says when";
            found(&rules::SIGNATURE_NOT_LOGGED, title)
        }
        // Neither says that there is none.
        Outcome::OverLimit => {
            let title = "more is attached to the image than is looked at, and what was is by none of the trusted keys";
            let remedy = "remove what nobody needs from the image's signatures and referrers, or raise `signatures_max` and `signature_bytes_max` in policy.yml under `limits:`";
            let finding = Finding::undecided(&common::LIMIT_EXCEEDED, title);
            Some(finding.detail(detail).remedy(remedy))
        }
        Outcome::Unreachable => {
            let title = format!("the registry did not say whether {image} is signed");
            Some(Finding::undecided(&rules::SIGNATURES_UNREACHABLE, title).detail(detail))
        }
    }
}

/// All that is attached, as evidence.
pub(crate) fn shown(answer: &Answer, image: &PinnedImage) -> Value {
    let unanswered = |it: &Unanswered| {
        json!({
            "repository": it.repository,
            "subject": it.subject,
            "place": it.layout.to_string(),
            "verified": false,
            "why": in_full(it),
        })
    };
    let seen = answer.seen.iter().map(|it| seen(it, image));
    seen.chain(answer.unanswered.iter().map(unanswered)).collect()
}

fn seen(seen: &Seen, image: &PinnedImage) -> Value {
    let origin = &seen.origin;
    let of = if origin.subject == image.digest { "image" } else { "index" };
    let mut shown = json!({
        "repository": origin.repository,
        "of": of,
        "subject": origin.subject,
        "place": origin.layout.to_string(),
        "manifest": origin.manifest,
        "layer": origin.layer,
        "verified": seen.result.is_ok(),
    });
    match &seen.result {
        Ok(vouched) => {
            shown["authority"] = json!(vouched.authority);
            for (name, value) in verified(&vouched.verified) {
                shown[name] = value;
            }
        }
        Err(fault) => shown["why"] = json!(in_full(fault)),
    }
    shown
}

/// Who signed, what they say by it, and when.
fn verified(verified: &Verified) -> Vec<(&'static str, Value)> {
    let mut said = match &verified.signatory {
        Signatory::Key { id, algorithm } => {
            vec![("key", json!(id)), ("algorithm", json!(algorithm.to_string()))]
        }
        Signatory::Identity(signer) => vec![
            ("identity", json!(signer.subject)),
            ("issuer", json!(signer.issuer)),
            ("extensions", json!(signer.extensions)),
        ],
    };
    match &verified.claim {
        Claim::Signature(payload) => {
            said.push(("reference", json!(payload.reference)));
            said.push(("annotations", json!(payload.annotations)));
        }
        Claim::Attestation(statement) => {
            said.push(("predicate-type", json!(statement.predicate_type)));
        }
    }
    if !verified.times.is_empty() {
        let times = verified.times.iter().map(ToString::to_string);
        said.push(("times", times.collect()));
    }
    said
}

/// Every fault in words, after what would have been accepted.
fn faults(answer: &Answer) -> String {
    let seen = answer.seen.iter().filter_map(|seen| {
        let fault = seen.result.as_ref().err()?;
        Some(format!("; {}: {}", seen.origin, in_full(fault)))
    });
    seen.chain(answer.unanswered.iter().map(|it| format!("; {}", in_full(it)))).collect()
}

fn in_full(error: &dyn Error) -> String {
    match causes(error) {
        causes if causes.is_empty() => error.to_string(),
        causes => format!("{error}: {causes}"),
    }
}
