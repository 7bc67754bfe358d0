//! What was found at an image, in words and as evidence.

use std::error::Error;

use serde_json::{Value, json};
use signature::{Answer, Outcome, Seen, Unanswered};
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
            shown["key"] = json!(vouched.key);
            shown["algorithm"] = json!(vouched.algorithm.to_string());
            shown["reference"] = json!(vouched.payload.reference);
            shown["annotations"] = json!(vouched.payload.annotations);
        }
        Err(fault) => shown["why"] = json!(in_full(fault)),
    }
    shown
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
