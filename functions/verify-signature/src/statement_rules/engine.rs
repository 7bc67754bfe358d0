//! Rules that are asked: each evaluation is a process of its own (`policy::rego`).

use std::error::Error;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use policy::rego::{self, RegoKind, RegoResult};
use policy::{Rego, RegoFile};
use serde_json::value::RawValue;
use signature::StatementRules;

use super::{Asking, Warnings};

/// An evaluation may take as much memory as the policy lets it: images are judged at the same
/// time, and their rules one after the other.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// One module, ready to be asked.
#[derive(Debug)]
struct Module {
    rego: Rego,
    deadline: Timestamp,
    warnings: Warnings,
}

/// The rules of a module.
pub(super) fn rules(asking: &Asking<'_>, module: &RegoFile) -> Arc<dyn StatementRules> {
    let (rego, deadline) = (asking.rego.of_module(module.clone()), asking.deadline);
    Arc::new(Module { rego, deadline, warnings: asking.warnings.clone() })
}

impl StatementRules for Module {
    fn objections(
        &self,
        statement: &RawValue,
    ) -> Result<Vec<String>, Box<dyn Error + Send + Sync>> {
        let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
        // Waiting for one's turn takes time too.
        let left = self.deadline.duration_since(Timestamp::now());
        let left = Duration::try_from(left).unwrap_or(Duration::ZERO);
        let answers = rego::evaluate(&self.rego, &statement, left)?;
        let (denied, warned): (Vec<_>, Vec<_>) =
            answers.results.iter().partition(|it| it.kind == RegoKind::Deny);
        if denied.is_empty() {
            self.warnings.add(warned.into_iter().map(told));
        }
        Ok(denied.into_iter().map(told).collect())
    }
}

fn told(result: &RegoResult) -> String {
    format!("{} ({} at {})", result.message, result.rule, result.source)
}
