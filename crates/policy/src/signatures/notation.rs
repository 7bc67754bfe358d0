//! What an authority trusts by Notation: its trust policy and trust stores, as texts. What they
//! mean, `crates/signature` reads.

use std::collections::BTreeMap;

use super::authority::Authority;
use super::fault::AuthorityFault as Fault;
use super::files::missing;
use super::key::{PublicKeyPem, TrustedKey};
use crate::error::PolicyError;

/// The names of a trust policy in Notation's folder; the first that is there counts.
pub(super) const TRUST_POLICIES: [&str; 2] = ["trustpolicy.oci.json", "trustpolicy.json"];
const TRUST_STORE: &str = "truststore/x509/";

/// The path that stands in policy.yml, if it is one.
pub(super) fn path(authority: &Authority) -> Option<&str> {
    let text = authority.notation.as_deref()?;
    (!is_json(text)).then_some(text)
}

/// Puts the texts of its files in the place of their paths.
pub(super) fn take(
    authority: &mut Authority,
    files: &BTreeMap<String, String>,
    faults: &mut Vec<PolicyError>,
) {
    let name = authority.name.clone();
    let mut tell = |fault| faults.push(PolicyError::Authority { authority: name.clone(), fault });
    let Some(path) = path(authority).map(str::to_owned) else { return };
    let folder = format!("{}/", path.trim_end_matches('/'));
    let in_folder = || TRUST_POLICIES.iter().find_map(|it| files.get(&format!("{folder}{it}")));
    match files.get(&path).or_else(in_folder) {
        Some(json) if is_json(json) => authority.notation = Some(json.clone()),
        Some(_) => tell(Fault::NotATrustPolicy(path)),
        None => return faults.push(missing("signatures.authorities.notation", &path)),
    }
    let mut stores: BTreeMap<String, String> = BTreeMap::new();
    for (name, text) in files {
        // TYPE/NAME/FILE
        let within = name.strip_prefix(&folder).and_then(|it| it.strip_prefix(TRUST_STORE));
        let Some((store, _)) = within.and_then(|it| it.rsplit_once('/')) else { continue };
        let all = stores.entry(store.replacen('/', ":", 1)).or_default();
        all.push_str(text);
        all.push('\n');
    }
    for (store, text) in stores {
        match pem_of(&text) {
            Some(_) if authority.trust_stores.contains_key(&store) => {
                tell(Fault::Exclusive("trust-stores", "the same one in Notation's folder"));
            }
            Some(pem) => drop(authority.trust_stores.insert(store, pem)),
            None => tell(Fault::NotACertificate(format!("{folder}{TRUST_STORE}{store}"))),
        }
    }
}

fn pem_of(text: &str) -> Option<TrustedKey> {
    let pem = PublicKeyPem(text.to_owned());
    pem.is_inline().then_some(TrustedKey::Pem(pem))
}

fn is_json(text: &str) -> bool {
    text.trim_start().starts_with('{')
}
