//! The user's own rules over attestations (Rego). The command line asks them, in a process of
//! their own; a function has no engine, and says so.

#[cfg(feature = "rego")]
mod engine;
#[cfg(any(test, not(feature = "rego")))]
mod no_engine;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use policy::{Rego, RegoFile};
use signature::StatementRules;
use verdict::{Effect, Finding};

use crate::rules;

/// How many warnings are told; the others are counted.
const WARNINGS_MAX: usize = 20;

/// What is needed to ask rules: the policy's `rego:` part, and until when there is an answer.
#[cfg_attr(not(feature = "rego"), expect(dead_code, reason = "there is no engine to ask"))]
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

impl Asking<'_> {
    /// The rules of a module.
    pub(crate) fn rules(&self, module: &RegoFile) -> Arc<dyn StatementRules> {
        #[cfg(feature = "rego")]
        return engine::rules(self, module);
        #[cfg(not(feature = "rego"))]
        return no_engine::rules(module);
    }
}

impl Warnings {
    #[cfg(feature = "rego")]
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
