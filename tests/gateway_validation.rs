//! The orchestrator and the checks as functions behind a gateway: what comes of forged reports,
//! missing and slow functions, and of strangers' questions.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use event_bus::{Check, Door, DoorLimits, Refusal, door};
use http::{Request as HttpRequest, Response, StatusCode};
use jiff::{SignedDuration, Timestamp};
use openfaas::{Address, Call, FunctionName, Gateway, GatewayLimits, Reply};
use orchestrator::OrchestratorFunction;
use testkit::gateway::{ASYNC_BODY_BYTES_MAX, FakeGateway, eventually};
use testkit::image::{ImageBuilder, LayerBuilder};
use testkit::program::{self, Ended};
use verdict::{
    CheckName, Digest, Envelope, Limits, Outcome, Phase, PinnedImage, Place, Platform,
    PolicyDocument, Report, Request, Role, SealingKey, Subject, ValidationId, Verdict,
};

const SECRET: &[u8] = b"the-key-of-this-installation";
const HOUR: SignedDuration = SignedDuration::from_hours(1);

fn key() -> SealingKey {
    SealingKey::new(SECRET).unwrap()
}

/// A check that finds nothing.
struct Content(&'static str);

impl Check for Content {
    fn name(&self) -> CheckName {
        CheckName::new(self.0)
    }
    fn check(&self, request: &Request) -> Report {
        Report::new(request.validation.clone(), self.name(), vec![])
    }
}

/// A gateway with the orchestrator and these checks behind it.
struct House {
    gateway: FakeGateway,
    client: Gateway,
    _secrets: tempfile::TempDir,
}

fn house(checks: &[&'static str]) -> House {
    let gateway = FakeGateway::start();
    for check in checks {
        serve(&gateway, check);
    }
    let secrets = tempfile::tempdir().unwrap();
    std::fs::write(secrets.path().join("validation-key"), SECRET).unwrap();
    let function = Arc::new(orchestrator_at(&gateway.url(), secrets.path()));
    gateway.function("orchestrator", move |request| {
        let function = Arc::clone(&function);
        async move { function.answer(request).await }
    });
    let address = Address::parse(&gateway.url()).unwrap();
    let client = Gateway::new(address, None, GatewayLimits::default()).unwrap();
    House { gateway, client, _secrets: secrets }
}

fn orchestrator_at(gateway: &str, secrets: &Path) -> OrchestratorFunction {
    let function = OrchestratorFunction::set_up(|name| match name {
        "gateway_url" => Some(gateway.to_owned()),
        "secret_mount_path" => Some(secrets.to_str()?.to_owned()),
        "exec_timeout" => Some("3s".to_owned()),
        _ => None,
    });
    function.unwrap_or_else(|unready| panic!("{unready:?}"))
}

fn serve(gateway: &FakeGateway, name: &'static str) {
    let bare = |_: &[u8], _| Err(Refusal::question("sealed questions only", "seal it"));
    let door = Arc::new(Door::new(Some(key()), Arc::new(bare), DoorLimits::default()));
    gateway.function(name, move |request| {
        let door = Arc::clone(&door);
        async move { door::answer(Arc::new(Content(name)), request, &door).await }
    });
}

fn question() -> Request {
    let subject = Subject {
        function: Some("figlet".to_owned()),
        namespace: None,
        declared: "acme/figlet:1".to_owned(),
        image: PinnedImage {
            repository: "docker.io/acme/figlet".to_owned(),
            digest: Digest::of(b"figlet"),
        },
        platform: Platform::linux_amd64(),
        role: Role::Made,
        place: Place::Registry,
        index: None,
        base: None,
        generation: None,
    };
    let policy = PolicyDocument {
        body: "checks: {build: [scan-layers, check-policy]}\n".to_owned(),
        files: Default::default(),
    };
    Request {
        validation: ValidationId::derive(Phase::Build, &subject, &policy.digest()),
        phase: Phase::Build,
        subject,
        policy,
        deadline: Timestamp::now() + SignedDuration::from_secs(20),
        limits: Limits::default(),
        function: None,
        snapshot: None,
    }
}

fn sealed(nonce: &str) -> Call {
    let envelope = Envelope::seal(&question(), "/test", nonce, Timestamp::now(), &key()).unwrap();
    call(serde_json::to_vec(&envelope).unwrap())
}

fn call(body: impl Into<Bytes>) -> Call {
    Call {
        body: body.into(),
        media_type: "application/json",
        time_max: Duration::from_secs(30),
        callback: None,
    }
}

impl House {
    async fn ask(&self, call: Call) -> Reply {
        let name: FunctionName = "orchestrator".parse().unwrap();
        self.client.invoke(&name, call).await.unwrap()
    }

    async fn verdict(&self) -> Verdict {
        let reply = self.ask(sealed("n1")).await;
        assert_eq!(reply.status, StatusCode::OK, "{}", reply.told());
        let envelope = Envelope::parse(&reply.body).unwrap();
        envelope.open_answer(&key(), Timestamp::now(), HOUR, "n1").unwrap()
    }
}

/// The rules of what is wrong with a check's report.
fn faults(verdict: &Verdict, check: &str) -> Vec<String> {
    let report = verdict.reports.iter().find(|report| report.check.as_str() == check);
    report.unwrap().findings.iter().map(|finding| finding.rule.clone()).collect()
}

#[tokio::test]
async fn checks_that_pass_are_folded_into_a_sealed_acceptance() {
    let house = house(&["scan-layers", "check-policy"]);
    let verdict = house.verdict().await;
    assert_eq!((verdict.outcome, verdict.admitted), (Outcome::Accepted, true), "{verdict:?}");
    // Nothing that the gateway hands on carries credentials.
    let headers: Vec<_> = house.gateway.calls().into_iter().map(|call| call.headers).collect();
    assert!(headers.iter().all(|headers| !headers.contains_key("authorization")));
}

#[tokio::test]
async fn a_forged_report_is_never_counted() {
    let house = house(&["scan-layers"]);
    let report = Report::new(question().validation, CheckName::new("check-policy"), vec![]);
    let foreign = SealingKey::new(b"somebody-elses-key-16").unwrap();
    let json = |key: &SealingKey, nonce: &str| {
        let envelope = Envelope::seal(&report, "/forged", nonce, Timestamp::now(), key).unwrap();
        serde_json::to_vec(&envelope).unwrap()
    };
    // Bare; sealed with another key; sealed with ours, but recorded from another question.
    let forgeries = [serde_json::to_vec(&report).unwrap(), json(&foreign, "n"), json(&key(), "n")];
    for forgery in forgeries {
        let forgery = Bytes::from(forgery);
        house.gateway.function("check-policy", move |_| {
            let forgery = forgery.clone();
            async move { Response::new(forgery) }
        });
        let verdict = house.verdict().await;
        assert_eq!((verdict.outcome, verdict.admitted), (Outcome::Undecided, false));
        assert_eq!(faults(&verdict, "check-policy"), ["report-untrusted"]);
    }
}

#[tokio::test]
async fn a_function_with_another_key_is_untrusted() {
    let house = house(&["scan-layers"]);
    let other = SealingKey::new(b"somebody-elses-key-16").unwrap();
    let bare = |_: &[u8], _| Err(Refusal::question("no", "no"));
    let door = Arc::new(Door::new(Some(other), Arc::new(bare), DoorLimits::default()));
    house.gateway.function("check-policy", move |request| {
        let door = Arc::clone(&door);
        async move { door::answer(Arc::new(Content("check-policy")), request, &door).await }
    });
    assert_eq!(faults(&house.verdict().await, "check-policy"), ["report-untrusted"]);
}

#[tokio::test]
async fn a_function_that_is_not_deployed_is_missing() {
    let verdict = house(&["scan-layers"]).verdict().await;
    assert_eq!(verdict.missing, [CheckName::new("check-policy")]);
    assert_eq!((verdict.outcome, verdict.admitted), (Outcome::Undecided, false));
}

#[tokio::test]
async fn a_function_that_hangs_is_undecided_at_the_deadline() {
    let house = house(&["scan-layers"]);
    house.gateway.function("check-policy", |_| std::future::pending::<Response<Bytes>>());
    let verdict = house.verdict().await;
    assert_eq!(verdict.outcome, Outcome::Undecided);
    assert_eq!(faults(&verdict, "check-policy"), ["check-failed"]);
}

#[tokio::test]
async fn a_gateway_that_is_busy_is_asked_again() {
    let house = house(&["scan-layers"]);
    let tries = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let counted = Arc::clone(&tries);
    let bare = |_: &[u8], _| Err(Refusal::question("no", "no"));
    let door = Arc::new(Door::new(Some(key()), Arc::new(bare), DoorLimits::default()));
    house.gateway.function("check-policy", move |request: HttpRequest<Bytes>| {
        let busy = [429, 502, 503, 504];
        let status = busy.get(counted.fetch_add(1, std::sync::atomic::Ordering::SeqCst)).copied();
        let door = Arc::clone(&door);
        async move {
            match status {
                Some(status) => Response::builder()
                    .status(status)
                    .header("retry-after", "0")
                    .header("x-openfaas-internal", "of-watchdog")
                    .body(Bytes::new())
                    .unwrap(),
                None => door::answer(Arc::new(Content("check-policy")), request, &door).await,
            }
        }
    });
    assert_eq!(house.verdict().await.outcome, Outcome::Accepted);
    assert_eq!(tries.load(std::sync::atomic::Ordering::SeqCst), 5);
}

#[tokio::test]
async fn a_stranger_may_name_images_of_public_registries_only() {
    let house = house(&["scan-layers", "check-policy"]);
    for (image, status) in [
        ("oci:/etc", StatusCode::BAD_REQUEST),
        ("docker-daemon:alpine", StatusCode::BAD_REQUEST),
        ("127.0.0.1:1/acme/fn", StatusCode::UNPROCESSABLE_ENTITY),
        ("169.254.169.254/acme/fn", StatusCode::UNPROCESSABLE_ENTITY),
    ] {
        let body = serde_json::json!({ "image": image }).to_string();
        let reply = house.ask(call(body)).await;
        assert_eq!(reply.status, status, "{image}: {}", reply.told());
        let told: serde_json::Value = serde_json::from_slice(&reply.body).unwrap();
        assert!(told["remedy"].is_string(), "{told}");
    }
}

/// `faas-validator validate oci:… --gateway … --validation-key …`, with this key.
fn validated_by(gateway: &str, secret: &[u8]) -> Ended {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let layer = LayerBuilder::new().file("main", "x");
    ImageBuilder::new().layer(layer).build().write_layout(&folder.path().join("image"), "1", &[]);
    std::fs::write(path("key"), secret).unwrap();
    std::fs::write(path("policy.yml"), "checks: {build: [scan-layers, check-policy]}\n").unwrap();
    let (image, key, policy) =
        (format!("oci:{}:1", path("image")), path("key"), path("policy.yml"));
    let asked = ["validate", &image, "--gateway", gateway, "--validation-key", &key];
    program::run(asked.into_iter().chain(["--policy", &policy, "--output", "json"]))
}

#[tokio::test]
async fn the_command_line_counts_only_what_is_sealed_for_it() {
    let house = house(&["scan-layers", "check-policy"]);
    let url = house.gateway.url();
    let ask = |secret: &'static [u8]| {
        let url = url.clone();
        async move { tokio::task::spawn_blocking(move || validated_by(&url, secret)).await.unwrap() }
    };
    let accepted = ask(SECRET).await;
    assert_eq!(accepted.code, 0, "{}{}", accepted.stdout, accepted.stderr);
    let refused = ask(b"somebody-elses-key-16").await;
    assert_eq!(refused.code, 2, "{}{}", refused.stdout, refused.stderr);

    // An acceptance of this very image, recorded and without a seal, or sealed for another question.
    let recorded = Bytes::from(accepted.stdout);
    let verdict: Verdict = serde_json::from_slice(&recorded).unwrap();
    let sealed =
        Envelope::seal(&verdict, "/orchestrator", "old", Timestamp::now(), &key()).unwrap();
    for answer in [recorded, serde_json::to_vec(&sealed).unwrap().into()] {
        house.gateway.function("orchestrator", move |_| {
            let answer = answer.clone();
            async move { Response::new(answer) }
        });
        let forged = ask(SECRET).await;
        assert_eq!(forged.code, 2, "{}{}", forged.stdout, forged.stderr);
    }
}

#[tokio::test]
async fn the_queue_brings_the_sealed_verdict_to_the_callback() {
    let house = house(&["scan-layers", "check-policy"]);
    house.gateway.function("receiver", |_| async { Response::new(Bytes::new()) });
    let callback = format!("{}/function/receiver", house.gateway.url()).parse().unwrap();
    let queued = Call { callback: Some(callback), ..sealed("n7") };
    let name: FunctionName = "orchestrator".parse().unwrap();
    let reply = house.client.invoke_async(&name, queued).await.unwrap();
    assert!(reply.body.is_empty() && reply.headers.contains_key("x-call-id"));
    let received = eventually(Duration::from_secs(20), || {
        house.gateway.calls().into_iter().find(|call| call.function == "receiver")
    });
    assert_eq!(received.headers["x-function-status"], "200");
    assert_eq!(received.headers["x-function-name"], "orchestrator");
    assert_eq!(received.headers["x-call-id"], reply.headers["x-call-id"]);
    let envelope = Envelope::parse(&received.body).unwrap();
    let verdict: Verdict = envelope.open_answer(&key(), Timestamp::now(), HOUR, "n7").unwrap();
    assert_eq!(verdict.outcome, Outcome::Accepted);
}

#[tokio::test]
async fn the_queue_takes_no_more_than_it_says() {
    let house = house(&[]);
    let name: FunctionName = "orchestrator".parse().unwrap();
    let large = call(vec![b'x'; ASYNC_BODY_BYTES_MAX + 1]);
    let error = house.client.invoke_async(&name, large).await.unwrap_err();
    assert!(error.to_string().contains("256000"), "{error}");
}

#[test]
fn without_the_key_there_is_no_orchestrator() {
    let empty = tempfile::tempdir().unwrap();
    let path = empty.path().to_str().unwrap().to_owned();
    let unready =
        OrchestratorFunction::set_up(|name| (name == "secret_mount_path").then(|| path.clone()));
    let unready = unready.err().unwrap();
    assert!(unready.to_string().contains("validation-key"), "{unready}");
}
