//! Step 2: by which policy, which checks, until when.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use policy::{Policy, PolicyError};
use verdict::{CheckName, Request, ValidationId};

/// What is to be done for one request.
pub(crate) struct Plan {
    /// The request as the checks get it.
    pub(crate) request: Arc<Request>,
    /// The policy that it names.
    pub(crate) policy: Policy,
    /// The checks that must have answered.
    pub(crate) required: BTreeSet<CheckName>,
}

/// A request for which there is no plan, because its policy cannot be read.
pub(crate) struct Unplanned {
    pub(crate) request: Request,
    pub(crate) error: PolicyError,
}

/// Plans. The request's id is derived here again and its limits are the policy's, whoever asked:
/// neither is the asker's to choose.
pub(crate) fn plan(mut request: Request, now: Timestamp) -> Result<Plan, Box<Unplanned>> {
    request.validation =
        ValidationId::derive(request.phase, &request.subject, &request.policy.digest());
    let policy = match Policy::parse(&request.policy) {
        Ok(policy) => policy,
        Err(error) => return Err(Box::new(Unplanned { request, error })),
    };
    request.limits = policy.limits;
    let check_ms_max = i64::try_from(policy.limits.check_ms_max).unwrap_or(i64::MAX);
    let latest = now.saturating_add(SignedDuration::from_millis(check_ms_max));
    request.deadline = request.deadline.min(latest.unwrap_or(Timestamp::MAX));
    let required = policy.checks.required(request.phase).clone();
    Ok(Plan { request: Arc::new(request), policy, required })
}
