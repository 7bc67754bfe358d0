//! The certificates of a signer, up to a root that signed itself.

use jiff::Timestamp;

use super::algorithm::NotationAlgorithm;
use super::certificate::{Certificate, CertificateError};

/// A chain of which each certificate may stand where it stands.
#[derive(Debug)]
pub(super) struct Chain {
    leaf: Certificate,
    above: Vec<Certificate>,
    pub(super) algorithm: NotationAlgorithm,
}

/// Why certificates make no chain.
#[derive(Debug, thiserror::Error)]
pub enum ChainError {
    /// There is none.
    #[error("there is no certificate")]
    Empty,
    /// One of them cannot be used where it stands.
    #[error("a certificate of its chain cannot be used")]
    Certificate(#[source] CertificateError),
    /// One is not by the next.
    #[error("the certificate {0} is not issued by the next one")]
    Broken(String),
    /// The last is no root.
    #[error("the certificate {0} at the end of its chain did not sign itself")]
    NoRoot(String),
    /// One that signed itself, with more after it.
    #[error("the certificate {0} signed itself and is not the last")]
    RootTooLow(String),
}

impl Chain {
    /// Reads certificates in DER, the signer's first. Their signatures are not verified yet.
    pub(super) fn read(chain: &[Vec<u8>]) -> Result<Self, ChainError> {
        let read = |der: &Vec<u8>| Certificate::from_der(der).map_err(ChainError::Certificate);
        let mut all = chain.iter().map(read).collect::<Result<Vec<_>, _>>()?.into_iter();
        let leaf = all.next().ok_or(ChainError::Empty)?;
        let above: Vec<Certificate> = all.collect();
        let algorithm = leaf.may_sign().map_err(ChainError::Certificate)?;
        for (below, authority) in above.iter().enumerate() {
            authority.may_issue(below).map_err(ChainError::Certificate)?;
        }
        Ok(Self { leaf, above, algorithm })
    }

    /// That each is issued by the next, and the last by itself.
    pub(super) fn verify(&self) -> Result<(), ChainError> {
        let mut all = self.all().peekable();
        while let Some(certificate) = all.next() {
            match all.peek() {
                Some(_) if certificate.names_itself() => {
                    return Err(ChainError::RootTooLow(certificate.to_string()));
                }
                Some(issuer) if certificate.is_issued_by(issuer) => {}
                Some(_) => return Err(ChainError::Broken(certificate.to_string())),
                None if certificate.is_issued_by(certificate) => {}
                None => return Err(ChainError::NoRoot(certificate.to_string())),
            }
        }
        Ok(())
    }

    pub(super) fn leaf(&self) -> &Certificate {
        &self.leaf
    }

    pub(super) fn root(&self) -> &Certificate {
        self.above.last().unwrap_or(&self.leaf)
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Certificate> {
        std::iter::once(&self.leaf).chain(&self.above)
    }

    /// Each with the one that issued it.
    pub(super) fn issued(&self) -> impl Iterator<Item = (&Certificate, &Certificate)> {
        self.all().zip(&self.above)
    }

    /// Whether one of them is among the trusted ones.
    pub(super) fn is_anchored(&self, trusted: &[Certificate]) -> bool {
        self.all().any(|it| it.is_among(trusted))
    }

    /// The first of them that was not valid over all of that time, from the first to the last
    /// moment that it may have been.
    pub(super) fn invalid_at(&self, first: Timestamp, last: Timestamp) -> Option<&Certificate> {
        self.all().find(|it| {
            let (from, until) = it.times();
            first < from || until < last
        })
    }
}
