//! The policy's authorities, with their keys read.

use policy::TrustedKey;
use signature::{Authority, KeyError, PublicKey};

/// An authority of the policy that cannot be asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UnusableAuthority {
    /// A key of it is none, or of a kind that is not verified.
    #[error("key {number} of the authority {authority:?} cannot be used")]
    Key { authority: String, number: usize, source: KeyError },
    /// It asks what is not judged.
    #[error("the authority {authority:?} asks for {what}, which is not judged yet")]
    NotJudged { authority: String, what: &'static str },
}

/// Reads the keys of these authorities. One that cannot be read stops everything: an authority
/// with a silently dropped key is not the one that the policy names.
pub(crate) fn read(
    authorities: &[&policy::Authority],
) -> Result<Vec<Authority>, UnusableAuthority> {
    authorities.iter().map(|authority| read_one(authority)).collect()
}

fn read_one(authority: &policy::Authority) -> Result<Authority, UnusableAuthority> {
    let name = || authority.name.clone();
    if let Some(what) = not_judged(authority) {
        return Err(UnusableAuthority::NotJudged { authority: name(), what });
    }
    let read = |(number, key): (usize, &TrustedKey)| match key {
        TrustedKey::Pem(pem) => PublicKey::from_pem(pem.as_str())
            .map_err(|source| UnusableAuthority::Key { authority: name(), number, source }),
        TrustedKey::Secret(_) => {
            let what = "a key in a secret";
            Err(UnusableAuthority::NotJudged { authority: name(), what })
        }
    };
    let keys = (1..).zip(&authority.keys).map(read).collect::<Result<_, _>>()?;
    Ok(Authority { name: name(), keys })
}

/// What the authority asks for besides a signature by a key.
fn not_judged(authority: &policy::Authority) -> Option<&'static str> {
    [
        ("identities", !authority.identities.is_empty()),
        ("a threshold", authority.threshold != 1),
        ("annotations", !authority.annotations.is_empty()),
        ("attestations", !authority.attestations.is_empty()),
        ("proofs", !authority.require.is_empty()),
        ("a fixed answer", authority.r#static.is_some()),
        ("other authorities", !authority.members().is_empty()),
        ("a warning", authority.mode != policy::AuthorityMode::Enforce),
    ]
    .into_iter()
    .find_map(|(what, asked)| asked.then_some(what))
}
