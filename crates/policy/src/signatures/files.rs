//! The files that authorities name: public keys, trusted roots, rules over attestations, Notation's
//! folders. They travel with the policy.

use std::collections::BTreeMap;

use super::attestation::Attestation;
use super::authority::Authority;
use super::fault::AuthorityFault;
use super::key::{PublicKeyPem, TrustedKey};
use super::notation;
use super::trusted_root::TrustedRootSource;
use crate::error::PolicyError;
use crate::rego::RegoFile;

/// How deep members are looked into; deeper ones are a fault already.
const DEPTH_MAX: usize = 8;

/// The paths of the files that these authorities name.
pub(crate) fn named(authorities: &[Authority]) -> Vec<&str> {
    let mut paths = Vec::new();
    collect(authorities, DEPTH_MAX, &mut paths);
    paths
}

fn collect<'a>(authorities: &'a [Authority], depth: usize, paths: &mut Vec<&'a str>) {
    for authority in authorities {
        paths.extend(authority.keys.iter().filter_map(path));
        paths.extend(authority.certificate_authorities.iter().filter_map(path));
        paths.extend(authority.trusted_root.path());
        paths.extend(authority.attestations.iter().filter_map(Attestation::rego_path));
        paths.extend(authority.trust_stores.values().filter_map(path));
        paths.extend(notation::path(authority));
        if depth > 0 {
            collect(authority.members(), depth - 1, paths);
        }
    }
}

/// Whether a file of a folder that an authority names is one that it needs: of Notation's folder
/// the trust policy, certificates and lists of revoked ones, and never a private key beside them.
pub(crate) fn is_wanted(name: &str) -> bool {
    notation::TRUST_POLICIES.contains(&name)
        || [".pem", ".crt", ".cer", ".crl"].iter().any(|suffix| name.ends_with(suffix))
}

fn path(key: &TrustedKey) -> Option<&str> {
    match key {
        TrustedKey::Pem(pem) if !pem.is_inline() => Some(pem.as_str()),
        _ => None,
    }
}

/// Puts the text of each file in the place of its path.
pub(crate) fn take(
    authorities: &mut [Authority],
    files: &BTreeMap<String, String>,
    faults: &mut Vec<PolicyError>,
) {
    for authority in authorities {
        let name = authority.name.clone();
        let keys = ("signatures.authorities.keys", &mut authority.keys);
        let key = "signatures.authorities.certificate-authorities";
        let certificates = (key, &mut authority.certificate_authorities);
        for (key, pems) in [keys, certificates] {
            for pem in pems {
                take_pem(&name, key, pem, files, faults);
            }
        }
        if let Some(path) = authority.trusted_root.path() {
            match files.get(path) {
                Some(json) if json.trim_start().starts_with('{') => {
                    authority.trusted_root = TrustedRootSource(json.clone());
                }
                Some(_) => {
                    let fault = AuthorityFault::NotATrustedRoot(path.to_owned());
                    faults.push(PolicyError::Authority { authority: name.clone(), fault });
                }
                None => faults.push(missing("signatures.authorities.trusted-root", path)),
            }
        }
        for asked in &mut authority.attestations {
            take_rules(asked, &name, files, faults);
        }
        for store in authority.trust_stores.values_mut() {
            take_pem(&name, "signatures.authorities.trust-stores", store, files, faults);
        }
        notation::take(authority, files, faults);
        take(&mut authority.any, files, faults);
        take(&mut authority.all, files, faults);
    }
}

/// Puts the rules in place that an attestation is asked by.
fn take_rules(
    asked: &mut Attestation,
    authority: &str,
    files: &BTreeMap<String, String>,
    faults: &mut Vec<PolicyError>,
) {
    let Some(rego) = &asked.rego else { return };
    let (path, text) = match asked.rego_path() {
        Some(path) => (path.to_owned(), files.get(path)),
        None => (format!("policy.yml ({authority})"), Some(rego)),
    };
    match text {
        Some(text) => asked.module = Some(RegoFile { path, text: text.clone() }),
        None => faults.push(missing("signatures.authorities.attestations.rego", &path)),
    }
}

fn take_pem(
    authority: &str,
    key: &'static str,
    pem: &mut TrustedKey,
    files: &BTreeMap<String, String>,
    faults: &mut Vec<PolicyError>,
) {
    let Some(path) = path(pem) else { return };
    match files.get(path).map(|text| PublicKeyPem(text.clone())) {
        Some(text) if text.is_inline() => *pem = TrustedKey::Pem(text),
        Some(_) => {
            let fault = AuthorityFault::NotPem(path.to_owned());
            faults.push(PolicyError::Authority { authority: authority.to_owned(), fault });
        }
        None => faults.push(missing(key, path)),
    }
}

pub(super) fn missing(key: &'static str, path: &str) -> PolicyError {
    let path = path.lines().next().unwrap_or_default().chars().take(80).collect();
    PolicyError::NoSuchFile { key, path }
}
