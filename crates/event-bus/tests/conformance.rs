//! What every transport promises, run against each of them. A new transport adds one `stage`.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::{Duration, Instant};

use event_bus::{
    Backoff, Bus, Check, Door, DoorLimits, Embedded, Gateway, Recorded, Refusal, VerdictLog, door,
};
use jiff::{SignedDuration, Timestamp};
use testkit::gateway::FakeGateway;
use verdict::{
    CheckName, CheckOutcome, Digest, Finding, Limits, Outcome, Phase, PinnedImage, Place, Platform,
    PolicyDocument, Report, Request, Role, SealingKey, Subject, ValidationId, Verdict, common,
};

/// A bus, and what must stay alive as long as it is used.
struct Stage {
    bus: Box<dyn Bus>,
    _gateway: Option<FakeGateway>,
}

fn embedded(checks: Vec<Arc<dyn Check>>) -> Stage {
    let bus = Embedded::new(checks, 8, Duration::from_secs(30), VerdictLog::memory());
    Stage { bus: Box::new(bus), _gateway: None }
}

fn gateway(checks: Vec<Arc<dyn Check>>) -> Stage {
    let fake = FakeGateway::start();
    for check in checks {
        let bare = |_: &[u8], _| Err(Refusal::question("only sealed questions", "seal it"));
        let door = Arc::new(Door::new(Some(key()), Arc::new(bare), DoorLimits::default()));
        let name = check.name().to_string();
        fake.function(&name, move |request| {
            let (check, door) = (Arc::clone(&check), Arc::clone(&door));
            async move { door::answer(check, request, &door).await }
        });
    }
    let client = openfaas::Gateway::new(
        openfaas::Address::parse(&fake.url()).unwrap(),
        None,
        openfaas::GatewayLimits::default(),
    );
    let bus =
        Gateway::new(client.unwrap(), None, key(), Duration::from_secs(30), VerdictLog::memory())
            .backoff(Backoff { first: Duration::from_millis(5), ..Backoff::default() });
    Stage { bus: Box::new(bus), _gateway: Some(fake) }
}

fn key() -> SealingKey {
    SealingKey::new(b"conformance-suite-key").unwrap()
}

/// A check that does what it is told.
struct Told<F>(&'static str, F);

impl<F: Fn(&Request) -> Report + Send + Sync> Check for Told<F> {
    fn name(&self) -> CheckName {
        CheckName::new(self.0)
    }
    fn check(&self, request: &Request) -> Report {
        (self.1)(request)
    }
}

fn told<F>(name: &'static str, answer: F) -> Arc<dyn Check>
where
    F: Fn(&Request) -> Report + Send + Sync + 'static,
{
    Arc::new(Told(name, answer))
}

fn passes(name: &'static str) -> Arc<dyn Check> {
    told(name, move |asked| Report::new(asked.validation.clone(), CheckName::new(name), vec![]))
}

fn names(names: &[&'static str]) -> BTreeSet<CheckName> {
    names.iter().copied().map(CheckName::new).collect()
}

fn request(time: Duration) -> Arc<Request> {
    let subject = Subject {
        function: Some("fn".to_owned()),
        namespace: None,
        declared: "acme/fn:1".to_owned(),
        image: PinnedImage {
            repository: "docker.io/acme/fn".to_owned(),
            digest: Digest::of(b"fn"),
        },
        platform: Platform::linux_amd64(),
        role: Role::Made,
        place: Place::Registry,
        index: None,
        base: None,
        generation: None,
    };
    let policy = PolicyDocument { body: "version: 1".to_owned(), files: Default::default() };
    Arc::new(Request {
        validation: ValidationId::derive(Phase::Build, &subject, &policy.digest()),
        phase: Phase::Build,
        subject,
        policy,
        deadline: Timestamp::now() + SignedDuration::try_from(time).unwrap(),
        limits: Limits::default(),
        function: None,
        snapshot: None,
    })
}

fn verdict(outcome: Outcome) -> Verdict {
    let request = request(Duration::from_secs(1));
    Verdict {
        validation: request.validation.clone(),
        phase: Phase::Build,
        outcome,
        admitted: outcome == Outcome::Accepted,
        subject: request.subject.clone(),
        policy: request.policy.digest(),
        advisories: None,
        reports: vec![],
        missing: vec![],
        judged_at: "2026-11-24T10:00:00Z".parse().unwrap(),
        valid_until: "2026-11-25T10:00:00Z".parse().unwrap(),
    }
}

const LONG: Duration = Duration::from_secs(20);

async fn each_check_answers_once_and_for_itself(stage: fn(Vec<Arc<dyn Check>>) -> Stage) {
    let rejects = told("b", |asked| {
        let finding = Finding::new(&common::IMAGE_MALFORMED, "on purpose");
        Report::new(asked.validation.clone(), CheckName::new("b"), vec![finding])
    });
    let stage = stage(vec![passes("a"), rejects, passes("not-asked")]);
    let reports = stage.bus.ask(request(LONG), &names(&["a", "b"])).await;
    let said: Vec<_> = reports.iter().map(|r| (r.check.as_str(), r.outcome())).collect();
    assert_eq!(said, [("a", CheckOutcome::Pass), ("b", CheckOutcome::Fail)]);
}

async fn checks_run_side_by_side(stage: fn(Vec<Arc<dyn Check>>) -> Stage) {
    // Each of the two waits for the other: one after the other they would both be late.
    let meeting = Arc::new(std::sync::Barrier::new(2));
    let meets = |name: &'static str| {
        let meeting = Arc::clone(&meeting);
        told(name, move |asked| {
            meeting.wait();
            Report::new(asked.validation.clone(), CheckName::new(name), vec![])
        })
    };
    let stage = stage(vec![meets("a"), meets("b")]);
    let reports = stage.bus.ask(request(LONG), &names(&["a", "b"])).await;
    assert!(reports.iter().all(|report| report.outcome() == CheckOutcome::Pass), "{reports:?}");
}

async fn the_same_request_twice_is_answered_alike(stage: fn(Vec<Arc<dyn Check>>) -> Stage) {
    let stage = stage(vec![passes("a")]);
    let (request, a) = (request(LONG), names(&["a"]));
    let (first, second) =
        tokio::join!(stage.bus.ask(Arc::clone(&request), &a), stage.bus.ask(request, &a));
    assert_eq!(first[0].digest(), second[0].digest());
}

async fn a_check_past_the_deadline_is_undecided(stage: fn(Vec<Arc<dyn Check>>) -> Stage) {
    // The sender is dropped with the test: then the check ends too.
    let (_release, held) = mpsc::channel::<()>();
    let held = Mutex::new(held);
    let hangs = told("slow", move |asked| {
        held.lock().unwrap().recv().ok();
        Report::new(asked.validation.clone(), CheckName::new("slow"), vec![])
    });
    let stage = stage(vec![hangs, passes("quick")]);
    let started = Instant::now();
    let asked = request(Duration::from_millis(500));
    let reports = stage.bus.ask(asked, &names(&["quick", "slow"])).await;
    assert!(started.elapsed() < Duration::from_secs(10), "the deadline was not kept");
    assert_eq!(reports[0].outcome(), CheckOutcome::Pass);
    assert_eq!(reports[1].outcome(), CheckOutcome::Undecided);
    assert_eq!(reports[1].findings[0].rule, "check-failed");
}

async fn a_request_whose_deadline_has_passed_runs_nothing(stage: fn(Vec<Arc<dyn Check>>) -> Stage) {
    let runs = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&runs);
    let stage = stage(vec![told("a", move |asked| {
        counted.fetch_add(1, Ordering::SeqCst);
        Report::new(asked.validation.clone(), CheckName::new("a"), vec![])
    })]);
    let reports = stage.bus.ask(request(Duration::ZERO), &names(&["a"])).await;
    assert_eq!(reports[0].outcome(), CheckOutcome::Undecided);
    assert_eq!(runs.load(Ordering::SeqCst), 0);
}

async fn a_check_that_panics_is_undecided(stage: fn(Vec<Arc<dyn Check>>) -> Stage) {
    let stage = stage(vec![told("a", |_| panic!("broken on purpose")), passes("b")]);
    let reports = stage.bus.ask(request(LONG), &names(&["a", "b"])).await;
    assert_eq!(reports[0].outcome(), CheckOutcome::Undecided);
    assert_eq!(reports[0].findings[0].rule, "check-failed");
    assert_eq!(reports[1].outcome(), CheckOutcome::Pass);
}

async fn a_check_that_is_not_there_has_no_report(stage: fn(Vec<Arc<dyn Check>>) -> Stage) {
    let stage = stage(vec![passes("a")]);
    let reports = stage.bus.ask(request(LONG), &names(&["a", "absent"])).await;
    let checks: Vec<_> = reports.iter().map(|report| report.check.as_str()).collect();
    assert_eq!(checks, ["a"]);
}

async fn a_report_in_another_name_or_of_another_validation_is_untrusted(
    stage: fn(Vec<Arc<dyn Check>>) -> Stage,
) {
    let other_name =
        told("a", |asked| Report::new(asked.validation.clone(), CheckName::new("b"), vec![]));
    let other_validation = told("c", |_| {
        let id = serde_json::from_str(r#""00000000000000000000000000000000""#).unwrap();
        Report::new(id, CheckName::new("c"), vec![])
    });
    let stage = stage(vec![other_name, other_validation]);
    let asked = request(LONG);
    let reports = stage.bus.ask(Arc::clone(&asked), &names(&["a", "c"])).await;
    assert_eq!(reports.len(), 2);
    for report in reports {
        assert_eq!(report.outcome(), CheckOutcome::Undecided);
        assert_eq!(report.findings[0].rule, "report-untrusted");
        assert_eq!(report.validation, asked.validation);
    }
}

async fn the_first_verdict_stands(stage: fn(Vec<Arc<dyn Check>>) -> Stage) {
    let stage = stage(vec![]);
    let (rejected, accepted) = (verdict(Outcome::Rejected), verdict(Outcome::Accepted));
    assert_eq!(stage.bus.recorded(&rejected.validation).await.unwrap(), None);
    let first = stage.bus.record(rejected.clone()).await.unwrap();
    assert_eq!(first, Recorded::First(rejected.clone()));
    let second = stage.bus.record(accepted).await.unwrap();
    assert_eq!(second, Recorded::Known(rejected.clone()));
    assert_eq!(stage.bus.recorded(&rejected.validation).await.unwrap(), Some(rejected));
}

macro_rules! conformance {
    ($($claim:ident),* $(,)?) => {
        mod on_embedded {
            $(#[tokio::test] async fn $claim() { super::$claim(super::embedded).await; })*
        }
        mod on_gateway {
            $(#[tokio::test] async fn $claim() { super::$claim(super::gateway).await; })*
        }
    };
}

conformance!(
    each_check_answers_once_and_for_itself,
    checks_run_side_by_side,
    the_same_request_twice_is_answered_alike,
    a_check_past_the_deadline_is_undecided,
    a_request_whose_deadline_has_passed_runs_nothing,
    a_check_that_panics_is_undecided,
    a_check_that_is_not_there_has_no_report,
    a_report_in_another_name_or_of_another_validation_is_untrusted,
    the_first_verdict_stands,
);
