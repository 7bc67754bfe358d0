//! Whom an authority trusts by Notation's trust policy and trust stores, for one repository.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::certificate::{Certificate, CertificateError};
use super::chain::Chain;
use super::envelope::SigningScheme;
use super::fault::NotationFault;
use super::timestamp::{self, Stamped, TimestampError};
use super::trust_policy::{
    self, Actions, Identities, Statement, TimestampUse, TrustPolicy, TrustPolicyError,
};
use crate::revocation::{self, RevocationListError, RevocationLists};

/// The kind of the stores of timestamp authorities.
const TIMES: &str = "tsa";
/// The kind of the stores that hold lists of revoked certificates; Notation has none such.
const LISTS: &str = "crl";
/// How many certificates a trust store may hold.
const STORE_MAX: usize = 256;

/// Whom an authority trusts with the images of one repository.
#[derive(Debug)]
pub struct NotationTrust {
    applies: Applies,
    /// When it is asked.
    pub(super) now: Timestamp,
}

#[derive(Debug)]
enum Applies {
    Nothing(String),
    Skipped(String),
    Statement(Box<Asked>),
}

/// A statement of a trust policy, with the certificates of its stores.
#[derive(Debug)]
pub(super) struct Asked {
    statement: Statement,
    pub(super) actions: Actions,
    authorities: Vec<Certificate>,
    signing_authorities: Vec<Certificate>,
    stampers: Vec<Certificate>,
    /// What issuers have taken back.
    pub(super) revoked: RevocationLists,
}

/// Why a trust policy and its stores cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum NotationTrustError {
    /// The trust policy cannot.
    #[error("the trust policy cannot be used")]
    Policy(#[source] TrustPolicyError),
    /// A store that it names is not there.
    #[error("the trust store {0:?} is named, and is not there")]
    NoStore(String),
    /// A store is not PEM of certificates.
    #[error("the trust store {0:?} is no PEM of 1 to {STORE_MAX} certificates")]
    NoPem(String),
    /// A certificate in a store cannot be used.
    #[error("a certificate of the trust store {0:?} cannot be used")]
    Certificate(String, #[source] CertificateError),
    /// A certificate that vouches for nobody.
    #[error(
        "the certificate {1} in the trust store {0:?} is of no authority, and did not sign itself"
    )]
    NoAuthority(String, String),
    /// A timestamp authority that leads to another.
    #[error(
        "the certificate {1} in the trust store {0:?} is no root, which those of timestamps must be"
    )]
    NoRoot(String, String),
    /// A store of no kind that there is.
    #[error("the trust store {0:?} is none of ca:, signingAuthority:, tsa: and crl:")]
    OtherStore(String),
    /// A store is not PEM of lists.
    #[error("the trust store {0:?} is no PEM of lists of revoked certificates alone (X509 CRL)")]
    NoLists(String),
    /// A list in a store cannot be used.
    #[error("a list of the trust store {0:?} cannot be used")]
    List(String, #[source] RevocationListError),
}

impl NotationTrust {
    /// Reads a trust policy (the JSON text) and the stores that it names (`ca:acme` and PEM), as
    /// they are for the images of a repository.
    ///
    /// # Errors
    /// When a part of it cannot be used: trust of which a part is silently left out is not the
    /// one that the user named.
    pub fn read(
        policy: &str,
        stores: &BTreeMap<String, String>,
        repository: &str,
        now: Timestamp,
    ) -> Result<Self, NotationTrustError> {
        let policy = TrustPolicy::parse(policy).map_err(NotationTrustError::Policy)?;
        let applies = match policy.covering(repository) {
            None => Applies::Nothing(repository.to_owned()),
            Some(statement) => match statement.actions {
                None => Applies::Skipped(statement.name.clone()),
                Some(actions) => {
                    Applies::Statement(Box::new(Asked::read(statement, actions, stores)?))
                }
            },
        };
        Ok(Self { applies, now })
    }

    /// What it gives up of the images of this repository, in words of Notation's.
    pub fn unsafe_options(&self) -> Vec<String> {
        match &self.applies {
            Applies::Statement(asked) => asked.statement.unsafe_options(),
            Applies::Nothing(_) | Applies::Skipped(_) => Vec::new(),
        }
    }

    /// What is asked of signatures.
    pub(super) fn asked(&self) -> Result<&Asked, NotationFault> {
        match &self.applies {
            Applies::Nothing(repository) => Err(NotationFault::NoStatement(repository.clone())),
            Applies::Skipped(name) => Err(NotationFault::Skipped(name.clone())),
            Applies::Statement(asked) => Ok(asked),
        }
    }
}

impl Asked {
    fn read(
        statement: &Statement,
        actions: Actions,
        stores: &BTreeMap<String, String>,
    ) -> Result<Self, NotationTrustError> {
        let of_kind = |kind: &str| {
            let named = statement.stores.iter();
            let named = named.filter(|it| it.split_once(':').is_some_and(|(it, _)| it == kind));
            let mut all = Vec::new();
            for name in named {
                let pem = stores.get(name);
                let pem = pem.ok_or_else(|| NotationTrustError::NoStore(name.clone()))?;
                let certificates = certificates(name, pem)?;
                let other = |it: &&Certificate| !(it.is_authority() && it.is_issued_by(it));
                if let (TIMES, Some(other)) = (kind, certificates.iter().find(other)) {
                    return Err(NotationTrustError::NoRoot(name.clone(), other.to_string()));
                }
                all.extend(certificates);
            }
            Ok(all)
        };
        Ok(Self {
            authorities: of_kind("ca")?,
            signing_authorities: of_kind("signingAuthority")?,
            stampers: of_kind(TIMES)?,
            revoked: lists(stores)?,
            statement: statement.clone(),
            actions,
        })
    }

    /// That a chain is of somebody who is trusted.
    pub(super) fn knows(&self, chain: &Chain, scheme: SigningScheme) -> Result<(), NotationFault> {
        let trusted = match scheme {
            SigningScheme::Signer(_) => &self.authorities,
            SigningScheme::SigningAuthority(_) => &self.signing_authorities,
        };
        let subject = || chain.leaf().to_string();
        if !chain.is_anchored(trusted) {
            let (root, stores) = (chain.root().to_string(), self.statement.stores.join(", "));
            return Err(NotationFault::NoAnchor { subject: subject(), root, stores });
        }
        match &self.statement.identities {
            Identities::AnyUnsafe => Ok(()),
            Identities::Named(names) => {
                let attributes = chain.leaf().attributes();
                if names.iter().any(|it| it.is_had_by(&attributes)) {
                    return Ok(());
                }
                let trusted: Vec<String> = names.iter().map(ToString::to_string).collect();
                let trusted = trusted.join(" or ");
                Err(NotationFault::OtherIdentity { subject: subject(), trusted })
            }
        }
    }

    /// When this timestamp says that a signature was seen.
    pub(super) fn stamped(
        &self,
        token: &[u8],
        signature: &[u8],
    ) -> Result<Stamped, TimestampError> {
        timestamp::stamped(token, signature, &self.stampers)
    }

    /// Whether a timestamp must vouch for the time of a signature with this chain.
    pub(super) fn asks_timestamp(&self, chain: &Chain, now: Timestamp) -> bool {
        !self.stampers.is_empty()
            && match self.statement.timestamp {
                TimestampUse::Always => true,
                TimestampUse::AfterExpiry => chain.all().any(|it| it.times().1 < now),
            }
    }
}

/// All lists of revoked certificates: which certificates one is for, who signed it says.
fn lists(stores: &BTreeMap<String, String>) -> Result<RevocationLists, NotationTrustError> {
    use NotationTrustError as Error;
    let mut lists = RevocationLists::default();
    for (name, pem) in stores {
        match name.split_once(':') {
            Some((LISTS, _)) => {}
            _ if trust_policy::is_store(name) => continue,
            _ => return Err(Error::OtherStore(name.clone())),
        }
        let blocks = pem::parse_many(pem).map_err(|_| Error::NoLists(name.clone()))?;
        if blocks.is_empty() || blocks.iter().any(|it| it.tag() != revocation::PEM) {
            return Err(Error::NoLists(name.clone()));
        }
        for block in &blocks {
            let added = lists.add(block.contents());
            added.map_err(|source| Error::List(name.clone(), source))?;
        }
    }
    Ok(lists)
}

fn certificates(store: &str, pem: &str) -> Result<Vec<Certificate>, NotationTrustError> {
    use NotationTrustError as Error;
    let name = || store.to_owned();
    let blocks = pem::parse_many(pem).map_err(|_| Error::NoPem(name()))?;
    let sound = (1..=STORE_MAX).contains(&blocks.len());
    if !sound || blocks.iter().any(|it| it.tag() != "CERTIFICATE") {
        return Err(Error::NoPem(name()));
    }
    let read = |block: &pem::Pem| {
        let certificate = Certificate::from_der(block.contents());
        let certificate = certificate.map_err(|source| Error::Certificate(name(), source))?;
        match certificate.is_authority() || certificate.is_issued_by(&certificate) {
            true => Ok(certificate),
            false => Err(Error::NoAuthority(name(), certificate.to_string())),
        }
    };
    blocks.iter().map(read).collect()
}
