//! policy.yml's `image:` part: what each rule over an image's configuration and files does.

use serde::{Deserialize, Serialize};
use verdict::Effect;

use crate::runtime::PathPattern;

/// What each rule over an image's configuration and files does. The keys are the rules' ids.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct ImageRules {
    /// The image's user is root, or nobody is named.
    pub runs_as_root: RuleEffect,
    /// The image's user is a name, which a cluster cannot tell from root.
    pub non_numeric_user: RuleEffect,
    /// The image says what it is built from, and not by digest.
    pub base_not_pinned: RuleEffect,
    /// A secret stands in the image's environment.
    pub secret_in_env: RuleEffect,
    /// Environment variables that are no secrets, whatever they look like.
    pub env_allowed: Vec<String>,
    /// A file runs with its owner's or group's rights, whoever starts it.
    pub setuid_file: RuleEffect,
    /// Such files that may be there, by path glob (`/usr/bin/su`).
    pub setuid_allowed: Vec<PathPattern>,
    /// Everybody may change a program.
    pub world_writable_executable: RuleEffect,
}

/// What a rule does when it finds its fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum RuleEffect {
    /// The image is rejected.
    Reject,
    /// There is a warning.
    Warn,
    /// The rule is not asked.
    Off,
}

impl RuleEffect {
    /// The effect of a finding; nothing when the rule is not asked.
    pub fn effect(self) -> Option<Effect> {
        match self {
            Self::Reject => Some(Effect::Reject),
            Self::Warn => Some(Effect::Warn),
            Self::Off => None,
        }
    }
}

impl Default for ImageRules {
    fn default() -> Self {
        Self {
            runs_as_root: RuleEffect::Reject,
            non_numeric_user: RuleEffect::Warn,
            base_not_pinned: RuleEffect::Warn,
            secret_in_env: RuleEffect::Reject,
            env_allowed: Vec::new(),
            // Every general-purpose distribution ships su, mount and passwd.
            setuid_file: RuleEffect::Warn,
            setuid_allowed: Vec::new(),
            world_writable_executable: RuleEffect::Reject,
        }
    }
}
