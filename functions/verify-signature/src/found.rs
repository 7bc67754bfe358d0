//! What was found at an image, in words and as evidence.

use std::error::Error;

use policy::Authority;
use serde_json::{Value, json};
use signature::{
    Answer, Claim, Outcome, Seen, Signatory, SignerId, Standing, Unanswered, Verified,
};
use verdict::{Effect, Finding, PinnedImage, Rule, causes, common};

use crate::rules;
use crate::stand::{Stand, Unmet};

/// What is unmet, as a finding. It says what was found, and what would have been accepted.
pub(crate) fn finding(
    unmet: &Unmet,
    covering: &[&Authority],
    answer: Option<&Answer>,
    image: &PinnedImage,
) -> Finding {
    let about = covering.iter().filter(|it| unmet.authorities.contains(&it.name));
    let accepted: Vec<String> = about.map(|it| format!("{} ({it})", it.name)).collect();
    let would_do = format!("accepted would be a signature by: {}", accepted.join(", "));
    let mut lines = answer.map(seen_lines).unwrap_or_default();
    lines.push(would_do);
    let finding = match &unmet.stand {
        Stand::Refuses(message) => {
            let title = format!("the policy refuses the image: {}", unmet.authorities.join(", "));
            return warned(unmet, Finding::new(&rules::REFUSED_BY_POLICY, title).detail(message));
        }
        Stand::Lacks(outcome) => of_outcome(*outcome, image),
        Stand::Vouches => of_outcome(Outcome::Unreachable, image),
    };
    warned(unmet, finding.detail(lines.join("\n")))
}

/// What does not verify of the signatures that count, and is let be: a finding for each signer of
/// whom no signature is without.
pub(crate) fn logged(answer: &Answer) -> Vec<Finding> {
    let vouched = answer.seen.iter().filter_map(|it| it.result.as_ref().ok());
    let signers: Vec<_> = vouched
        .filter_map(|it| match &it.verified.signatory {
            Signatory::Certified(signer) => Some((&it.authority, signer)),
            Signatory::Key { .. } | Signatory::Identity(_) => None,
        })
        .collect();
    let is_clean = |authority: &str| {
        signers.iter().any(|(own, signer)| *own == authority && signer.logged.is_empty())
    };
    let unclean = signers.iter().filter(|(authority, _)| !is_clean(authority));
    unclean
        .map(|(authority, signer)| {
            let title = format!(
                "the signature of {} does not hold all that is asked, which the trust policy of {authority} only logs",
                signer.subject
            );
            let detail = signer.logged.join("; ");
            Finding::new(&rules::ONLY_LOGGED, title).detail(detail).effect(Effect::Warn)
        })
        .collect()
}

fn warned(unmet: &Unmet, finding: Finding) -> Finding {
    let effect = finding.effect;
    finding.effect(if unmet.warns { effect.min(Effect::Warn) } else { effect })
}

fn of_outcome(outcome: Outcome, image: &PinnedImage) -> Finding {
    let found = |rule: &Rule, title: &str| Finding::new(rule, title);
    match outcome {
        Outcome::Unsigned => found(&rules::UNSIGNED, "the image is not signed"),
        Outcome::OtherSigner => {
            let title = "the image is signed, and by none of the trusted keys and identities";
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
        Outcome::Revoked => {
            let title = "the image is signed with a certificate that its issuer has revoked";
            found(&rules::CERTIFICATE_REVOKED, title)
        }
        Outcome::NotLogged => {
            let title =
                "the image is signed, and no trusted log or timestamp vouches for it, as is asked";
            found(&rules::SIGNATURE_NOT_LOGGED, title)
        }
        Outcome::NotAnnotated => {
            let title = "the image is signed, and the signature notes not what is asked";
            found(&rules::ANNOTATION_MISSING, title)
        }
        Outcome::TooFewSigners => {
            let title = "the image is signed by fewer signers than are asked";
            found(&rules::TOO_FEW_SIGNERS, title)
        }
        Outcome::NotAttested => {
            let title = "what must be attested to of the image is not, by enough trusted signers";
            found(&rules::ATTESTATION_MISSING, title)
        }
        Outcome::AttestedOtherwise => {
            let title = "what is attested to of the image is not what is asked";
            found(&rules::ATTESTATION_UNMET, title)
        }
        Outcome::RulesUnanswered => {
            let title = "the policy's rules over what is attested to could not be asked";
            Finding::undecided(&rules::ATTESTATION_RULES_FAILED, title)
        }
        Outcome::OnlyLogged => {
            let title = "the image is signed by nobody whom Notation's trust policy trusts, which it only logs";
            found(&rules::SIGNED_BY_OTHER, title)
        }
        Outcome::Unchecked => {
            let title = "the image is signed, and not all that is asked of the signature can be checked here";
            Finding::undecided(&rules::SIGNATURE_UNCHECKED, title)
        }
        // Neither says that there is none.
        Outcome::OverLimit => {
            let title = "more is attached to the image than is looked at, and what was is by none of the trusted keys and identities";
            let remedy = "remove what nobody needs from the image's signatures and referrers, or raise `signatures_max` and `signature_bytes_max` in policy.yml under `limits:`";
            Finding::undecided(&common::LIMIT_EXCEEDED, title).remedy(remedy)
        }
        Outcome::Unreachable | Outcome::Verified => {
            let title = format!("the registry did not say whether {image} is signed");
            Finding::undecided(&rules::SIGNATURES_UNREACHABLE, title)
        }
    }
}

/// How each authority stands, as evidence.
pub(crate) fn standings(answer: &Answer) -> Value {
    let shown = |it: &Standing| {
        let signers: Vec<&str> = it.signers.iter().map(SignerId::as_str).collect();
        json!({"authority": it.authority, "vouches": it.outcome == Outcome::Verified, "signers": signers, "lacking": it.lacking})
    };
    answer.standings.iter().map(shown).collect()
}

/// What was found, a line for what is nearest to what is asked: few lines of a detail are shown.
fn seen_lines(answer: &Answer) -> Vec<String> {
    let faults = faults(answer);
    let (nearest, others) = faults.split_at(faults.len().min(1));
    let lines = [nearest.join(""), others.join("; "), lacking(answer)];
    lines.into_iter().filter(|line| !line.is_empty()).collect()
}

/// What each authority lacks, where that is more than a first signature.
fn lacking(answer: &Answer) -> String {
    let asks_more = |it: &&Standing| !it.signers.is_empty() || it.lacking.len() > 1;
    let standings = answer.standings.iter().filter(asks_more);
    let lines = standings.flat_map(|it| it.lacking.iter().map(|line| (&it.authority, line)));
    let lines = lines.map(|(authority, line)| format!("{authority} lacks {line}"));
    lines.collect::<Vec<_>>().join("; ")
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
        Signatory::Certified(signer) => {
            let mut said = vec![
                ("identity", json!(signer.subject)),
                ("issuer", json!(signer.root)),
                ("algorithm", json!(signer.algorithm.to_string())),
            ];
            said.extend(signer.claimed_time.map(|it| ("claimed-time", json!(it.to_string()))));
            if !signer.logged.is_empty() {
                said.push(("only-logged", json!(signer.logged)));
            }
            said
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

/// Every fault in words, what is nearest to a signature that counts first; what gave no answer may
/// be one.
fn faults(answer: &Answer) -> Vec<String> {
    let mut seen: Vec<(Outcome, String)> = answer
        .seen
        .iter()
        .filter_map(|seen| {
            let fault = seen.result.as_ref().err()?;
            Some((fault.outcome(), format!("{}, {}", in_full(fault), seen.origin)))
        })
        .collect();
    seen.sort_by_key(|(outcome, _)| std::cmp::Reverse(*outcome));
    let silent = answer.unanswered.iter().map(|it| in_full(it));
    silent.chain(seen.into_iter().map(|(_, words)| words)).collect()
}

fn in_full(error: &dyn Error) -> String {
    match causes(error) {
        causes if causes.is_empty() => error.to_string(),
        causes => format!("{error}: {causes}"),
    }
}
