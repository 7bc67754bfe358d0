//! The policy's authorities, ready to be asked: keys read (from secrets too), patterns compiled,
//! trusted roots parsed.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;
use policy::{ImageSignature, Proof, TextPattern, TrustedKey};
use signature::{
    Asked, AttestationDemand, Authority, CertificateAuthorities, CertificateAuthorityError,
    Condition, Demand, Evidence, Identity, KeyError, LogDemand, NotationTrust, NotationTrustError,
    Place, PublicKey, SignatureDemand, TextMatch, TextMatchError, TimestampDemand, TrustError,
    TrustedRoot,
};

use crate::secrets::{SecretError, Secrets};
use crate::statement_rules::Asking;

/// An authority of the policy that cannot be asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UnusableAuthority {
    /// A key of it is none, or of a kind that is not verified.
    #[error("key {number} of the authority {authority:?} cannot be used")]
    Key { authority: String, number: usize, source: KeyError },
    /// A certificate authority of it is none.
    #[error("certificate authority {number} of the authority {authority:?} cannot be used")]
    Certificates { authority: String, number: usize, source: CertificateAuthorityError },
    /// A secret that should hold a key is not there.
    #[error("{what} {number} of the authority {authority:?} cannot be had")]
    Secret { authority: String, what: &'static str, number: usize, source: SecretError },
    /// A pattern that cannot be compared.
    #[error("a pattern of the authority {authority:?} cannot be used")]
    Pattern { authority: String, source: TextMatchError },
    /// A secret that should hold a trust store is not there.
    #[error("the trust store {store:?} of the authority {authority:?} cannot be had")]
    Store { authority: String, store: String, source: SecretError },
    /// Notation's trust policy or a store of it.
    #[error("whom the authority {authority:?} trusts by Notation cannot be known")]
    Notation { authority: String, source: Box<NotationTrustError> },
    /// Nothing that certificates or logs could be traced to.
    #[error("the trusted root of the authority {authority:?} cannot be used")]
    Root { authority: String, source: TrustError },
}

/// The name of the folder of secrets that holds an OpenFaaS function's.
pub(crate) const SECRETS: &str = "/var/openfaas/secrets";

/// The signers that these authorities are made up of, ready to be asked. One that cannot be read
/// stops everything: an authority with a silently dropped key is not the one that the policy
/// names.
pub(crate) fn read<'r>(
    authorities: &[&'r policy::Authority],
    repository: &'r str,
    secrets: &'r Secrets,
    asking: &'r Asking<'r>,
) -> Result<Vec<Authority>, UnusableAuthority> {
    let mut reader = Reader { repository, secrets, asking, roots: Vec::new() };
    let mut all = Vec::new();
    for authority in authorities {
        reader.read_into(authority, &mut all)?;
    }
    Ok(all)
}

/// What authorities are read with.
struct Reader<'r> {
    repository: &'r str,
    secrets: &'r Secrets,
    asking: &'r Asking<'r>,
    /// The roots that were read. Authorities that name the same share it, and what is traced to it
    /// is traced once for all of them.
    roots: Vec<(Option<&'r str>, Arc<TrustedRoot>)>,
}

/// The safeguards that an authority's trust policy of Notation's gives up.
pub(crate) fn unsafe_options(authority: &Authority) -> Vec<String> {
    let options = authority.notation.iter().flat_map(|it| it.unsafe_options());
    options.map(|option| format!("{}: notation {option}", authority.name)).collect()
}

impl<'r> Reader<'r> {
    fn read_into(
        &mut self,
        authority: &'r policy::Authority,
        all: &mut Vec<Authority>,
    ) -> Result<(), UnusableAuthority> {
        if authority.r#static.is_some() {
            return Ok(());
        }
        if authority.members().is_empty() {
            let root = self.root(authority)?;
            all.push(self.read_one(authority, root)?);
        }
        authority.members().iter().try_for_each(|member| self.read_into(member, all))
    }

    fn root(
        &mut self,
        authority: &'r policy::Authority,
    ) -> Result<Option<Arc<TrustedRoot>>, UnusableAuthority> {
        if !asks_root(authority) {
            return Ok(None);
        }
        let json = authority.trusted_root.json();
        if let Some((_, root)) = self.roots.iter().find(|(of, _)| *of == json) {
            return Ok(Some(Arc::clone(root)));
        }
        let root = Arc::new(read_root(authority)?);
        self.roots.push((json, Arc::clone(&root)));
        Ok(Some(root))
    }

    fn read_one(
        &self,
        authority: &policy::Authority,
        root: Option<Arc<TrustedRoot>>,
    ) -> Result<Authority, UnusableAuthority> {
        let Self { repository, secrets, asking, .. } = *self;
        let name = || authority.name.clone();
        let key = |(number, key): (usize, &TrustedKey)| read_key(authority, number, key, secrets);
        let identities = authority.identities.iter().map(identity).collect::<Result<_, _>>();
        let attestation = |asked| attestation(asked, asking);
        let attestations = authority.attestations.iter().map(attestation).collect::<Result<_, _>>();
        let pattern = |source| UnusableAuthority::Pattern { authority: name(), source };
        let waived = |waived| if waived { Demand::WaivedUnsafe } else { Demand::Required };
        let asks = |proof| authority.require.contains(&proof);
        Ok(Authority {
            name: name(),
            keys: (1..).zip(&authority.keys).map(key).collect::<Result<_, _>>()?,
            identities: identities.map_err(pattern)?,
            certificate_authorities: certificate_authorities(authority, secrets)?,
            notation: notation(authority, repository, secrets)?,
            root,
            keyed_log: match asks(Proof::TransparencyLog) {
                true => LogDemand::Required,
                false => LogDemand::NotAsked,
            },
            evidence: Evidence {
                log: waived(authority.skip_transparency_log_unsafe),
                certificate_log: waived(authority.skip_certificate_log_unsafe),
            },
            timestamp: match asks(Proof::Timestamp) {
                true => TimestampDemand::Required,
                false => TimestampDemand::NotAsked,
            },
            threshold: authority.threshold,
            annotations: authority.annotations.clone(),
            image_signature: match authority.image_signature {
                ImageSignature::Required => SignatureDemand::Required,
                ImageSignature::NotAsked => SignatureDemand::NotAsked,
            },
            attestations: attestations.map_err(pattern)?,
            repositories: authority.repositories.iter().cloned().collect(),
        })
    }
}

fn read_key(
    authority: &policy::Authority,
    number: usize,
    key: &TrustedKey,
    secrets: &Secrets,
) -> Result<PublicKey, UnusableAuthority> {
    let pem = pem(authority, ("key", number), key, secrets)?;
    PublicKey::from_pem(&pem).map_err(|source| UnusableAuthority::Key {
        authority: authority.name.clone(),
        number,
        source,
    })
}

fn certificate_authorities(
    authority: &policy::Authority,
    secrets: &Secrets,
) -> Result<Option<CertificateAuthorities>, UnusableAuthority> {
    if authority.certificate_authorities.is_empty() {
        return Ok(None);
    }
    let mut authorities = CertificateAuthorities::default();
    for (number, named) in (1..).zip(&authority.certificate_authorities) {
        let pem = pem(authority, ("certificate authority", number), named, secrets)?;
        authorities.add(&pem).map_err(|source| UnusableAuthority::Certificates {
            authority: authority.name.clone(),
            number,
            source,
        })?;
    }
    Ok(Some(authorities))
}

/// The text that the policy names: its own, or a secret's.
fn pem<'p>(
    authority: &policy::Authority,
    (what, number): (&'static str, usize),
    named: &'p TrustedKey,
    secrets: &Secrets,
) -> Result<Cow<'p, str>, UnusableAuthority> {
    match named {
        TrustedKey::Pem(pem) => Ok(pem.as_str().into()),
        TrustedKey::Secret(secret) => match secrets.read(secret.as_str()) {
            Ok(pem) => Ok(pem.into()),
            Err(source) => {
                let authority = authority.name.clone();
                Err(UnusableAuthority::Secret { authority, what, number, source })
            }
        },
    }
}

/// Whom it trusts by Notation with the images of this repository.
fn notation(
    authority: &policy::Authority,
    repository: &str,
    secrets: &Secrets,
) -> Result<Option<Arc<NotationTrust>>, UnusableAuthority> {
    let Some(trust_policy) = &authority.notation else { return Ok(None) };
    let name = || authority.name.clone();
    let mut stores = BTreeMap::new();
    for (store, source) in &authority.trust_stores {
        let pem = match source {
            TrustedKey::Pem(pem) => pem.as_str().to_owned(),
            TrustedKey::Secret(secret) => secrets.read(secret.as_str()).map_err(|source| {
                UnusableAuthority::Store { authority: name(), store: store.clone(), source }
            })?,
        };
        stores.insert(store.clone(), pem);
    }
    NotationTrust::read(trust_policy, &stores, repository, Timestamp::now())
        .map(|trust| Some(Arc::new(trust)))
        .map_err(|it| UnusableAuthority::Notation { authority: name(), source: Box::new(it) })
}

/// Whether any certificate, log or timestamp is asked about that a root is needed for.
pub(crate) fn asks_root(authority: &policy::Authority) -> bool {
    let certified =
        !authority.identities.is_empty() && authority.certificate_authorities.is_empty();
    certified || !authority.require.is_empty()
}

/// Whom certificates, logs and timestamps are traced to.
pub(crate) fn read_root(authority: &policy::Authority) -> Result<TrustedRoot, UnusableAuthority> {
    let root = match authority.trusted_root.json() {
        Some(json) => TrustedRoot::from_json(json.as_bytes()),
        None => TrustedRoot::public_good(),
    };
    root.map_err(|source| UnusableAuthority::Root { authority: authority.name.clone(), source })
}

pub(crate) fn identity(identity: &policy::Identity) -> Result<Identity, TextMatchError> {
    // The policy lets one be missing only where it says `any-identity-unsafe`, and the issuer where
    // it names the certificate authorities.
    let matched = |pattern: &Option<TextPattern>| {
        pattern.as_ref().map_or_else(|| Ok(TextMatch::anything_unsafe()), text)
    };
    let extension = |(name, pattern): (&policy::Extension, &TextPattern)| {
        Ok((name.as_str().to_owned(), text(pattern)?))
    };
    Ok(Identity {
        issuer: matched(&identity.issuer)?,
        subject: matched(&identity.subject)?,
        extensions: identity
            .extensions
            .iter()
            .map(extension)
            .collect::<Result<BTreeMap<_, _>, TextMatchError>>()?,
    })
}

fn text(pattern: &TextPattern) -> Result<TextMatch, TextMatchError> {
    match pattern {
        TextPattern::Exact(text) => TextMatch::exact(text),
        TextPattern::Glob(text) => TextMatch::glob(text),
        TextPattern::Regex(text) => TextMatch::regex(text),
    }
}

fn attestation(
    asked: &policy::Attestation,
    asking: &Asking<'_>,
) -> Result<AttestationDemand, TextMatchError> {
    Ok(AttestationDemand {
        predicate_type: asked.predicate_type.as_str().to_owned(),
        conditions: conditions(asked)?,
        rules: asked.module.as_ref().map(|module| asking.rules(module)),
    })
}

/// What must stand at which places of a predicate.
pub(crate) fn conditions(asked: &policy::Attestation) -> Result<Vec<Condition>, TextMatchError> {
    let named = [
        (Place::Builder, &asked.builder),
        (Place::BuildType, &asked.build_type),
        (Place::Source, &asked.source),
    ];
    let mut conditions = Vec::new();
    for (place, pattern) in named {
        if let Some(pattern) = pattern {
            conditions.push(Condition { place, asked: Asked::Text(text(pattern)?) });
        }
    }
    for (name, condition) in &asked.parameters {
        let place = Place::Parameter(name.clone());
        conditions.push(Condition { place, asked: value(condition)? });
    }
    for (pointer, condition) in &asked.predicate {
        let place = Place::Pointer(pointer.clone());
        conditions.push(Condition { place, asked: value(condition)? });
    }
    Ok(conditions)
}

fn value(condition: &policy::Condition) -> Result<Asked, TextMatchError> {
    match condition {
        policy::Condition::Equals(value) => Ok(Asked::Value(value.clone())),
        policy::Condition::Text(pattern) => text(pattern).map(Asked::Text),
    }
}

/// Where a function's secrets are, by a variable of the watchdog's.
pub(crate) fn secrets_folder(variable: impl Fn(&str) -> Option<String>) -> PathBuf {
    let named = variable("secret_mount_path").filter(|path| !path.is_empty());
    PathBuf::from(named.unwrap_or_else(|| SECRETS.to_owned()))
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use policy::{Extension, Policy};
    use signature::Signer;
    use testkit::sigstore::Instance;
    use verdict::PolicyDocument;

    use super::*;
    use crate::statement_rules::Warnings;

    #[test]
    fn authorities_that_name_the_same_root_share_it() {
        let root = Instance::new("acme").trusted_root().to_string();
        let of = |name: &str, root: &str| {
            serde_json::json!({
                "name": name, "trusted-root": root,
                "identities": [{"subject": "ci@acme.example", "issuer": "https://issuer.example"}],
            })
        };
        let several = |name: &str| {
            let any =
                [of(&format!("{name} own"), &root), of(&format!("{name} public"), "public-good")];
            serde_json::json!({"name": name, "images": ["**"], "any": any})
        };
        let all = [several("a"), several("b")];
        let all = serde_json::json!({"signatures": {"authorities": all}});
        let document = PolicyDocument { body: all.to_string(), files: Default::default() };
        let policy = Policy::parse(&document).unwrap();
        let authorities: Vec<_> = policy.signatures.authorities.iter().collect();
        let (deadline, warnings) = (Timestamp::now(), Warnings::default());
        let asking = Asking { rego: &policy.rego, deadline, warnings };
        let read = read(&authorities, "fn", &Secrets::default(), &asking).unwrap();
        let roots: Vec<_> = read.iter().map(|it| Arc::as_ptr(it.root.as_ref().unwrap())).collect();
        assert_eq!((roots[0], roots[1]), (roots[2], roots[3]));
        assert_ne!(roots[0], roots[1]);
    }

    #[test]
    fn the_policy_names_what_certificates_say_as_signatures_do() {
        let known: Vec<&str> = Signer::EXTENSIONS.iter().map(|(name, _)| *name).collect();
        let named: Vec<&str> = Extension::ALL.iter().map(|extension| extension.as_str()).collect();
        assert_eq!(named, known);
        for extension in Extension::ALL {
            let written = serde_json::to_value(extension).unwrap();
            assert_eq!(written, extension.as_str());
        }
    }
}
