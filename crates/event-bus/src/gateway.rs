//! The transport over any OpenFaaS as it is: parallel synchronous calls of `/function/<check>`,
//! sealed both ways.
//!
//! The gateway's function routes are open to whoever reaches them, so nothing is believed that
//! does not open with our key and the nonce of this very call.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, join_all};
use http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use openfaas::{Call, FunctionName, GatewayError, Reply};
use verdict::{CheckName, Envelope, Report, Request, SealingKey, ValidationId, Verdict};

use crate::bus::{Bus, Recorded};
use crate::embedded::{record, recorded};
use crate::log::{LogError, VerdictLog};
use crate::retry::{Backoff, is_passing, retry_after};
use crate::run::{counted, late, time_until, undecided, untrusted};

/// How old the seal of an answer may be.
const SEAL_AGE_MAX: SignedDuration = SignedDuration::from_mins(5);
/// Who asks, in the envelopes that it sends.
const SOURCE: &str = "/functions/orchestrator";

/// The checks that are deployed as functions, and a log.
pub struct Gateway {
    gateway: openfaas::Gateway,
    namespace: Option<String>,
    key: SealingKey,
    backoff: Backoff,
    time_max: Duration,
    log: VerdictLog,
}

/// What came of one call.
enum Heard {
    Report(Report),
    Absent,
    Again { why: String, wait: Option<Duration> },
}

impl Gateway {
    /// A bus over this gateway. The checks lie in `namespace`, or in the gateway's default one;
    /// each takes at most `time_max`, whatever the deadline says.
    pub fn new(
        gateway: openfaas::Gateway,
        namespace: Option<String>,
        key: SealingKey,
        time_max: Duration,
        log: VerdictLog,
    ) -> Self {
        Self { gateway, namespace, key, backoff: Backoff::default(), time_max, log }
    }

    /// The same with other waits between tries.
    #[must_use]
    pub fn backoff(mut self, backoff: Backoff) -> Self {
        self.backoff = backoff;
        self
    }

    /// Asks one check until it has answered, its time is up, or asking again is of no use.
    async fn ask_one(&self, check: &CheckName, request: &Request) -> Option<Report> {
        let time = time_until(request.deadline, self.time_max);
        let ends = Instant::now() + time;
        let mut tries = 0;
        loop {
            tries += 1;
            let left = ends.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Some(undecided(request, check, late(check, time)));
            }
            let (why, asked_wait) = match self.call(check, request, left).await {
                Heard::Report(report) => return Some(report),
                Heard::Absent => return None,
                Heard::Again { why, wait } => (why, wait),
            };
            let wait = asked_wait.unwrap_or_else(|| self.backoff.wait(tries, jitter()));
            let left = ends.saturating_duration_since(Instant::now());
            if tries >= self.backoff.tries_max || wait >= left {
                let title = format!("{check} could not be asked in {tries} tries: {why}");
                return Some(undecided(request, check, title));
            }
            tracing::debug!(%check, tries, why, "ask again");
            tokio::time::sleep(wait).await;
        }
    }

    async fn call(&self, check: &CheckName, request: &Request, time_max: Duration) -> Heard {
        let nonce = match nonce() {
            Ok(nonce) => nonce,
            Err(error) => return Heard::Report(broken(request, check, &error)),
        };
        let (name, body) = match self.sealed(check, request, &nonce) {
            Ok(call) => call,
            Err(why) => return Heard::Report(undecided(request, check, why)),
        };
        let media_type = "application/cloudevents+json";
        let call = Call { body, media_type, time_max, callback: None };
        match self.gateway.invoke(&name, call).await {
            Ok(reply) => self.hear(check, request, &nonce, &reply),
            Err(error @ GatewayError::TooLarge { .. }) => {
                Heard::Report(broken(request, check, &error))
            }
            Err(error) => Heard::Again { why: chain(&error), wait: None },
        }
    }

    fn sealed(
        &self,
        check: &CheckName,
        request: &Request,
        nonce: &str,
    ) -> Result<(FunctionName, Bytes), String> {
        let name = FunctionName::new(check.as_str(), self.namespace.as_deref())
            .map_err(|error| error.to_string())?;
        let envelope = Envelope::seal(request, SOURCE, nonce, Timestamp::now(), &self.key)
            .map_err(|error| error.to_string())?;
        let json = serde_json::to_vec(&envelope).map_err(|error| error.to_string())?;
        Ok((name, json.into()))
    }

    fn hear(&self, check: &CheckName, request: &Request, nonce: &str, reply: &Reply) -> Heard {
        match reply.status {
            StatusCode::OK => Heard::Report(self.opened(check, request, nonce, &reply.body)),
            StatusCode::NOT_FOUND => Heard::Absent,
            status if is_passing(status) => {
                let wait = retry_after(&reply.headers, Timestamp::now());
                Heard::Again { why: format!("status {status}"), wait }
            }
            StatusCode::UNAUTHORIZED => {
                let title = format!("{check} does not know our seal: {}", reply.told());
                Heard::Report(untrusted(request, check, title))
            }
            status => {
                let title = format!("{check} answered {status}: {}", reply.told());
                Heard::Report(undecided(request, check, title))
            }
        }
    }

    fn opened(&self, check: &CheckName, request: &Request, nonce: &str, body: &[u8]) -> Report {
        let opened = Envelope::parse(body).and_then(|envelope| {
            envelope.open_answer::<Report>(&self.key, Timestamp::now(), SEAL_AGE_MAX, nonce)
        });
        match opened {
            Ok(report) => counted(report, request, check),
            Err(error) => {
                let title = format!("the answer of {check} does not count: {error}");
                untrusted(request, check, title)
            }
        }
    }
}

impl Bus for Gateway {
    fn transport(&self) -> &'static str {
        "gateway"
    }

    fn ask<'a>(
        &'a self,
        request: Arc<Request>,
        checks: &'a BTreeSet<CheckName>,
    ) -> BoxFuture<'a, Vec<Report>> {
        async move {
            let asked = checks.iter().map(|check| self.ask_one(check, &request));
            join_all(asked).await.into_iter().flatten().collect()
        }
        .boxed()
    }

    fn record(&self, verdict: Verdict) -> BoxFuture<'_, Result<Recorded, LogError>> {
        record(self.log.clone(), verdict).boxed()
    }

    fn recorded<'a>(
        &'a self,
        validation: &'a ValidationId,
    ) -> BoxFuture<'a, Result<Option<Verdict>, LogError>> {
        recorded(self.log.clone(), validation.clone()).boxed()
    }
}

fn broken(request: &Request, check: &CheckName, error: &dyn std::error::Error) -> Report {
    undecided(request, check, format!("{check} could not be asked: {}", chain(error)))
}

fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

/// 128 bits that nobody has used or guesses.
fn nonce() -> Result<String, getrandom::Error> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)?;
    Ok(hex::encode(bytes))
}

fn jitter() -> u8 {
    let mut byte = [0];
    // Without randomness the wait is merely not spread.
    getrandom::fill(&mut byte).ok();
    byte[0]
}
