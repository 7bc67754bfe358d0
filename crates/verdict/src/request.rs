//! What is asked of a check.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::digest::{Digest, Sha256};
use crate::limits::Limits;
use crate::subject::{Phase, Subject};

/// A policy as it travels: policy.yml and the files that it names, so that a check on another
/// machine judges by the same bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PolicyDocument {
    /// policy.yml, as it was written.
    pub body: String,
    /// Rego modules and public keys that it names, by the path it names them by.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub files: BTreeMap<String, String>,
}

impl PolicyDocument {
    /// The policy's revision: a digest over the body and every file with its name.
    pub fn digest(&self) -> Digest {
        let mut sha256 = Sha256::default();
        let mut part = |bytes: &[u8]| {
            sha256.update(&(bytes.len() as u64).to_be_bytes());
            sha256.update(bytes);
        };
        part(self.body.as_bytes());
        for (path, text) in &self.files {
            part(path.as_bytes());
            part(text.as_bytes());
        }
        sha256.finish()
    }
}

/// The id of a validation: 32 hexadecimal digits, the same for the same question.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct ValidationId(String);

impl ValidationId {
    /// Derived from phase, image digest, platform, policy and deployment generation, so that an
    /// event handled twice is one validation.
    pub fn derive(phase: Phase, subject: &Subject, policy: &Digest) -> Self {
        let generation = subject.generation.as_deref().unwrap_or_default();
        let function = subject.function.as_deref().unwrap_or_default();
        let namespace = subject.namespace.as_deref().unwrap_or_default();
        let (image, platform) = (&subject.image, &subject.platform);
        let text = format!(
            "{phase}\n{image}\n{platform}\n{policy}\n{namespace}\n{function}\n{generation}"
        );
        // What one index says of an image, another does not.
        let index = subject.index.map(|it| format!("\n{it}")).unwrap_or_default();
        // Built on one image, its findings are to be mended otherwise than on another.
        let base = subject.base.as_ref().map(|it| format!("\nbase {it}")).unwrap_or_default();
        Self(Digest::of(format!("{text}{index}{base}").as_bytes()).hex()[..32].to_owned())
    }

    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ValidationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A question to a check. The same subject, policy and advisory revision give the same report.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Request {
    /// Which validation this belongs to.
    pub validation: ValidationId,
    /// When the subject is judged.
    pub phase: Phase,
    /// Who is judged.
    pub subject: Subject,
    /// By what.
    pub policy: PolicyDocument,
    /// When the answer is of no more use (UTC).
    #[cfg_attr(feature = "schema", schemars(with = "String", extend("format" = "date-time")))]
    pub deadline: Timestamp,
    /// How much of the image is taken in.
    #[serde(default)]
    pub limits: Limits,
    /// The function's entry in stack.yml, or its deployment, as the user's Rego sees it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub function: Option<serde_json::Value>,
    /// What was seen in the container (`crates/snapshot`); runtime phase only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snapshot: Option<serde_json::Value>,
}
