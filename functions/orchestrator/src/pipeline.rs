//! The order of the steps: resolve → plan → request → fold → act.

use std::sync::Arc;

use event_bus::Bus;
use jiff::Timestamp;
use verdict::{CheckName, Fold, Request, Verdict};

use crate::{act, fold, plan, request};

/// The name under which the orchestrator itself reports what kept it from judging.
pub const NAME: CheckName = CheckName::new("orchestrator");

/// Who asks. What a stranger brings along (a deployment, a snapshot) may be made up, so nothing
/// that follows from it is written to the log, where others would find it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asker {
    /// One of us: this process, or whoever sealed the question.
    Own,
    /// Anybody.
    Stranger,
}

/// Judges subjects by asking the checks on a bus.
#[derive(Clone)]
pub struct Orchestrator {
    bus: Arc<dyn Bus>,
}

impl Orchestrator {
    /// One that asks there.
    pub fn new(bus: Arc<dyn Bus>) -> Self {
        Self { bus }
    }

    /// Judges a subject whose image is resolved ([`resolve`](crate::resolve) does that). Whatever
    /// goes wrong is in the verdict: there is no way to get none.
    pub async fn validate(&self, asked: Request, asker: Asker) -> Verdict {
        let now = Timestamp::now();
        let plan = match plan::plan(asked, now) {
            Ok(plan) => plan,
            Err(unplanned) => return fold::unplanned(*unplanned, now),
        };
        if let Some(standing) = act::standing(&*self.bus, &plan, now).await {
            return standing;
        }
        let reports = request::gather(&*self.bus, &plan).await;
        let verdict = fold::verdict(&plan, reports, Timestamp::now());
        act::conclude(&*self.bus, &plan, verdict, asker).await
    }

    /// The transport that its questions go over.
    pub fn transport(&self) -> &'static str {
        self.bus.transport()
    }
}

/// All reports of a validation.
pub(crate) type Reports = Fold;
