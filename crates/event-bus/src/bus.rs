//! What the orchestrator needs of a transport, and no more.
//!
//! At least once in, a pure fold, first write wins out: `ask` may run a check twice and never
//! answers for it, `record` is written once however often it is called. The decision page
//! docs/decisions/001-bus.md says how each of the three maps onto JetStream.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use verdict::{CheckName, Report, Request, ValidationId, Verdict};

use crate::log::LogError;

/// A way to put questions to checks, and the log of what came of it.
pub trait Bus: Send + Sync {
    /// The transport's name: `embedded`, `gateway`.
    fn transport(&self) -> &'static str;

    /// Puts the request to each of these checks, all at once, and waits until each has answered
    /// or the request's deadline has passed. A check that answered nothing which counts has a
    /// report that says so; a check that does not exist here has none.
    fn ask<'a>(
        &'a self,
        request: Arc<Request>,
        checks: &'a BTreeSet<CheckName>,
    ) -> BoxFuture<'a, Vec<Report>>;

    /// Writes a verdict down, once: of two verdicts of one validation the first stands, as long
    /// as it is valid when the second is judged.
    fn record(&self, verdict: Verdict) -> BoxFuture<'_, Result<Recorded, LogError>>;

    /// The verdict of this validation, if one was written.
    fn recorded<'a>(
        &'a self,
        validation: &'a ValidationId,
    ) -> BoxFuture<'a, Result<Option<Verdict>, LogError>>;
}

/// What became of a verdict that was to be written.
#[derive(Debug, Clone, PartialEq)]
pub enum Recorded {
    /// It is the first of its validation, and stands.
    First(Verdict),
    /// There was one already; this is the one that stands.
    Known(Verdict),
}

impl Recorded {
    /// The verdict that stands.
    pub fn verdict(self) -> Verdict {
        match self {
            Self::First(verdict) | Self::Known(verdict) => verdict,
        }
    }
}
