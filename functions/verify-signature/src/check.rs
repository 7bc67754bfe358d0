//! The check: is a signature asked, what is attached, and what does it mean under the policy?

use std::error::Error;
use std::sync::Arc;

use event_bus::Check;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use oci_image::{Image, ImageError, Images};
use policy::Policy;
use serde_json::{Value, json};
use signature::{Answer, Fault, Outcome, Seen};
use verdict::{CheckName, Finding, Report, Request, Rule, causes, common};

use crate::authorities;
use crate::rules;

/// The check's name.
pub const NAME: CheckName = CheckName::new("verify-signature");

/// Verifies the signatures of images.
pub struct VerifySignature {
    images: Arc<dyn Images>,
}

/// What was found, and what was looked at.
#[derive(Default)]
struct Looked {
    findings: Vec<Finding>,
    evidence: Vec<(&'static str, Value)>,
}

impl VerifySignature {
    /// A check that opens images there.
    pub fn new(images: Arc<dyn Images>) -> Self {
        Self { images }
    }

    fn look(&self, request: &Request, policy: &Policy) -> Looked {
        let (subject, signatures) = (&request.subject, &policy.signatures);
        let mut looked = Looked::default();
        if !signatures.is_required(subject.role, subject.place) {
            looked.evidence.push(("required", false.into()));
            return looked;
        }
        looked.evidence.push(("required", true.into()));
        let repository = &subject.image.repository;
        let covering = signatures.authorities_for(repository);
        if covering.is_empty() {
            let title = format!("no authority of the policy covers {repository}");
            let finding = Finding::new(&rules::NO_AUTHORITY, title).effect(signatures.unmatched);
            looked.findings.push(finding);
            return looked;
        }
        let authorities = match authorities::read(&covering) {
            Ok(authorities) => authorities,
            Err(error) => {
                looked.findings.push(Finding::could_not(&common::POLICY_INVALID, &error));
                return looked;
            }
        };
        let names: Vec<&str> = authorities.iter().map(|it| it.name.as_str()).collect();
        looked.evidence.push(("authorities", json!(names)));
        match self.answer(request, &authorities) {
            Ok(answer) => looked.take(&answer, &names),
            Err(finding) => looked.findings.push(*finding),
        }
        looked
    }

    fn answer(
        &self,
        request: &Request,
        authorities: &[signature::Authority],
    ) -> Result<Answer, Box<Finding>> {
        let (subject, limits) = (&request.subject, &request.limits);
        let image = self.images.open(subject, limits).map_err(|it| Box::new(it.finding()))?;
        let attached = signature::attached(&image, limits)
            .map_err(|error| Box::new(not_answered(&image, &error)))?;
        Ok(signature::judge(attached, &subject.image.digest, authorities))
    }
}

impl Check for VerifySignature {
    fn name(&self) -> CheckName {
        NAME
    }

    fn check(&self, request: &Request) -> Report {
        let mut looked = match Policy::parse(&request.policy) {
            Ok(policy) => {
                let mut looked = self.look(request, &policy);
                let today = TimeZone::UTC.to_datetime(Timestamp::now()).date();
                policy.apply(&mut looked.findings, &request.subject.image, today);
                looked
            }
            Err(error) => {
                let finding = Finding::could_not(&common::POLICY_INVALID, &error);
                Looked { findings: vec![finding], evidence: vec![] }
            }
        };
        looked.evidence.push(("image", request.subject.image.to_string().into()));
        let report = Report::new(request.validation.clone(), NAME, looked.findings);
        looked
            .evidence
            .into_iter()
            .fold(report, |report, (name, value)| report.evidence(name, value))
    }
}

impl Looked {
    fn take(&mut self, answer: &Answer, authorities: &[&str]) {
        self.evidence.push(("attached", json!(answer.seen.iter().map(shown).collect::<Vec<_>>())));
        let would_do = format!("accepted would be a signature by: {}", authorities.join(", "));
        let found = |rule: &Rule, title: &str| {
            Finding::new(rule, title).detail(format!("{would_do}{}", faults(answer)))
        };
        match answer.outcome {
            Outcome::Verified => {}
            Outcome::Unsigned => {
                self.findings.push(found(&rules::UNSIGNED, "the image is not signed"))
            }
            Outcome::OtherSigner => {
                let title = "the image is signed, and by none of the trusted keys";
                self.findings.push(found(&rules::SIGNED_BY_OTHER, title));
            }
            Outcome::BadSignature => {
                let title = "what is attached to the image is no valid signature of it";
                self.findings.push(found(&rules::BAD_SIGNATURE, title));
            }
        }
    }
}

/// What the registry's silence about signatures means: not that there are none.
fn not_answered(image: &Image, error: &ImageError) -> Finding {
    if error.rule().id != common::IMAGE_UNREACHABLE.id {
        return error.finding();
    }
    let title = format!("the registry did not say whether {} is signed", image.pinned());
    Finding::undecided(&rules::SIGNATURES_UNREACHABLE, title).detail(in_full(error))
}

fn shown(seen: &Seen) -> Value {
    match &seen.result {
        Ok(vouched) => json!({
            "signature": seen.index,
            "verified": true,
            "authority": vouched.authority,
            "key": vouched.key,
            "algorithm": vouched.algorithm.to_string(),
            "reference": vouched.payload.reference,
            "annotations": vouched.payload.annotations,
        }),
        Err(fault) => json!({
            "signature": seen.index,
            "verified": false,
            "why": in_full(fault),
        }),
    }
}

/// Every fault in words, after what would have been accepted.
fn faults(answer: &Answer) -> String {
    let said = |fault: &Fault| format!("; {}", in_full(fault));
    answer.seen.iter().filter_map(|seen| seen.result.as_ref().err()).map(said).collect()
}

fn in_full(error: &dyn Error) -> String {
    match causes(error) {
        causes if causes.is_empty() => error.to_string(),
        causes => format!("{error}: {causes}"),
    }
}
