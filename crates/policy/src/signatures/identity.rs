//! Whom an authority trusts without a key: a person or workload that somebody else vouches for.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::key::TrustedKey;
use super::pattern::TextPattern;

/// A signer by certificate: who it is, and who says so. Both are asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Identity {
    /// Who it is: an e-mail address, or the URI of a workload.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<TextPattern>,
    /// Who vouches for the subject: the URL of an OpenID Connect issuer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer: Option<TextPattern>,
    /// What else the certificate must say, of a build most often.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub extensions: BTreeMap<Extension, TextPattern>,
    /// Lets a subject or an issuer be missing, or a pattern that anybody fits. A certificate is
    /// anybody's for the asking: such an identity proves nothing.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub any_identity_unsafe: bool,
}

/// What a certificate by Fulcio says of a build (its docs/oid-info.md; the `workflow-…` are the
/// older ones, of GitHub alone).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs, reason = "the names are Fulcio's")]
pub enum Extension {
    WorkflowTrigger,
    WorkflowSha,
    WorkflowName,
    WorkflowRepository,
    WorkflowRef,
    BuildSignerUri,
    BuildSignerDigest,
    RunnerEnvironment,
    SourceRepositoryUri,
    SourceRepositoryDigest,
    SourceRepositoryRef,
    SourceRepositoryId,
    SourceRepositoryOwnerUri,
    SourceRepositoryOwnerId,
    BuildConfigUri,
    BuildConfigDigest,
    BuildTrigger,
    RunInvocationUri,
    SourceRepositoryVisibility,
    DeploymentEnvironment,
    TokenSubject,
}

impl Extension {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 21] = [
        Self::WorkflowTrigger,
        Self::WorkflowSha,
        Self::WorkflowName,
        Self::WorkflowRepository,
        Self::WorkflowRef,
        Self::BuildSignerUri,
        Self::BuildSignerDigest,
        Self::RunnerEnvironment,
        Self::SourceRepositoryUri,
        Self::SourceRepositoryDigest,
        Self::SourceRepositoryRef,
        Self::SourceRepositoryId,
        Self::SourceRepositoryOwnerUri,
        Self::SourceRepositoryOwnerId,
        Self::BuildConfigUri,
        Self::BuildConfigDigest,
        Self::BuildTrigger,
        Self::RunInvocationUri,
        Self::SourceRepositoryVisibility,
        Self::DeploymentEnvironment,
        Self::TokenSubject,
    ];

    /// The name, as policy.yml has it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::WorkflowTrigger => "workflow-trigger",
            Self::WorkflowSha => "workflow-sha",
            Self::WorkflowName => "workflow-name",
            Self::WorkflowRepository => "workflow-repository",
            Self::WorkflowRef => "workflow-ref",
            Self::BuildSignerUri => "build-signer-uri",
            Self::BuildSignerDigest => "build-signer-digest",
            Self::RunnerEnvironment => "runner-environment",
            Self::SourceRepositoryUri => "source-repository-uri",
            Self::SourceRepositoryDigest => "source-repository-digest",
            Self::SourceRepositoryRef => "source-repository-ref",
            Self::SourceRepositoryId => "source-repository-id",
            Self::SourceRepositoryOwnerUri => "source-repository-owner-uri",
            Self::SourceRepositoryOwnerId => "source-repository-owner-id",
            Self::BuildConfigUri => "build-config-uri",
            Self::BuildConfigDigest => "build-config-digest",
            Self::BuildTrigger => "build-trigger",
            Self::RunInvocationUri => "run-invocation-uri",
            Self::SourceRepositoryVisibility => "source-repository-visibility",
            Self::DeploymentEnvironment => "deployment-environment",
            Self::TokenSubject => "token-subject",
        }
    }
}

impl Identity {
    /// Who it is and who says so, in words; without an issuer it is these authorities.
    pub(super) fn shown(&self, authorities: &[TrustedKey]) -> String {
        let shown = |pattern: &Option<TextPattern>, other: String| {
            pattern.as_ref().map_or(other, ToString::to_string)
        };
        let issuer = match authorities.len() {
            0 => "anybody".to_owned(),
            1 => "a certificate authority of its own".to_owned(),
            count => format!("{count} certificate authorities of its own"),
        };
        let (subject, issuer) =
            (shown(&self.subject, "anybody".to_owned()), shown(&self.issuer, issuer));
        match self.extensions.len() {
            0 => format!("{subject} by {issuer}"),
            asked => format!("{subject} by {issuer} with {asked} extensions"),
        }
    }

    /// The patterns in it, each with the key that it stands under.
    pub(crate) fn patterns(&self) -> impl Iterator<Item = (&'static str, &TextPattern)> {
        let named = [("subject", &self.subject), ("issuer", &self.issuer)].into_iter();
        let named = named.filter_map(|(key, pattern)| Some((key, pattern.as_ref()?)));
        named.chain(self.extensions.values().map(|pattern| ("extensions", pattern)))
    }

    /// Which of the two is missing, or accepts anybody. By certificate authorities of the user's own
    /// the issuer is these.
    pub(crate) fn open(&self, has_authorities: bool) -> Option<&'static str> {
        let open = |pattern: &Option<TextPattern>| {
            pattern.as_ref().is_none_or(TextPattern::accepts_anybody)
        };
        // Who it is may also be said by what the certificate says of the build.
        let narrowed = self.extensions.values().any(|it| !it.accepts_anybody());
        if open(&self.issuer) && !has_authorities {
            Some("issuer")
        } else if self.subject.is_none() || (open(&self.subject) && !narrowed) {
            Some("subject")
        } else {
            None
        }
    }
}
