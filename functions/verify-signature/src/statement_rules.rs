//! The user's own rules over attestations (Rego). Each evaluation is a process of its own
//! (`policy::rego`).

use std::collections::BTreeSet;
use std::error::Error;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use policy::rego::{self, RegoKind, RegoResult};
use policy::{Rego, RegoFile};
use serde_json::value::RawValue;
use signature::StatementRules;
use verdict::{Effect, Finding};

use crate::rules;

/// How many warnings are told; the others are counted.
const WARNINGS_MAX: usize = 20;

/// An evaluation may take as much memory as the policy lets it: images are judged at the same
/// time, and their rules one after the other.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// What is needed to ask rules: the policy's `rego:` part, and until when there is an answer.
pub(crate) struct Asking<'p> {
    pub(crate) rego: &'p Rego,
    pub(crate) deadline: Timestamp,
    pub(crate) warnings: Warnings,
}

/// What `warn` rules said of attestations to which no rule objects.
#[derive(Debug, Clone, Default)]
pub(crate) struct Warnings(Arc<Mutex<Said>>);

#[derive(Debug, Default)]
struct Said {
    told: BTreeSet<String>,
    more: usize,
}

/// One module, ready to be asked.
#[derive(Debug)]
struct Module {
    rego: Rego,
    deadline: Timestamp,
    warnings: Warnings,
}

impl Asking<'_> {
    /// The rules of a module.
    pub(crate) fn rules(&self, module: &RegoFile) -> Arc<dyn StatementRules> {
        let (rego, deadline) = (self.rego.of_module(module.clone()), self.deadline);
        Arc::new(Module { rego, deadline, warnings: self.warnings.clone() })
    }
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

impl Warnings {
    fn add(&self, warnings: impl Iterator<Item = String>) {
        let mut said = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for warning in warnings {
            if said.told.len() < WARNINGS_MAX {
                said.told.insert(warning);
            } else if !said.told.contains(&warning) {
                said.more += 1;
            }
        }
    }

    /// A finding for each, and one for those that are only counted.
    pub(crate) fn findings(&self) -> Vec<Finding> {
        let said = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let more = (said.more > 0).then(|| format!("and {} more like it", said.more));
        let titles = said.told.iter().cloned().chain(more);
        titles
            .map(|title| Finding::new(&rules::ATTESTATION_WARNED, title).effect(Effect::Warn))
            .collect()
    }
}
