//! Rules in a program that has no engine: nothing is known of what they would say.

use std::error::Error;
use std::sync::Arc;

use policy::RegoFile;
use serde_json::value::RawValue;
use signature::StatementRules;

/// A module that cannot be asked here.
#[derive(Debug, thiserror::Error)]
#[error(
    "this program has no Rego engine to ask {0}: rules over attestations are asked by the command \
     line (`faas-cli validate`), not by the function verify-signature"
)]
struct NoEngine(String);

#[derive(Debug)]
struct Unasked(String);

/// The rules of a module.
pub(super) fn rules(module: &RegoFile) -> Arc<dyn StatementRules> {
    Arc::new(Unasked(module.path.clone()))
}

impl StatementRules for Unasked {
    fn objections(&self, _: &RawValue) -> Result<Vec<String>, Box<dyn Error + Send + Sync>> {
        Err(NoEngine(self.0.clone()).into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_an_engine_rules_have_not_agreed() {
        let module = RegoFile { path: "a.rego".to_owned(), text: "package a".to_owned() };
        let error = rules(&module).objections(RawValue::NULL).unwrap_err();
        assert!(error.to_string().contains("no Rego engine to ask a.rego"), "{error}");
    }
}
