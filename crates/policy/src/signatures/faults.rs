//! What is wrong with the authorities of a policy.

use std::collections::{BTreeMap, BTreeSet};

use super::attestation::{Attestation, Condition};
use super::authority::{Authority, ImageSignature, Proof};
use super::fault::AuthorityFault as Fault;
use super::identity::Identity;
use super::key::TrustedKey;
use super::pattern::TextPattern;
use super::{REPOSITORIES_ALL_MAX, REPOSITORIES_MAX, Signatures};
use crate::error::PolicyError;

/// How deep authorities may be made up of others, and how many of anything one may have: each
/// costs public-key work for each thing that is attached to an image.
const DEPTH_MAX: usize = 4;
const EACH_MAX: usize = 64;
/// The predicate type of an image signature, which is no attestation.
const SIGN_PREDICATE: &str = "https://sigstore.dev/cosign/sign/v1";

/// Everything that is wrong with whose signature is asked.
pub(crate) fn judge(signatures: &Signatures, faults: &mut Vec<PolicyError>) {
    let (authorities, shared) = (&signatures.authorities, &signatures.repositories);
    let mut repositories: BTreeSet<&str> = shared.iter().map(String::as_str).collect();
    name_repositories(authorities, DEPTH_MAX, &mut repositories);
    for (named, most) in
        [(shared.len(), REPOSITORIES_MAX), (repositories.len(), REPOSITORIES_ALL_MAX)]
    {
        if named > most {
            faults.push(PolicyError::TooManyRepositories { named, most });
        }
    }
    let mut names = BTreeSet::new();
    for authority in authorities {
        let mut own = Vec::new();
        if authority.images.is_empty() {
            own.push(Fault::Incomplete("images"));
        }
        tell(authority, own, faults);
        judge_one(authority, 1, &mut names, faults);
    }
}

/// The repositories that these name, and their members.
fn name_repositories<'a>(
    authorities: &'a [Authority],
    depth: usize,
    names: &mut BTreeSet<&'a str>,
) {
    for authority in authorities {
        names.extend(authority.repositories.iter().map(String::as_str));
        if depth > 1 {
            name_repositories(authority.members(), depth - 1, names);
        }
    }
}

fn judge_one<'a>(
    authority: &'a Authority,
    depth: usize,
    names: &mut BTreeSet<&'a str>,
    faults: &mut Vec<PolicyError>,
) {
    if !names.insert(&authority.name) {
        faults.push(PolicyError::AuthorityTwice(authority.name.clone()));
    }
    let mut own = Vec::new();
    judge_shape(authority, &mut own);
    judge_counts(authority, depth, &mut own);
    authority.keys.iter().for_each(|key| judge_key(key, &mut own));
    authority.certificate_authorities.iter().for_each(|it| judge_certificates(it, &mut own));
    let has_authorities = !authority.certificate_authorities.is_empty();
    for identity in &authority.identities {
        judge_identity(identity, has_authorities, &mut own);
    }
    authority.attestations.iter().for_each(|asked| judge_attestation(asked, &mut own));
    tell(authority, own, faults);
    if depth > DEPTH_MAX {
        return;
    }
    for member in authority.members() {
        if !member.images.is_empty() {
            tell(member, vec![Fault::Exclusive("images", "a place in another one")], faults);
        }
        if member.mode != authority.mode && member.mode != Default::default() {
            tell(member, vec![Fault::Exclusive("mode", "a place in another one")], faults);
        }
        judge_one(member, depth + 1, names, faults);
    }
}

fn tell(authority: &Authority, own: Vec<Fault>, faults: &mut Vec<PolicyError>) {
    let name = || authority.name.clone();
    faults.extend(own.into_iter().map(|fault| PolicyError::Authority { authority: name(), fault }));
}

/// One authority is signers, or a fixed answer, or made up of others.
fn judge_shape(authority: &Authority, own: &mut Vec<Fault>) {
    if authority.name.trim().is_empty() {
        own.push(Fault::Incomplete("name"));
    }
    let signers = !authority.keys.is_empty() || !authority.identities.is_empty();
    let notation = authority.notation.is_some();
    let shapes = [
        ("signers", signers),
        ("notation", notation),
        ("static", authority.r#static.is_some()),
        ("any", !authority.any.is_empty()),
        ("all", !authority.all.is_empty()),
    ];
    let mut given = shapes.iter().filter(|(_, given)| *given).map(|(shape, _)| *shape);
    match (given.next(), given.next()) {
        (None, _) => own.push(Fault::Incomplete("signers")),
        (Some(first), Some(second)) => own.push(Fault::Exclusive(first, second)),
        (Some(_), None) => {}
    }
    let conditions = [
        ("threshold", authority.threshold != 1 && !notation),
        ("annotations", !authority.annotations.is_empty() && !notation),
        ("attestations", !authority.attestations.is_empty()),
        ("require", !authority.require.is_empty()),
        ("repositories", !authority.repositories.is_empty() && !notation),
        ("skip-transparency-log-unsafe", authority.skip_transparency_log_unsafe),
        ("skip-certificate-log-unsafe", authority.skip_certificate_log_unsafe),
    ];
    let condition = conditions.iter().find(|(_, given)| *given).map(|(key, _)| *key);
    if let (Some(condition), false) = (condition, signers) {
        own.push(Fault::Exclusive(condition, "no keys or identities"));
    }
    if authority.image_signature == ImageSignature::NotAsked && authority.attestations.is_empty() {
        own.push(Fault::Incomplete("attestations"));
    }
    if !authority.certificate_authorities.is_empty() {
        judge_own_pki(authority, own);
    }
    if !authority.trust_stores.is_empty() && !notation {
        own.push(Fault::Exclusive("trust-stores", "no notation"));
    }
    let logged = authority.require.contains(&Proof::TransparencyLog);
    if logged && authority.skip_transparency_log_unsafe {
        own.push(Fault::Exclusive("require: [transparency-log]", "skip-transparency-log-unsafe"));
    }
}

fn judge_own_pki(authority: &Authority, own: &mut Vec<Fault>) {
    let certified = "certificate-authorities";
    if authority.identities.is_empty() {
        own.push(Fault::Exclusive(certified, "no identities"));
    }
    // Of these a log is asked by `require` alone, and certificate logs are Fulcio's.
    for (option, given) in [
        ("skip-transparency-log-unsafe", authority.skip_transparency_log_unsafe),
        ("skip-certificate-log-unsafe", authority.skip_certificate_log_unsafe),
    ] {
        if given {
            own.push(Fault::Exclusive(certified, option));
        }
    }
}

fn judge_counts(authority: &Authority, depth: usize, own: &mut Vec<Fault>) {
    if depth > DEPTH_MAX {
        own.push(Fault::TooMany { what: "levels of members", most: DEPTH_MAX });
    }
    for (what, count) in [
        ("images", authority.images.len()),
        ("keys", authority.keys.len()),
        ("identities", authority.identities.len()),
        ("certificate-authorities", authority.certificate_authorities.len()),
        ("attestations", authority.attestations.len()),
        ("trust-stores", authority.trust_stores.len()),
        ("annotations", authority.annotations.len()),
        ("members", authority.members().len()),
    ] {
        if count > EACH_MAX {
            own.push(Fault::TooMany { what, most: EACH_MAX });
        }
    }
    if authority.repositories.len() > REPOSITORIES_MAX {
        own.push(Fault::TooMany { what: "repositories", most: REPOSITORIES_MAX });
    }
    let threshold = authority.threshold;
    let signers = distinct_signers(authority);
    if threshold == 0 || (threshold > 1 && signers < threshold as usize) {
        own.push(Fault::Threshold { threshold, signers });
    }
}

/// How many different signers there can be. A pattern may fit many people; no two keys are one.
fn distinct_signers(authority: &Authority) -> usize {
    let is_open = |identity: &Identity| {
        identity.subject.as_ref().is_none_or(|it| !matches!(it, TextPattern::Exact(_)))
    };
    if authority.notation.is_some() || authority.identities.iter().any(is_open) {
        return usize::MAX;
    }
    let mut keys: Vec<&TrustedKey> = Vec::new();
    for key in &authority.keys {
        if !keys.contains(&key) {
            keys.push(key);
        }
    }
    keys.len() + authority.identities.len()
}

fn judge_key(key: &TrustedKey, own: &mut Vec<Fault>) {
    match key {
        // A path is still there only if its file did not come along, which is said already.
        TrustedKey::Pem(pem) if pem.as_str().contains("PRIVATE KEY-----") => {
            own.push(Fault::PrivateKey(key.to_string()));
        }
        TrustedKey::Pem(pem) if pem.is_inline() && !pem.is_public_key() => {
            own.push(Fault::NotAPublicKey(key.to_string()));
        }
        _ => {}
    }
}

fn judge_certificates(certificates: &TrustedKey, own: &mut Vec<Fault>) {
    match certificates {
        TrustedKey::Pem(pem) if pem.as_str().contains("PRIVATE KEY-----") => {
            own.push(Fault::PrivateKey(certificates.to_string()));
        }
        TrustedKey::Pem(pem) if pem.is_inline() && !pem.is_certificate() => {
            own.push(Fault::NotACertificate(certificates.to_string()));
        }
        _ => {}
    }
}

fn judge_identity(identity: &Identity, has_authorities: bool, own: &mut Vec<Fault>) {
    match identity.open(has_authorities) {
        Some(key) if !identity.any_identity_unsafe => own.push(Fault::AnyIdentity(key)),
        _ => {}
    }
    judge_patterns(identity.patterns(), identity.any_identity_unsafe, own);
}

fn judge_patterns<'a>(
    patterns: impl Iterator<Item = (&'static str, &'a TextPattern)>,
    anybody: bool,
    own: &mut Vec<Fault>,
) {
    for (key, pattern) in patterns {
        match pattern.judge() {
            Err(source) if !(anybody && pattern.accepts_anybody()) => {
                own.push(Fault::Pattern { key, pattern: pattern.to_string(), source });
            }
            _ => {}
        }
    }
}

fn judge_attestation(asked: &Attestation, own: &mut Vec<Fault>) {
    let predicate_type = asked.predicate_type.to_string();
    if predicate_type == SIGN_PREDICATE {
        own.push(Fault::SignPredicate(predicate_type));
    } else if predicate_type.trim().is_empty() {
        own.push(Fault::Incomplete("predicate-type"));
    } else if let (Some(condition), false) =
        (asked.provenance_only(), asked.predicate_type.is_provenance())
    {
        own.push(Fault::NoProvenance { condition, predicate_type });
    }
    judge_patterns(asked.patterns(), false, own);
    judge_pointers(&asked.predicate, own);
    for (what, conditions) in [("parameters", &asked.parameters), ("predicate", &asked.predicate)] {
        if conditions.len() > EACH_MAX {
            own.push(Fault::TooMany { what, most: EACH_MAX });
        }
    }
}

fn judge_pointers(conditions: &BTreeMap<String, Condition>, own: &mut Vec<Fault>) {
    let wrong = |pointer: &&String| !pointer.is_empty() && !pointer.starts_with('/');
    own.extend(conditions.keys().filter(wrong).map(|it| Fault::Pointer(it.clone())));
}
