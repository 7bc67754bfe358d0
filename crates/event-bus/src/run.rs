//! One check, run to a report whatever happens: on a blocking thread, within a deadline, and with
//! a panic caught.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::OwnedSemaphorePermit;
use verdict::{CheckName, Finding, Report, Request, common};

use crate::check::Check;

/// Runs the check. The permit is held until the check has really ended, not merely until its
/// deadline: a check that hangs goes on counting against how many may run.
pub(crate) async fn run(
    check: Arc<dyn Check>,
    request: Arc<Request>,
    time: Duration,
    permit: OwnedSemaphorePermit,
) -> Report {
    let name = check.name();
    if time.is_zero() {
        return undecided(&request, &name, late(&name, time));
    }
    let started = Instant::now();
    let asked = Arc::clone(&request);
    let task = tokio::task::spawn_blocking(move || {
        let report = check.check(&asked);
        drop(permit);
        report
    });
    let mut report = match tokio::time::timeout(time, task).await {
        Ok(Ok(report)) => counted(report, &request, &name),
        Ok(Err(broken)) => {
            let why = if broken.is_panic() { "it panicked" } else { "it was cancelled" };
            undecided(&request, &name, format!("{name} broke off: {why}"))
        }
        Err(_) => undecided(&request, &name, late(&name, time)),
    };
    report.took_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    report
}

/// The report, if it answers this request in the name of this check; else one that says not.
pub(crate) fn counted(report: Report, request: &Request, check: &CheckName) -> Report {
    if report.validation == request.validation && report.check == *check {
        return report;
    }
    let title = format!(
        "{check} was asked about {}, and {} answered about {}",
        request.validation, report.check, report.validation
    );
    untrusted(request, check, title)
}

/// What is reported when a check did not answer in time.
pub(crate) fn late(check: &CheckName, time: Duration) -> String {
    format!("{check} did not answer within {} ms", time.as_millis())
}

/// A report that says that the check could not be carried out.
pub(crate) fn undecided(request: &Request, check: &CheckName, title: String) -> Report {
    let finding = Finding::undecided(&common::CHECK_FAILED, title);
    Report::new(request.validation.clone(), check.clone(), vec![finding])
}

/// A report that says that what came cannot be believed.
pub(crate) fn untrusted(request: &Request, check: &CheckName, title: String) -> Report {
    let finding = Finding::undecided(&common::REPORT_UNTRUSTED, title);
    Report::new(request.validation.clone(), check.clone(), vec![finding])
}

/// How long there is from now until `deadline`, and at most `time_max`.
pub(crate) fn time_until(deadline: jiff::Timestamp, time_max: Duration) -> Duration {
    let left = deadline.duration_since(jiff::Timestamp::now());
    Duration::try_from(left).unwrap_or(Duration::ZERO).min(time_max)
}
