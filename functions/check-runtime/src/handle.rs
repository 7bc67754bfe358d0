//! The function's HTTP door: a sealed question of the orchestrator, or a bare one of a person.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use event_bus::{Door, Refusal, Surroundings, SurroundingsError};
use http::{Request as HttpRequest, Response};
use jiff::Timestamp;
use policy::PolicyError;
use serde::Deserialize;
use verdict::{
    Digest, Limits, Phase, PinnedImage, Place, Platform, PolicyDocument, Request, Role, Subject,
    ValidationId,
};

use crate::check::CheckRuntime;

/// Answers one HTTP request. The secret `validation-key` opens sealed questions; the file that
/// the variable `policy_file` names is the policy of bare ones that bring none.
pub async fn handle(request: HttpRequest<Bytes>) -> Response<Bytes> {
    static DOOR: OnceLock<Result<Door, Unready>> = OnceLock::new();
    match DOOR.get_or_init(|| door(|name| std::env::var(name).ok())) {
        Ok(door) => event_bus::door::answer(Arc::new(CheckRuntime::default()), request, door).await,
        Err(unready) => {
            tracing::error!(
                error = unready as &dyn std::error::Error,
                "the function is not set up"
            );
            Refusal::configuration(unready.to_string(), unready.remedy()).response()
        }
    }
}

/// Why no question can be answered here.
#[derive(Debug, thiserror::Error)]
enum Unready {
    #[error("set up by its variables and secrets")]
    Surroundings(#[source] SurroundingsError),
    #[error("load the policy of policy_file")]
    Policy(#[source] PolicyError),
}

impl Unready {
    fn remedy(&self) -> String {
        match self {
            Self::Surroundings(error) => error.remedy().to_owned(),
            Self::Policy(error) => error.remedy(),
        }
    }
}

fn door(variable: impl Fn(&str) -> Option<String>) -> Result<Door, Unready> {
    let surroundings = Surroundings::read(variable).map_err(Unready::Surroundings)?;
    let policy = match &surroundings.policy_file {
        Some(path) => policy::load(path).map_err(Unready::Policy)?,
        None => default_policy(),
    };
    let bare = move |body: &[u8], deadline| question(body, &policy, deadline);
    Ok(Door::new(surroundings.key, Arc::new(bare), surroundings.limits))
}

/// The policy that leaves everything to its careful defaults.
fn default_policy() -> PolicyDocument {
    PolicyDocument { body: "{}\n".to_owned(), files: Default::default() }
}

/// The bare question: a snapshot, and whose it is.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BareQuestion {
    snapshot: serde_json::Value,
    function: Option<String>,
    namespace: Option<String>,
    /// The image by digest, for waivers that name it.
    image: Option<PinnedImage>,
    policy: Option<PolicyDocument>,
}

fn question(body: &[u8], policy: &PolicyDocument, deadline: Timestamp) -> Result<Request, Refusal> {
    let asked: BareQuestion = serde_json::from_slice(body).map_err(|error| {
        Refusal::question(
            format!("the body is not a question: {error}"),
            r#"send JSON such as {"function": "figlet", "snapshot": …}, the snapshot as `faas-validator runtime scan --output json` prints it"#,
        )
    })?;
    let unnamed =
        || PinnedImage { repository: "localhost/unnamed".to_owned(), digest: Digest::of(b"") };
    let image = asked.image.unwrap_or_else(unnamed);
    let policy = asked.policy.unwrap_or_else(|| policy.clone());
    let subject = Subject {
        function: asked.function,
        namespace: asked.namespace,
        declared: image.to_string(),
        image,
        platform: Platform::linux_amd64(),
        role: Role::Made,
        place: Place::Local,
        index: None,
        base: None,
        generation: None,
    };
    Ok(Request {
        validation: ValidationId::derive(Phase::Runtime, &subject, &policy.digest()),
        phase: Phase::Runtime,
        subject,
        policy,
        deadline,
        limits: Limits::default(),
        function: None,
        snapshot: Some(asked.snapshot),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bare_question_carries_the_snapshot_and_the_policy() {
        let body = br#"{"snapshot": {"version": 1}, "function": "figlet"}"#;
        let request = question(body, &default_policy(), Timestamp::UNIX_EPOCH).unwrap();
        assert_eq!(request.phase, Phase::Runtime);
        assert_eq!(request.subject.function.as_deref(), Some("figlet"));
        assert_eq!(request.snapshot, Some(serde_json::json!({"version": 1})));
        assert_eq!(request.policy, default_policy());
        assert!(policy::Policy::parse(&request.policy).is_ok());
    }

    #[test]
    fn a_policy_that_cannot_be_read_is_no_default() {
        let missing =
            |name: &str| (name == "policy_file").then(|| "/nowhere/policy.yml".to_owned());
        assert!(matches!(door(missing), Err(Unready::Policy(_))));
        assert!(door(|_| None).is_ok());
    }

    #[test]
    fn what_is_no_question_is_refused_with_an_example() {
        for body in [&b""[..], b"{}", br#"{"snapshot": 1, "snapshott": 2}"#] {
            let refusal = question(body, &default_policy(), Timestamp::UNIX_EPOCH).unwrap_err();
            assert_eq!(refusal.status(), http::StatusCode::BAD_REQUEST);
            assert!(refusal.remedy().contains("runtime scan"));
        }
    }
}
