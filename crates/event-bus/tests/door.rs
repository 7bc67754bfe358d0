//! What comes in at a function's door, and what goes out of it.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use bytes::Bytes;
use event_bus::{Check, Door, DoorLimits, Question, Refusal, door};
use http::{Method, Request as HttpRequest, Response, StatusCode};
use jiff::{SignedDuration, Timestamp};
use verdict::{
    CheckName, CheckOutcome, Envelope, Limits, PinnedImage, Place, PolicyDocument, Report, Request,
    SealingKey,
};

const NAME: CheckName = CheckName::new("scan-layers");
const HOUR: SignedDuration = SignedDuration::from_hours(1);

/// A check that answers as it is told to.
struct Told<F>(F);

impl<F: Fn(&Request) -> Report + Send + Sync> Check for Told<F> {
    fn name(&self) -> CheckName {
        NAME
    }
    fn check(&self, request: &Request) -> Report {
        (self.0)(request)
    }
}

fn passes() -> Arc<dyn Check> {
    Arc::new(Told(|request: &Request| Report::new(request.validation.clone(), NAME, vec![])))
}

fn key() -> SealingKey {
    SealingKey::new(b"0123456789abcdef").unwrap()
}

fn policy() -> PolicyDocument {
    PolicyDocument { body: "version: 1".to_owned(), files: Default::default() }
}

fn resolve(body: &[u8], deadline: Timestamp) -> Result<Request, Refusal> {
    let question = Question::parse(body)?;
    let digest = verdict::Digest::of(question.image.as_bytes());
    let image = PinnedImage { repository: "docker.io/acme/fn".to_owned(), digest };
    if question.image.contains("missing") {
        return Err(Refusal::subject("the registry has no such image", "push it"));
    }
    let found = verdict::Resolved { image, index: None, place: Place::Registry };
    Ok(question.resolved(found, &policy(), Limits::default(), deadline))
}

fn door_with(key: Option<SealingKey>, limits: DoorLimits) -> Door {
    Door::new(key, Arc::new(resolve), limits)
}

fn request() -> Request {
    resolve(br#"{"image":"acme/fn:1"}"#, Timestamp::now() + HOUR).unwrap()
}

fn sealed(key: &SealingKey, at: Timestamp) -> Vec<u8> {
    let envelope = Envelope::seal(&request(), "/functions/orchestrator", "n1", at, key).unwrap();
    serde_json::to_vec(&envelope).unwrap()
}

async fn post(door: &Door, check: Arc<dyn Check>, body: impl Into<Bytes>) -> Response<Bytes> {
    let request = HttpRequest::builder().method(Method::POST).body(body.into()).unwrap();
    door::answer(check, request, door).await
}

#[track_caller]
fn refused(response: &Response<Bytes>, status: u16, told: &str) {
    assert_eq!(response.status().as_u16(), status, "{response:?}");
    let body: serde_json::Value = serde_json::from_slice(response.body()).unwrap();
    assert!(body["error"].as_str().unwrap().contains(told), "{body}");
    assert!(!body["remedy"].as_str().unwrap().is_empty(), "{body}");
}

#[tokio::test]
async fn a_bare_question_gets_a_bare_report() {
    let door = door_with(Some(key()), DoorLimits::default());
    let response = post(&door, passes(), r#"{"image":"acme/fn:1"}"#).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.headers()["content-type"], "application/json");
    let report: Report = serde_json::from_slice(response.body()).unwrap();
    assert_eq!((report.check.clone(), report.outcome()), (NAME, CheckOutcome::Pass));
}

#[tokio::test]
async fn a_sealed_question_gets_a_report_sealed_with_its_nonce() {
    let door = door_with(Some(key()), DoorLimits::default());
    let response = post(&door, passes(), sealed(&key(), Timestamp::now())).await;
    assert_eq!(response.headers()["content-type"], "application/cloudevents+json");
    let envelope = Envelope::parse(response.body()).unwrap();
    let report: Report = envelope.open_answer(&key(), Timestamp::now(), HOUR, "n1").unwrap();
    assert_eq!(report.validation, request().validation);
}

#[tokio::test]
async fn a_seal_of_another_key_or_another_hour_is_unauthorised() {
    let door = door_with(Some(key()), DoorLimits::default());
    let foreign = SealingKey::new(b"fedcba9876543210").unwrap();
    let response = post(&door, passes(), sealed(&foreign, Timestamp::now())).await;
    refused(&response, 401, "seal does not verify");
    let response = post(&door, passes(), sealed(&key(), Timestamp::now() - HOUR)).await;
    refused(&response, 401, "too old");
}

#[tokio::test]
async fn an_envelope_is_never_read_as_a_bare_question() {
    let door = door_with(Some(key()), DoorLimits::default());
    let unsealed = r#"{"specversion":"1.0","image":"acme/fn:1","data":{}}"#;
    refused(&post(&door, passes(), unsealed).await, 400, "CloudEvents");
    let keyless = door_with(None, DoorLimits::default());
    let response = post(&keyless, passes(), sealed(&key(), Timestamp::now())).await;
    refused(&response, 500, "no key");
}

#[tokio::test]
async fn what_is_no_question_is_refused_with_a_remedy() {
    let door = door_with(None, DoorLimits { body_bytes_max: 64, ..DoorLimits::default() });
    refused(&post(&door, passes(), "alpine").await, 400, "not a question");
    refused(&post(&door, passes(), r#"{"imgae":"alpine"}"#).await, 400, "imgae");
    refused(&post(&door, passes(), r#"{"image":"missing"}"#).await, 422, "no such image");
    refused(&post(&door, passes(), "x".repeat(65)).await, 413, "65 bytes");
    let get = HttpRequest::builder().method(Method::GET).body(Bytes::new()).unwrap();
    let response = door::answer(passes(), get, &door).await;
    assert_eq!(response.headers()["allow"], "POST");
    refused(&response, 405, "POST");
}

#[tokio::test]
async fn a_check_that_panics_is_undecided_and_the_next_one_is_answered() {
    let door = door_with(None, DoorLimits::default());
    let breaks: Arc<dyn Check> = Arc::new(Told(|_: &Request| panic!("broken on purpose")));
    let response = post(&door, breaks, r#"{"image":"acme/fn:1"}"#).await;
    let report: Report = serde_json::from_slice(response.body()).unwrap();
    assert_eq!(report.outcome(), CheckOutcome::Undecided);
    assert_eq!(report.findings[0].rule, "check-failed");
    let response = post(&door, passes(), r#"{"image":"acme/fn:1"}"#).await;
    assert_eq!(response.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_check_past_its_time_is_undecided_and_still_counts_as_running() {
    let limits = DoorLimits {
        check_time_max: Duration::from_millis(300),
        checks_max: 1,
        ..DoorLimits::default()
    };
    let door = door_with(None, limits);
    // The sender is dropped when the test ends, also by a panic: then the check ends too.
    let (_release, held) = mpsc::channel::<()>();
    let held = Mutex::new(held);
    let hangs: Arc<dyn Check> = Arc::new(Told(move |request: &Request| {
        held.lock().unwrap().recv().ok();
        Report::new(request.validation.clone(), NAME, vec![])
    }));
    let response = post(&door, hangs, r#"{"image":"acme/fn:1"}"#).await;
    let report: Report = serde_json::from_slice(response.body()).unwrap();
    assert_eq!(report.outcome(), CheckOutcome::Undecided);
    assert!(report.findings[0].title.contains("did not answer within"), "{report:?}");
    let busy = post(&door, passes(), bare()).await;
    assert_eq!(busy.headers()["retry-after"], "1");
    refused(&busy, 429, "running");
}

fn bare() -> &'static str {
    r#"{"image":"acme/fn:1"}"#
}

#[tokio::test]
async fn a_report_in_another_name_is_untrusted() {
    let door = door_with(None, DoorLimits::default());
    let forges: Arc<dyn Check> = Arc::new(Told(|request: &Request| {
        Report::new(request.validation.clone(), CheckName::new("verify-signature"), vec![])
    }));
    let response = post(&door, forges, r#"{"image":"acme/fn:1"}"#).await;
    let report: Report = serde_json::from_slice(response.body()).unwrap();
    assert_eq!(report.findings[0].rule, "report-untrusted");
    assert_eq!(report.check, NAME);
}
