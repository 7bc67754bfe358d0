//! Keyless verification: a certificate says who signed, a log or a timestamp says when, and the
//! certificate's authority vouched for the signer at that time (Sigstore client spec §4).
//!
//! What is trusted comes from the caller's trusted root alone. No network is asked.

use std::collections::BTreeMap;

use jiff::Timestamp;
use sigstore_crypto::{CertificateInfo, FulcioCiClaims, SubjectAltName};
use sigstore_types::{KindVersion, TransparencyLogEntry};
use sigstore_verify::{VerificationPolicy, VerificationResult};

use crate::artifact::Artifact;
use crate::bundle::{Bundle, Claimed};
use crate::certificate::Certificate;
use crate::fault::BundleFault;
use crate::trust::TrustedRoot;

/// What is asked of a keyless signature besides a certificate by a trusted authority.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Evidence {
    /// An entry of a transparency log.
    pub log: Demand,
    /// The certificate itself is in a certificate log (an embedded SCT).
    pub certificate_log: Demand,
}

/// Whether something is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Demand {
    /// It must be there and verify.
    #[default]
    Required,
    /// It need not be there: the user said so, in a word that says `insecure` or `unsafe`.
    WaivedUnsafe,
}

/// Who signed, as the certificate's authority vouches. Whether that is somebody whom the user
/// trusts is the caller's to ask: a valid certificate is anybody's for the asking.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "any person can have a certificate: compare the issuer and the subject"]
pub struct Signer {
    /// Who vouched for the subject: the OIDC issuer's URL.
    pub issuer: String,
    /// Who it is: an e-mail address, the URI of a workload, or another name of Fulcio's.
    pub subject: String,
    /// What else a certificate by an authority of the user's own calls them; Fulcio knows one name.
    pub also: Vec<String>,
    /// What else the certificate says of a build, by [`Signer::EXTENSIONS`]' names.
    pub extensions: BTreeMap<&'static str, String>,
    /// Every trusted time at which the signature existed.
    pub times: Vec<Timestamp>,
}

impl Default for Evidence {
    fn default() -> Self {
        Self { log: Demand::Required, certificate_log: Demand::Required }
    }
}

impl Bundle {
    /// Verifies that somebody with a certificate by the root's authorities signed this artifact
    /// (or attested to it), and says who.
    ///
    /// # Errors
    /// When any part of the evidence does not verify.
    pub fn verify_keyless(
        &self,
        artifact: Artifact<'_>,
        root: &TrustedRoot,
        evidence: Evidence,
    ) -> Result<Signer, BundleFault> {
        if let Claimed::Key(_) = self.claimed() {
            return Err(BundleFault::NoCertificate);
        }
        self.about(&artifact)?;
        let mut policy = VerificationPolicy::any_identity();
        match evidence.log {
            Demand::Required => self.logged()?,
            Demand::WaivedUnsafe => policy = policy.skip_tlog_unsafe(),
        }
        if evidence.certificate_log == Demand::WaivedUnsafe {
            policy = policy.skip_sct();
        }
        let verified = root.verify(artifact, &self.inner, &policy);
        let verified = verified.map_err(|error| self.fault(error, root))?;
        let certificate = verified.certificate().ok_or(BundleFault::NoCertificate)?;
        let mut signer = Signer::of(certificate, self.certificate())?;
        signer.times = times(&verified)?;
        Ok(signer)
    }

    /// That there is a log entry, and of each what `sigstore-verify` does not ask: that it proves or
    /// promises something (it passes over one that does neither beside one that does), and that a
    /// proof is for the tree of its checkpoint (it compares the roots of Rekor v1, not the sizes).
    pub(crate) fn logged(&self) -> Result<(), BundleFault> {
        let entries = &self.inner.verification_material.tlog_entries;
        let vouched = |entry: &TransparencyLogEntry| {
            entry.inclusion_proof.is_some() || entry.inclusion_promise.is_some()
        };
        if entries.is_empty() || !entries.iter().all(vouched) {
            return Err(BundleFault::NotLogged);
        }
        let sizes_differ = |entry: &TransparencyLogEntry| {
            let proof = entry.inclusion_proof.as_ref()?;
            let checkpoint = proof.checkpoint.checkpoint()?;
            let is_v1 = entry.kind_version != KindVersion::HashedRekordV002;
            Some(is_v1 && checkpoint.tree_size() != proof.tree_size)
        };
        match entries.iter().filter_map(sizes_differ).any(|differs| differs) {
            true => Err(BundleFault::Log("its proof is for a tree of another size".into())),
            false => Ok(()),
        }
    }

    /// That an attestation is about this artifact.
    pub(crate) fn about(&self, artifact: &Artifact<'_>) -> Result<(), BundleFault> {
        match self.statement() {
            None => Ok(()),
            Some(Err(source)) => Err(BundleFault::Statement(source)),
            Some(Ok(statement)) => {
                statement.subject(&artifact.sha256()).ok_or(BundleFault::OtherArtifact).map(drop)
            }
        }
    }
}

impl Signer {
    /// The names by which [`Signer::extensions`] holds what a certificate says of a build, each
    /// with its last number under 1.3.6.1.4.1.57264.1 (Fulcio's docs/oid-info.md).
    pub const EXTENSIONS: [(&'static str, u8); 21] = [
        ("workflow-trigger", 2),
        ("workflow-sha", 3),
        ("workflow-name", 4),
        ("workflow-repository", 5),
        ("workflow-ref", 6),
        ("build-signer-uri", 9),
        ("build-signer-digest", 10),
        ("runner-environment", 11),
        ("source-repository-uri", 12),
        ("source-repository-digest", 13),
        ("source-repository-ref", 14),
        ("source-repository-id", 15),
        ("source-repository-owner-uri", 16),
        ("source-repository-owner-id", 17),
        ("build-config-uri", 18),
        ("build-config-digest", 19),
        ("build-trigger", 20),
        ("run-invocation-uri", 21),
        ("source-repository-visibility", 22),
        ("deployment-environment", 23),
        ("token-subject", 24),
    ];

    fn of(certificate: &CertificateInfo, read: Option<Certificate>) -> Result<Self, BundleFault> {
        let subject = match &certificate.identity {
            Some(SubjectAltName::Email(text) | SubjectAltName::Uri(text)) => Some(text.clone()),
            // Fulcio's other names are for who is neither.
            _ => read.and_then(|it| it.other_name()),
        };
        let subject = subject.ok_or(BundleFault::NoIdentity("subject"))?;
        let issuer = certificate.issuer.clone().ok_or(BundleFault::NoIdentity("issuer"))?;
        let extensions = extensions(&certificate.ci_claims);
        Ok(Self { issuer, subject, also: Vec::new(), extensions, times: Vec::new() })
    }
}

/// The verified times, in seconds: no source of them is finer.
pub(crate) fn times(verified: &VerificationResult) -> Result<Vec<Timestamp>, BundleFault> {
    passed(verified.verified_timestamps().iter().map(|time| time.as_second()))
}

/// These times, of which none may lie in the future (`sigstore-verify` asks that of a log's times and
/// not of an authority's).
pub(crate) fn passed(seconds: impl Iterator<Item = i64>) -> Result<Vec<Timestamp>, BundleFault> {
    let now = Timestamp::now();
    let passed = |second: i64| match Timestamp::from_second(second) {
        Ok(time) if time <= now => Ok(time),
        _ => Err(BundleFault::Time("it lies in the future".into())),
    };
    seconds.map(passed).collect()
}

pub(crate) fn extensions(claims: &FulcioCiClaims) -> BTreeMap<&'static str, String> {
    let github = &claims.deprecated_github;
    let values = [
        &github.workflow_trigger,
        &github.workflow_sha,
        &github.workflow_name,
        &github.workflow_repository,
        &github.workflow_ref,
        &claims.build_signer_uri,
        &claims.build_signer_digest,
        &claims.runner_environment,
        &claims.source_repository_uri,
        &claims.source_repository_digest,
        &claims.source_repository_ref,
        &claims.source_repository_identifier,
        &claims.source_repository_owner_uri,
        &claims.source_repository_owner_identifier,
        &claims.build_config_uri,
        &claims.build_config_digest,
        &claims.build_trigger,
        &claims.run_invocation_uri,
        &claims.source_repository_visibility_at_signing,
        &claims.deployment_environment,
        &claims.token_subject,
    ];
    let named = Signer::EXTENSIONS.into_iter().zip(values);
    named.filter_map(|((name, _), value)| Some((name, value.clone()?))).collect()
}
