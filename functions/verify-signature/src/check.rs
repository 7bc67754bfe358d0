//! The check: is a signature asked, what is attached, and what does it mean under the policy?

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use event_bus::Check;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use oci_image::{ImageError, Images};
use policy::{Policy, PolicyError, Signatures, SignedManifest};
use serde_json::{Value, json};
use signature::{Answer, Wanted};
use verdict::{CheckName, Effect, Finding, PinnedImage, Report, Request, common};

use crate::cache::{Cache, Found, Key};
use crate::places::{Breadth, Places};
use crate::secrets::Secrets;
use crate::stand::{Covering, Unmet};
use crate::statement_rules::{Asking, Warnings};
use crate::{authorities, found, rules};

/// The check's name.
pub const NAME: CheckName = CheckName::new("verify-signature");

/// Verifies the signatures of images.
pub struct VerifySignature {
    images: Arc<dyn Images>,
    scope: Scope,
    cache: Cache,
    secrets: Secrets,
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
        Self { images, scope: Scope::Asked, cache: Cache::default(), secrets: Secrets::default() }
    }

    /// The same, looking at all that is attached: for who wants to see it.
    #[must_use]
    pub fn showing_everything(self) -> Self {
        Self { scope: Scope::Everything, ..self }
    }

    /// The same, with a folder that holds the secrets which policies name, a file for each.
    #[must_use]
    pub fn with_secrets(self, folder: impl Into<PathBuf>) -> Self {
        Self { secrets: Secrets(Some(folder.into())), ..self }
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
        if !found.policy.signatures.is_momentary() {
            self.cache.put(key, limits, found.clone(), Instant::now());
        }
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
        let names: Vec<&str> = covering.iter().map(|it| it.name.as_str()).collect();
        looked.evidence.push(("authorities", json!(names)));
        looked.own_up(covering.iter().flat_map(|it| it.unsafe_options()).collect());
        let asked = Covering { authorities: &covering, of_several: signatures.of_several };
        match asked.decided() {
            // A fixed answer needs no registry.
            Some(unmet) if !everything => looked.refuse(&unmet, &asked, None, &subject.image),
            _ => self.look_at_image(request, policy, &asked, &mut looked),
        }
        looked
    }

    fn look_at_image(
        &self,
        request: &Request,
        policy: &Policy,
        asked: &Covering<'_>,
        looked: &mut Looked,
    ) {
        let warnings = Warnings::default();
        let asking =
            Asking { rego: &policy.rego, deadline: request.deadline, warnings: warnings.clone() };
        let repository = &request.subject.image.repository;
        let read = authorities::read(asked.authorities, repository, &self.secrets, &asking);
        let mut authorities = match read {
            Ok(authorities) => authorities,
            Err(error) => {
                looked.findings.push(Finding::could_not(&rules::AUTHORITY_UNUSABLE, &error));
                return;
            }
        };
        looked.own_up(authorities.iter().flat_map(authorities::unsafe_options).collect());
        let image = &request.subject.image;
        match self.answer(request, &mut authorities, &policy.signatures) {
            Ok(answer) => {
                looked.evidence.push(("attached", found::shown(&answer, image)));
                looked.evidence.push(("standings", found::standings(&answer)));
                looked.findings.extend(found::logged(&answer));
                let unmet = asked.unmet(&answer.standings);
                looked.refuse(&unmet, asked, Some(&answer), image);
                looked.findings.extend(warnings.findings());
            }
            Err(error) => looked.findings.push(error.finding()),
        }
    }

    fn answer(
        &self,
        request: &Request,
        authorities: &mut [signature::Authority],
        signatures: &Signatures,
    ) -> Result<Answer, ImageError> {
        let (subject, limits) = (&request.subject, &request.limits);
        let breadth = match self.scope {
            Scope::Asked => Breadth::Needed,
            Scope::Everything => Breadth::All,
        };
        let shared = &signatures.repositories;
        let places = Places::of(&*self.images, request, shared, authorities, breadth)?;
        let image = subject.image.digest;
        let subjects = match (signatures.multi_platform, subject.index) {
            (_, None) | (SignedManifest::Platform, _) => vec![image],
            (SignedManifest::Index, Some(index)) => vec![index],
            (SignedManifest::Either, Some(index)) => vec![image, index],
        };
        let attested = authorities.iter().any(|it| !it.attestations.is_empty());
        let wanted = match self.scope {
            Scope::Asked if !attested => Wanted::Signatures,
            _ => Wanted::Everything,
        };
        let mut attached = signature::attached(&subjects, &places.asked, wanted, limits);
        if let Some(index) = subject.index {
            attached.hold_to_index(&index, &image, &places.own);
        }
        attached.describe_subjects(&places.own);
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
    /// Says which safeguards the policy gives up for this image.
    fn own_up(&mut self, options: Vec<String>) {
        if options.is_empty() {
            return;
        }
        let title = format!("the policy gives up a safeguard: {}", options.join(", "));
        self.findings.push(Finding::new(&rules::UNSAFE_OPTION, title).effect(Effect::Warn));
        match self.evidence.iter_mut().find(|(name, _)| *name == "unsafe") {
            Some((_, Value::Array(all))) => all.extend(options.into_iter().map(Value::from)),
            _ => self.evidence.push(("unsafe", json!(options))),
        }
    }

    fn refuse(
        &mut self,
        unmet: &[Unmet],
        asked: &Covering<'_>,
        answer: Option<&Answer>,
        image: &PinnedImage,
    ) {
        let finding = |unmet| found::finding(unmet, asked.authorities, answer, image);
        self.findings.extend(unmet.iter().map(finding));
    }
}
