//! Lists of revoked certificates (CRLs; RFC 5280 §5, §6.3), from files: no server is asked. A list
//! counts for the certificates of who signed it, between its two updates; what it revokes for good
//! stays revoked after them.

mod list;

use std::sync::Arc;

use jiff::Timestamp;
use x509_cert::Certificate;
use x509_cert::der::Encode;
use x509_cert::ext::pkix::KeyUsage;

use crate::elements::{Element, OID, SEQUENCE};
use crate::judge::Outcome;
use crate::key::PublicKey;
pub use list::RevocationListError;
use list::{Entry, List};

/// As many lists are looked into.
const LISTS_MAX: usize = 64;
/// The kind of PEM block that a list is.
pub(crate) const PEM: &str = "X509 CRL";
const OCSP: &str = "1.3.6.1.5.5.7.48.1";
/// Extensions of a certificate's: where lists are, and where else something is told of it.
const DISTRIBUTION: &str = "2.5.29.31";
const ACCESS: &str = "1.3.6.1.5.5.7.1.1";

/// Lists that are trusted as far as issuers signed them.
#[derive(Debug, Clone, Default)]
pub(crate) struct RevocationLists(Vec<Arc<List>>);

/// Why a certificate does not count, or nobody knows whether it does.
#[derive(Debug, thiserror::Error)]
pub enum RevocationFault {
    /// Its issuer took it back.
    #[error("the certificate of {subject} is revoked since {since} ({reason})")]
    Revoked {
        /// Whose certificate it is.
        subject: String,
        /// Since when.
        since: Timestamp,
        /// Why, in a word of RFC 5280's.
        reason: &'static str,
    },
    /// It could be revoked, and no list of its issuer's that covers it is named.
    #[error(
        "whether the certificate of {0} is revoked is not known: no list of its issuer's is named"
    )]
    Unlisted(String),
    /// The lists that are there are not of now.
    #[error(
        "whether the certificate of {subject} is revoked is not known: the newest list of its issuer's is from {from} until {until}"
    )]
    NotCurrent {
        /// Whose certificate it is.
        subject: String,
        /// From when the list is.
        from: Timestamp,
        /// When the next one was to come.
        until: Timestamp,
    },
    /// A list, or what it says of the certificate, asks for something that is not understood.
    #[error(
        "whether the certificate of {0} is revoked is not known: a list has a critical extension {1}, which is not understood"
    )]
    Critical(String, String),
    /// What a list says of the certificate cannot be read.
    #[error("whether the certificate of {0} is revoked is not known: a list's entry is malformed")]
    Malformed(String, #[source] x509_cert::der::Error),
}

/// When it is asked, and when what the certificate signed was made, if somebody trusted says so.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moment {
    pub(crate) now: Timestamp,
    pub(crate) made: Option<Timestamp>,
}

impl RevocationFault {
    /// What this alone would come to.
    pub fn outcome(&self) -> Outcome {
        match self.is_revoked() {
            true => Outcome::Revoked,
            false => Outcome::Unchecked,
        }
    }

    /// Whether it is known that the certificate is revoked.
    pub(crate) fn is_revoked(&self) -> bool {
        matches!(self, Self::Revoked { .. })
    }
}

impl RevocationLists {
    /// Takes one in (DER).
    pub(crate) fn add(&mut self, der: &[u8]) -> Result<(), RevocationListError> {
        if self.0.len() == LISTS_MAX {
            return Err(RevocationListError::TooMany(LISTS_MAX));
        }
        self.0.push(Arc::new(List::read(der)?));
        Ok(())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// That none of these certificates, each with the one that issued it, is revoked. That one is
    /// weighs more than that another is not known.
    pub(crate) fn check<'c>(
        &self,
        issued: impl Iterator<Item = (&'c Certificate, &'c Certificate)>,
        moment: Moment,
    ) -> Result<(), RevocationFault> {
        let mut unknown = Ok(());
        for (certificate, issuer) in issued {
            match self.check_one(certificate, issuer, moment) {
                Err(fault) if fault.is_revoked() => return Err(fault),
                result => unknown = unknown.and(result),
            }
        }
        unknown
    }

    fn check_one(
        &self,
        certificate: &Certificate,
        issuer: &Certificate,
        moment: Moment,
    ) -> Result<(), RevocationFault> {
        let subject = || subject(certificate);
        // 1. Whose lists are they? Only what the certificate's issuer signed is asked.
        let signed = self.signed_by(issuer);
        let critical = signed.iter().find_map(|it| it.critical.clone());
        let read = signed.iter().copied().filter(|it| it.critical.is_none());
        let covering: Vec<&List> = read.filter(|it| it.covers(certificate)).collect();
        // 2. What is revoked for good is so by any of them, however old.
        for entry in entries(covering.iter().copied(), certificate)? {
            if !entry.is_passing() && !entry.is_later_than(moment.made) {
                return Err(revoked(certificate, &entry));
            }
        }
        if let Some(critical) = critical {
            return Err(RevocationFault::Critical(subject(), critical));
        }
        // 3. Is what they say of now?
        let complete = covering.iter().copied().filter(|it| it.base.is_none());
        let Some(newest) = complete.max_by_key(|it| it.from) else {
            // Who names a list of the issuer's wants it asked, also if it turns out to be of
            // another key, by an algorithm that is not taken, or only of what has changed.
            let is_named = !covering.is_empty() || self.is_unverified(issuer, &signed);
            return match is_named || is_revocable(certificate) {
                true => Err(RevocationFault::Unlisted(subject())),
                false => Ok(()),
            };
        };
        if !newest.is_of(moment.now) {
            let (from, until) = (newest.from, newest.until);
            return Err(RevocationFault::NotCurrent { subject: subject(), from, until });
        }
        // 4. What is held for the time being is as the last entry says, of the list and of those
        // that only say what has changed since.
        let changes = covering.iter().copied();
        let changes = changes.filter(|it| it.changes(newest) && it.is_of(moment.now));
        let mut last: Option<Entry> = None;
        for entry in entries(std::iter::once(newest).chain(changes), certificate)? {
            let is_later = last.as_ref().is_none_or(|it| it.since < entry.since);
            if is_later && !entry.is_later_than(moment.made) {
                last = Some(entry);
            }
        }
        match last {
            Some(entry) if entry.is_held() => Err(revoked(certificate, &entry)),
            _ => Ok(()),
        }
    }

    /// Whether one says that it is this issuer's, and is not among those that the issuer signed.
    fn is_unverified(&self, issuer: &Certificate, signed: &[&List]) -> bool {
        let Ok(name) = issuer.tbs_certificate.subject.to_der() else { return true };
        self.0.iter().filter(|it| it.issuer == name).count() > signed.len()
    }

    /// Those that the holder of this certificate signed, and may sign.
    fn signed_by(&self, issuer: &Certificate) -> Vec<&List> {
        let tbs = &issuer.tbs_certificate;
        let usage = tbs.get::<KeyUsage>();
        if !usage.is_ok_and(|it| it.is_none_or(|(_, it)| it.crl_sign())) {
            return Vec::new();
        }
        let Ok(name) = tbs.subject.to_der() else { return Vec::new() };
        let key = tbs.subject_public_key_info.to_der().ok();
        let Some(key) = key.and_then(|der| PublicKey::from_der(&der).ok()) else {
            return Vec::new();
        };
        let lists = self.0.iter().map(Arc::as_ref);
        lists.filter(|it| it.issuer == name && it.is_signed_by(&key)).collect()
    }
}

/// Whether its issuer says where it would be said to be revoked.
fn is_revocable(certificate: &Certificate) -> bool {
    let names_ocsp = |der: &[u8]| {
        for access in Element::only(der, SEQUENCE)?.inner()?.rest()? {
            if access.inner()?.take(OID)?.oid()?.to_string() == OCSP {
                return Ok::<bool, x509_cert::der::Error>(true);
            }
        }
        Ok(false)
    };
    // What cannot be read says so, as far as anybody knows.
    extension(certificate, DISTRIBUTION).is_some()
        || extension(certificate, ACCESS).is_some_and(|it| names_ocsp(it).unwrap_or(true))
}

/// The value of a certificate's extension.
fn extension<'c>(certificate: &'c Certificate, id: &str) -> Option<&'c [u8]> {
    let mut all = certificate.tbs_certificate.extensions.iter().flatten();
    all.find(|it| it.extn_id.to_string() == id).map(|it| it.extn_value.as_bytes())
}

/// What these lists say of a certificate, if all of it is understood.
fn entries<'l>(
    lists: impl Iterator<Item = &'l List>,
    certificate: &Certificate,
) -> Result<Vec<Entry>, RevocationFault> {
    let mut all = Vec::new();
    for list in lists {
        let read = list.entries(certificate);
        all.extend(read.map_err(|it| RevocationFault::Malformed(subject(certificate), it))?);
    }
    match all.iter().find_map(|it| it.critical.clone()) {
        Some(critical) => Err(RevocationFault::Critical(subject(certificate), critical)),
        None => Ok(all),
    }
}

fn revoked(certificate: &Certificate, entry: &Entry) -> RevocationFault {
    let (since, reason) = (entry.since, entry.reason_word());
    RevocationFault::Revoked { subject: subject(certificate), since, reason }
}

fn subject(certificate: &Certificate) -> String {
    crate::certificate::named(&certificate.tbs_certificate.subject)
}
