//! From a question to a verdict over the embedded bus.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use event_bus::{Check, Embedded, Question, Refusal, VerdictLog};
use jiff::{SignedDuration, Timestamp};
use orchestrator::{Asker, Orchestrator, Resolve, Resolved, resolve};
use policy::Policy;
use verdict::{
    CheckName, Digest, Effect, Finding, Outcome, PinnedImage, Place, Platform, PolicyDocument,
    Report, Request, common,
};

/// A check with one finding of this effect, or none; it counts how often it runs.
struct Finds {
    name: &'static str,
    effect: Option<Effect>,
    runs: Arc<AtomicUsize>,
}

impl Check for Finds {
    fn name(&self) -> CheckName {
        CheckName::new(self.name)
    }
    fn check(&self, request: &Request) -> Report {
        self.runs.fetch_add(1, Ordering::SeqCst);
        let finding = |effect| Finding::new(&common::IMAGE_MALFORMED, "found").effect(effect);
        let findings = self.effect.map(finding).into_iter().collect();
        Report::new(request.validation.clone(), self.name(), findings)
            .evidence("advisories", "rev-1")
    }
}

struct Known;

impl Resolve for Known {
    fn resolve(&self, declared: &str, _: &Platform, _: &Policy) -> Result<Resolved, Refusal> {
        if declared == "missing" {
            return Err(Refusal::subject("no such image", "push it"));
        }
        let repository = "docker.io/acme/fn".to_owned();
        let image = PinnedImage { repository, digest: Digest::of(declared.as_bytes()) };
        Ok(Resolved { image, index: None, place: Place::Registry })
    }
}

fn policy(body: &str) -> PolicyDocument {
    PolicyDocument { body: body.to_owned(), files: Default::default() }
}

const TWO: &str = "checks: {build: [scan-layers, check-policy], runtime: [check-policy]}\n";

fn asked(policy_body: &str, image: &str) -> Request {
    let deadline = Timestamp::now() + SignedDuration::from_secs(20);
    resolve(Question::about(image), &Known, &policy(policy_body), deadline).unwrap()
}

struct House {
    orchestrator: Orchestrator,
    runs: Arc<AtomicUsize>,
}

fn house(effects: [(&'static str, Option<Effect>); 2], log: VerdictLog) -> House {
    let runs = Arc::new(AtomicUsize::new(0));
    let checks = effects.map(|(name, effect)| {
        Arc::new(Finds { name, effect, runs: Arc::clone(&runs) }) as Arc<dyn Check>
    });
    let bus = Embedded::new(checks, 4, Duration::from_secs(20), log);
    House { orchestrator: Orchestrator::new(Arc::new(bus)), runs }
}

async fn check(effects: [Option<Effect>; 2], policy_body: &str, expect: (Outcome, bool)) {
    let [first, second] = effects;
    let house = house([("scan-layers", first), ("check-policy", second)], VerdictLog::memory());
    let verdict = house.orchestrator.validate(asked(policy_body, "acme/fn:1"), Asker::Own).await;
    assert_eq!((verdict.outcome, verdict.admitted), expect, "{verdict:?}");
}

#[tokio::test]
async fn the_worst_report_decides_and_undecided_goes_by_the_policy() {
    let warns = format!("on-undecided: warn\n{TWO}");
    check([None, None], TWO, (Outcome::Accepted, true)).await;
    check([Some(Effect::Warn), None], TWO, (Outcome::Accepted, true)).await;
    check([Some(Effect::Undecided), None], TWO, (Outcome::Undecided, false)).await;
    check([Some(Effect::Undecided), None], &warns, (Outcome::Undecided, true)).await;
    check([Some(Effect::Undecided), Some(Effect::Reject)], &warns, (Outcome::Rejected, false))
        .await;
}

#[tokio::test]
async fn a_required_check_that_is_not_there_is_missing_and_undecided() {
    let house = house([("scan-layers", None), ("other", None)], VerdictLog::memory());
    let verdict = house.orchestrator.validate(asked(TWO, "acme/fn:1"), Asker::Own).await;
    assert_eq!(verdict.outcome, Outcome::Undecided);
    assert_eq!(verdict.missing, [CheckName::new("check-policy")]);
    assert_eq!(verdict.advisories.as_deref(), Some("rev-1"));
}

#[tokio::test]
async fn a_policy_that_cannot_be_read_admits_nothing_and_asks_nobody() {
    let house = house([("scan-layers", None), ("check-policy", None)], VerdictLog::memory());
    let mut request = asked(TWO, "acme/fn:1");
    request.policy = policy("on-undecided: warn\nchekcs: {}\n");
    let verdict = house.orchestrator.validate(request, Asker::Own).await;
    assert_eq!((verdict.outcome, verdict.admitted), (Outcome::Undecided, false));
    assert_eq!(verdict.reports[0].findings[0].rule, "policy-invalid");
    assert_eq!(house.runs.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn the_same_question_twice_is_judged_once_and_a_stranger_writes_nothing_down() {
    let log = VerdictLog::memory();
    let house = house([("scan-layers", None), ("check-policy", None)], log.clone());
    let stranger = house.orchestrator.validate(asked(TWO, "acme/fn:1"), Asker::Stranger).await;
    assert_eq!(log.get(&stranger.validation).unwrap(), None);
    let first = house.orchestrator.validate(asked(TWO, "acme/fn:1"), Asker::Own).await;
    assert_eq!(house.runs.load(Ordering::SeqCst), 4);
    let second = house.orchestrator.validate(asked(TWO, "acme/fn:1"), Asker::Own).await;
    assert_eq!((house.runs.load(Ordering::SeqCst), second), (4, first));
}

#[tokio::test]
async fn an_undecided_verdict_does_not_stand_in_the_way_of_the_next_try() {
    let log = VerdictLog::memory();
    let fails =
        house([("scan-layers", Some(Effect::Undecided)), ("check-policy", None)], log.clone());
    let verdict = fails.orchestrator.validate(asked(TWO, "acme/fn:1"), Asker::Own).await;
    assert_eq!(verdict.outcome, Outcome::Undecided);
    let works = house([("scan-layers", None), ("check-policy", None)], log);
    let verdict = works.orchestrator.validate(asked(TWO, "acme/fn:1"), Asker::Own).await;
    assert_eq!(verdict.outcome, Outcome::Accepted);
}

#[tokio::test]
async fn a_forged_id_and_generous_limits_of_the_asker_are_not_taken_over() {
    let house = house([("scan-layers", None), ("check-policy", None)], VerdictLog::memory());
    let honest = asked(TWO, "acme/fn:1");
    let mut forged = honest.clone();
    forged.validation = asked(TWO, "acme/other:1").validation;
    let verdict = house.orchestrator.validate(forged, Asker::Own).await;
    assert_eq!(verdict.validation, honest.validation);
}

#[test]
fn an_image_that_is_not_found_is_no_subject() {
    let deadline = Timestamp::now() + SignedDuration::from_secs(1);
    let refusal = resolve(Question::about("missing"), &Known, &policy(TWO), deadline).unwrap_err();
    assert_eq!(refusal.status().as_u16(), 422);
}
