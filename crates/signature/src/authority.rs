//! Somebody who vouches for images: whom they are, and what is asked of their signatures.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::Value;

use crate::attestation::AttestationDemand;
use crate::exhibit::{Certified, Claim, Fault, Signatory, Trust, Verified};
use crate::identity::Identity;
use crate::key::PublicKey;
use crate::keyed::KeyedLog;
use crate::keyless::{Demand, Evidence};
use crate::notation::NotationTrust;
use crate::own_pki::CertificateAuthorities;
use crate::trust::TrustedRoot;

/// Somebody who vouches for images.
#[derive(Debug, Clone)]
pub struct Authority {
    /// The name that the policy calls it by.
    pub name: String,
    /// Its keys.
    pub keys: Vec<PublicKey>,
    /// Whom it trusts by certificate.
    pub identities: Vec<Identity>,
    /// Whom certificates are traced to instead of the root.
    pub certificate_authorities: Option<CertificateAuthorities>,
    /// Whom it trusts with Notation signatures, if with any.
    pub notation: Option<Arc<NotationTrust>>,
    /// Whom certificates, logs and timestamps are traced to; without one no certificate and no
    /// log is trusted.
    pub root: Option<Arc<TrustedRoot>>,
    /// Whether signatures by its keys must be logged, and those with a certificate by its own
    /// certificate authorities.
    pub keyed_log: LogDemand,
    /// What is asked of signatures with a certificate by the root's.
    pub evidence: Evidence,
    /// Whether a timestamp authority must vouch for each signature's time.
    pub timestamp: TimestampDemand,
    /// How many different signers must have signed, and attested to each thing that is asked.
    pub threshold: u32,
    /// What the signers must have noted, compared as JSON values.
    pub annotations: BTreeMap<String, Value>,
    /// Whether the image itself must be signed, or attestations suffice.
    pub image_signature: SignatureDemand,
    /// What must have been attested to.
    pub attestations: Vec<AttestationDemand>,
    /// The names of the repositories in which its signatures and attestations lie; what lies in
    /// another one is not counted for it. Without a name it is not asked where something lies.
    pub repositories: BTreeSet<String>,
}

/// Whether signatures by keys must be logged.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum LogDemand {
    /// The key alone vouches.
    #[default]
    NotAsked,
    /// In a transparency log of the authority's root.
    Required,
}

/// Whether a timestamp authority must vouch for a signature's time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum TimestampDemand {
    /// It need not.
    #[default]
    NotAsked,
    /// One of the authority's root must.
    Required,
}

/// Whether the image itself must be signed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum SignatureDemand {
    /// It must be.
    #[default]
    Required,
    /// Attestations suffice.
    NotAsked,
}

impl Authority {
    /// One of these keys alone vouches.
    pub fn of_keys(name: impl Into<String>, keys: Vec<PublicKey>) -> Self {
        Self {
            name: name.into(),
            keys,
            identities: Vec::new(),
            certificate_authorities: None,
            notation: None,
            root: None,
            keyed_log: LogDemand::default(),
            evidence: Evidence::default(),
            timestamp: TimestampDemand::default(),
            threshold: 1,
            annotations: BTreeMap::new(),
            image_signature: SignatureDemand::default(),
            attestations: Vec::new(),
            repositories: BTreeSet::new(),
        }
    }

    /// Whether what lies in this repository is counted for it.
    pub(crate) fn looks_in(&self, repository: &str) -> bool {
        self.repositories.is_empty() || self.repositories.contains(repository)
    }

    /// With what signatures are verified. Without an identity nobody's certificate is asked about.
    ///
    /// # Errors
    /// When a log or timestamp is asked for, and there is no root that it could be traced to.
    pub(crate) fn trust(&self) -> Result<Trust<'_>, Fault> {
        let timestamp = self.timestamp == TimestampDemand::Required;
        let keyed_log = match (self.keyed_log, timestamp, self.root.as_deref()) {
            (LogDemand::NotAsked, false, _) => KeyedLog::WaivedUnsafe,
            (LogDemand::NotAsked, true, Some(root)) => KeyedLog::TimestampOnly(root),
            (LogDemand::Required, _, Some(root)) => KeyedLog::Required(root),
            (_, _, None) => return Err(Fault::NoRoot),
        };
        let certified = match (&self.certificate_authorities, self.root.as_deref()) {
            _ if self.identities.is_empty() => Certified::Nobody,
            (Some(authorities), _) => Certified::Own(authorities),
            (None, Some(root)) => Certified::Instance(root, self.evidence),
            (None, None) => Certified::Nobody,
        };
        let notation = self.notation.as_deref();
        Ok(Trust { keys: &self.keys, keyed_log, certified, notation })
    }

    /// Whether what verified is of one of its signers, as it asks for.
    ///
    /// # Errors
    /// When it is somebody else's, or lacks what is asked of every signature.
    pub(crate) fn accepts(&self, verified: &mut Verified, timestamped: bool) -> Result<(), Fault> {
        if let Signatory::Identity(signer) = &mut verified.signatory {
            let name = self.identities.iter().find_map(|identity| identity.name_of(signer));
            match name.map(str::to_owned) {
                None => return Err(Fault::OtherIdentity(signer.clone())),
                // Who has several names is counted by the one that is trusted.
                Some(name) => signer.subject = name,
            }
            if self.evidence.log == Demand::WaivedUnsafe && verified.times.is_empty() {
                // Without a trusted time nobody knows whether the certificate was valid.
                return Err(Fault::NoTimestamp);
            }
        }
        if self.timestamp == TimestampDemand::Required && !timestamped {
            return Err(Fault::NoTimestamp);
        }
        match &verified.claim {
            Claim::Signature(payload) => self.noted(&payload.annotations),
            Claim::Attestation(_) => Ok(()),
        }
    }

    fn noted(&self, annotations: &BTreeMap<String, Value>) -> Result<(), Fault> {
        let missing = |(name, value): &(&String, &Value)| annotations.get(*name) != Some(*value);
        match self.annotations.iter().find(missing) {
            None => Ok(()),
            Some((name, value)) => Err(Fault::Annotation(format!("{name}: {value}"))),
        }
    }
}
