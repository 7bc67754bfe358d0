//! Step 1: a name becomes a digest, once. From then on nobody looks at the tag again.

use event_bus::{Question, Refusal};
use jiff::Timestamp;
use policy::Policy;
use verdict::{Limits, Platform, PolicyDocument, Request, Resolved, causes};

/// Whoever finds images by their names. It blocks.
pub trait Resolve: Send + Sync {
    /// Finds the image of this platform.
    ///
    /// # Errors
    /// When there is none, or it cannot be looked for.
    fn resolve(
        &self,
        declared: &str,
        platform: &Platform,
        policy: &Policy,
    ) -> Result<Resolved, Refusal>;
}

/// Turns a bare question into a request; `standard` is the policy of a question that brings none.
///
/// # Errors
/// When its policy cannot be read, or its image is not found.
pub fn resolve(
    question: Question,
    resolver: &dyn Resolve,
    standard: &PolicyDocument,
    deadline: Timestamp,
) -> Result<Request, Refusal> {
    let document = question.policy.as_ref().unwrap_or(standard);
    let policy = Policy::parse(document).map_err(|error| {
        Refusal::question(format!("read the policy: {error}: {}", causes(&error)), error.remedy())
    })?;
    let found = resolver.resolve(&question.image, &question.platform, &policy)?;
    let limits: Limits = policy.limits;
    Ok(question.resolved(found, standard, limits, deadline))
}
