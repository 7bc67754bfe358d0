//! What of a policy's authorities could verify nothing, whatever image is asked about: it is known
//! when the policy is written, and need not wait for the first image.

use std::collections::BTreeMap;

use jiff::Timestamp;
use policy::{Authority, Signatures, TrustedKey};
use signature::{CertificateAuthorities, NotationTrust, NotationTrustError, PublicKey};
use verdict::causes;

use crate::authorities::{self, UnusableAuthority};

/// A part of an authority that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnusablePart {
    /// The authority.
    pub authority: String,
    /// What the policy says there: a PEM text or a trusted root.
    pub written: Option<String>,
    /// Why it cannot be used.
    pub why: String,
    /// What to do about it.
    pub remedy: &'static str,
}

/// Every part that cannot be used. What lies in secrets is known only where the check runs.
pub fn unusable_parts(signatures: &Signatures) -> Vec<UnusablePart> {
    let mut parts = Vec::new();
    signatures.authorities.iter().for_each(|authority| look(authority, &mut parts));
    parts
}

fn look(authority: &Authority, parts: &mut Vec<UnusablePart>) {
    let mut tell = |written: Option<&str>, error: UnusableAuthority| {
        parts.push(UnusablePart {
            authority: authority.name.clone(),
            written: written.map(str::to_owned),
            why: format!("{error}: {}", causes(&error)),
            remedy: remedy(&error),
        });
    };
    let name = || authority.name.clone();
    for (number, pem) in texts(&authority.keys) {
        if let Err(source) = PublicKey::from_pem(pem) {
            tell(Some(pem), UnusableAuthority::Key { authority: name(), number, source });
        }
    }
    for (number, pem) in texts(&authority.certificate_authorities) {
        if let Err(source) = CertificateAuthorities::default().add(pem) {
            tell(Some(pem), UnusableAuthority::Certificates { authority: name(), number, source });
        }
    }
    if let Some(json) = &authority.notation {
        // Its stores may lie in secrets, and which of them count depends on the image.
        let read = NotationTrust::read(json, &BTreeMap::new(), "", Timestamp::UNIX_EPOCH);
        if let Err(source @ NotationTrustError::Policy(_)) = read {
            let source = Box::new(source);
            tell(Some(json), UnusableAuthority::Notation { authority: name(), source });
        }
    }
    if authorities::asks_root(authority)
        && let Err(error) = authorities::read_root(authority)
    {
        tell(authority.trusted_root.json(), error);
    }
    let patterns = authority.identities.iter().map(|it| authorities::identity(it).map(drop));
    let asked = authority.attestations.iter().map(|it| authorities::conditions(it).map(drop));
    for source in patterns.chain(asked).filter_map(Result::err) {
        tell(None, UnusableAuthority::Pattern { authority: name(), source });
    }
    authority.members().iter().for_each(|member| look(member, parts));
}

/// The PEM texts among these, each with its number.
fn texts(keys: &[TrustedKey]) -> impl Iterator<Item = (usize, &str)> {
    (1..).zip(keys).filter_map(|(number, key)| match key {
        TrustedKey::Pem(pem) => Some((number, pem.as_str())),
        TrustedKey::Secret(_) => None,
    })
}

fn remedy(error: &UnusableAuthority) -> &'static str {
    match error {
        UnusableAuthority::Key { .. } => {
            "give the whole PEM of the public key (`cosign public-key --key …` prints it)"
        }
        UnusableAuthority::Certificates { .. } => {
            "give the whole PEM of the authority's certificates, and nothing else"
        }
        UnusableAuthority::Secret { .. } | UnusableAuthority::Store { .. } => {
            "put the secret where the check runs"
        }
        UnusableAuthority::Notation { .. } => {
            "mend Notation's trustpolicy.json: `notation policy show` tells whether Notation takes it"
        }
        UnusableAuthority::Pattern { .. } => {
            "write a shorter or simpler pattern, or the exact text"
        }
        UnusableAuthority::Root { .. } => {
            "get trusted_root.json again from who runs the instance, or say `public-good`"
        }
    }
}
