//! The check: is a signature asked, what is attached, and what does it mean under the policy?

use std::sync::Arc;
use std::time::Instant;

use event_bus::Check;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use oci_image::{ImageError, Images};
use policy::{Policy, PolicyError, Signatures, SignedManifest};
use serde_json::{Value, json};
use signature::{Answer, Wanted};
use verdict::{CheckName, Finding, PinnedImage, Report, Request, common};

use crate::cache::{Cache, Found, Key};
use crate::{authorities, found, rules};

/// The check's name.
pub const NAME: CheckName = CheckName::new("verify-signature");

/// Verifies the signatures of images.
pub struct VerifySignature {
    images: Arc<dyn Images>,
    scope: Scope,
    cache: Cache,
}

/// How much is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scope {
    /// What the policy asks.
    Asked,
    /// All that is attached, whatever the policy asks.
    Everything,
}

/// What was found, and what was looked at.
#[derive(Debug, Clone, Default)]
pub(crate) struct Looked {
    pub(crate) findings: Vec<Finding>,
    pub(crate) evidence: Vec<(&'static str, Value)>,
}

impl VerifySignature {
    /// A check that opens images there.
    pub fn new(images: Arc<dyn Images>) -> Self {
        Self { images, scope: Scope::Asked, cache: Cache::default() }
    }

    /// The same, looking at all that is attached: for who wants to see it.
    #[must_use]
    pub fn showing_everything(self) -> Self {
        Self { scope: Scope::Everything, ..self }
    }

    /// What was found before, or is now.
    fn found(&self, request: &Request) -> Result<Found, PolicyError> {
        let (key, limits) = (Key::of(request), &request.limits);
        if let Some(found) = self.cache.get(&key, limits, Instant::now()) {
            return Ok(found);
        }
        let policy = Arc::new(Policy::parse(&request.policy)?);
        let looked = Arc::new(self.look(request, &policy));
        let found = Found { policy, looked };
        self.cache.put(key, limits, found.clone(), Instant::now());
        Ok(found)
    }

    fn look(&self, request: &Request, policy: &Policy) -> Looked {
        let (subject, signatures) = (&request.subject, &policy.signatures);
        let mut looked = Looked::default();
        let required = signatures.is_required(subject.role, subject.place);
        looked.evidence.push(("required", required.into()));
        let everything = self.scope == Scope::Everything;
        if !required && !everything {
            return looked;
        }
        let repository = &subject.image.repository;
        let covering = signatures.authorities_for(repository);
        if covering.is_empty() {
            let title = format!("no authority of the policy covers {repository}");
            let finding = Finding::new(&rules::NO_AUTHORITY, title).effect(signatures.unmatched);
            looked.findings.push(finding);
            if !everything {
                return looked;
            }
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
        match self.answer(request, &authorities, signatures) {
            Ok(answer) => looked.take(&answer, &subject.image, &names),
            Err(error) => looked.findings.push(error.finding()),
        }
        looked
    }

    fn answer(
        &self,
        request: &Request,
        authorities: &[signature::Authority],
        signatures: &Signatures,
    ) -> Result<Answer, ImageError> {
        let (subject, limits) = (&request.subject, &request.limits);
        let own = self.images.beside(subject, limits)?;
        let mut repositories = vec![own.clone()];
        for name in &signatures.repositories {
            repositories.push(self.images.repository(name, limits)?);
        }
        let image = subject.image.digest;
        let subjects = match (signatures.multi_platform, subject.index) {
            (_, None) | (SignedManifest::Platform, _) => vec![image],
            (SignedManifest::Index, Some(index)) => vec![index],
            (SignedManifest::Either, Some(index)) => vec![image, index],
        };
        let wanted = match self.scope {
            Scope::Asked => Wanted::Signatures,
            Scope::Everything => Wanted::Everything,
        };
        let mut attached = signature::attached(&subjects, &repositories, wanted, limits);
        if let Some(index) = subject.index {
            attached.hold_to_index(&index, &image, &own);
        }
        if attached.attachments.is_empty() && attached.unanswered.is_empty() {
            // A repository that is not there, or not for us to read, has no signatures either.
            self.images.open(subject, limits)?;
        }
        Ok(signature::judge(attached, authorities))
    }
}

impl Check for VerifySignature {
    fn name(&self) -> CheckName {
        NAME
    }

    fn check(&self, request: &Request) -> Report {
        let (findings, mut evidence) = match self.found(request) {
            Ok(found) => {
                let Looked { mut findings, evidence } = Looked::clone(&found.looked);
                let today = TimeZone::UTC.to_datetime(Timestamp::now()).date();
                found.policy.apply(&mut findings, &request.subject.image, today);
                (findings, evidence)
            }
            Err(error) => (vec![Finding::could_not(&common::POLICY_INVALID, &error)], Vec::new()),
        };
        evidence.push(("image", request.subject.image.to_string().into()));
        let report = Report::new(request.validation.clone(), NAME, findings);
        evidence.into_iter().fold(report, |report, (name, value)| report.evidence(name, value))
    }
}

impl Looked {
    fn take(&mut self, answer: &Answer, image: &PinnedImage, authorities: &[&str]) {
        self.evidence.push(("attached", found::shown(answer, image)));
        self.findings.extend(found::finding(answer, image, authorities));
    }
}
