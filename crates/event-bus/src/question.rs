//! The bare question, as a person asks it with curl: `{"image": "ghcr.io/acme/fn:1"}`.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use verdict::{
    Limits, Phase, PinnedImage, Platform, PolicyDocument, Request, Resolved, Role, Subject,
    ValidationId,
};

use crate::refusal::Refusal;

/// A question that names an image by a reference, which is still to be resolved to a digest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// The image: a reference, as `docker pull` takes it.
    pub image: String,
    /// The function that runs it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub function: Option<String>,
    /// That function's OpenFaaS namespace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// `build` or `runtime`.
    #[serde(default = "build")]
    pub phase: Phase,
    /// `linux/amd64`, …
    #[serde(default = "Platform::linux_amd64")]
    pub platform: Platform,
    /// Whether the function's build makes the image or uses it.
    #[serde(default = "made")]
    pub role: Role,
    /// The image that it is built on, by digest: what came from there is told apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<PinnedImage>,
    /// The policy to judge by, instead of the function's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<PolicyDocument>,
    /// Which deployment of the function this is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generation: Option<String>,
    /// The function's entry in stack.yml, or its deployment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deployment: Option<serde_json::Value>,
    /// What was seen in its container; runtime phase only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snapshot: Option<serde_json::Value>,
}

fn build() -> Phase {
    Phase::Build
}

fn made() -> Role {
    Role::Made
}

impl Question {
    /// The question about this image, and nothing more said.
    pub fn about(image: impl Into<String>) -> Self {
        Self {
            image: image.into(),
            function: None,
            namespace: None,
            phase: Phase::Build,
            platform: Platform::linux_amd64(),
            role: Role::Made,
            base: None,
            policy: None,
            generation: None,
            deployment: None,
            snapshot: None,
        }
    }

    /// Reads the question from a JSON body.
    ///
    /// # Errors
    /// When it is not JSON, lacks an image, or has a key that no question has.
    pub fn parse(body: &[u8]) -> Result<Self, Refusal> {
        serde_json::from_slice(body).map_err(|error| {
            Refusal::question(
                format!("the body is not a question: {error}"),
                r#"send JSON such as {"image": "ghcr.io/acme/fn:1"}"#,
            )
        })
    }

    /// The request that it comes to, now that its image is resolved. `policy` is what applies
    /// when the question brings none.
    pub fn resolved(
        self,
        found: Resolved,
        policy: &PolicyDocument,
        limits: Limits,
        deadline: Timestamp,
    ) -> Request {
        let policy = self.policy.unwrap_or_else(|| policy.clone());
        let subject = Subject {
            function: self.function,
            namespace: self.namespace,
            declared: self.image,
            image: found.image,
            index: found.index,
            base: self.base,
            platform: self.platform,
            role: self.role,
            place: found.place,
            generation: self.generation,
        };
        Request {
            validation: ValidationId::derive(self.phase, &subject, &policy.digest()),
            phase: self.phase,
            subject,
            policy,
            deadline,
            limits,
            function: self.deployment,
            snapshot: self.snapshot,
        }
    }
}
