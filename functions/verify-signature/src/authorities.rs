//! The policy's authorities, with their keys read.

use signature::{Authority, KeyError, PublicKey};

/// A key of the policy that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("key {number} of the authority {authority:?} cannot be used")]
pub(crate) struct UnusableKey {
    authority: String,
    number: usize,
    source: KeyError,
}

/// Reads the keys of these authorities. One that cannot be read stops everything: an authority
/// with a silently dropped key is not the one that the policy names.
pub(crate) fn read(authorities: &[&policy::Authority]) -> Result<Vec<Authority>, UnusableKey> {
    authorities.iter().map(|authority| read_one(authority)).collect()
}

fn read_one(authority: &policy::Authority) -> Result<Authority, UnusableKey> {
    let read = |(number, pem): (usize, &policy::PublicKeyPem)| {
        PublicKey::from_pem(pem.as_str()).map_err(|source| UnusableKey {
            authority: authority.name.clone(),
            number,
            source,
        })
    };
    let keys = (1..).zip(&authority.keys).map(read).collect::<Result<_, _>>()?;
    Ok(Authority { name: authority.name.clone(), keys })
}
