//! The transport that needs nobody: the checks run in this process, in parallel.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, join_all};
use tokio::sync::Semaphore;
use verdict::{CheckName, Report, Request, ValidationId, Verdict};

use crate::bus::{Bus, Recorded};
use crate::check::Check;
use crate::log::{LogError, VerdictLog};
use crate::run::{late, run, time_until, undecided};

/// The checks of this process, and a log.
pub struct Embedded {
    checks: BTreeMap<CheckName, Arc<dyn Check>>,
    running: Arc<Semaphore>,
    time_max: Duration,
    log: VerdictLog,
}

impl Embedded {
    /// A bus of these checks. At most `checks_max` of them run at once; each takes at most
    /// `time_max`, whatever the deadline says.
    pub fn new(
        checks: impl IntoIterator<Item = Arc<dyn Check>>,
        checks_max: usize,
        time_max: Duration,
        log: VerdictLog,
    ) -> Self {
        let checks = checks.into_iter().map(|check| (check.name(), check)).collect();
        Self { checks, running: Arc::new(Semaphore::new(checks_max.max(1))), time_max, log }
    }

    async fn ask_one(&self, check: Arc<dyn Check>, request: Arc<Request>) -> Report {
        let time = time_until(request.deadline, self.time_max);
        let waited = tokio::time::Instant::now();
        let permit = Arc::clone(&self.running).acquire_owned();
        match tokio::time::timeout(time, permit).await {
            Ok(Ok(permit)) => {
                run(check, request, time.saturating_sub(waited.elapsed()), permit).await
            }
            _ => undecided(&request, &check.name(), late(&check.name(), time)),
        }
    }
}

impl Bus for Embedded {
    fn transport(&self) -> &'static str {
        "embedded"
    }

    fn ask<'a>(
        &'a self,
        request: Arc<Request>,
        checks: &'a BTreeSet<CheckName>,
    ) -> BoxFuture<'a, Vec<Report>> {
        let known = checks.iter().filter_map(|name| self.checks.get(name));
        let asked = known.map(|check| self.ask_one(Arc::clone(check), Arc::clone(&request)));
        join_all(asked.collect::<Vec<_>>()).boxed()
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

/// Writes to the log on a blocking thread.
pub(crate) async fn record(log: VerdictLog, verdict: Verdict) -> Result<Recorded, LogError> {
    let task = tokio::task::spawn_blocking(move || log.record(verdict));
    task.await.map_err(|_| LogError::BrokeOff)?
}

/// Reads from the log on a blocking thread.
pub(crate) async fn recorded(
    log: VerdictLog,
    validation: ValidationId,
) -> Result<Option<Verdict>, LogError> {
    let task = tokio::task::spawn_blocking(move || log.get(&validation));
    task.await.map_err(|_| LogError::BrokeOff)?
}
