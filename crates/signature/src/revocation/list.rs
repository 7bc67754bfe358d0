//! One list of revoked certificates, read (RFC 5280 §5.1, §5.2, §5.3).

use jiff::Timestamp;
use x509_cert::Version;
use x509_cert::certificate::Certificate;
use x509_cert::crl::{CertificateList, RevokedCert};
use x509_cert::der::Decode;
use x509_cert::der::asn1::{GeneralizedTime, Uint};
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::BasicConstraints;
use x509_cert::ext::pkix::crl::dp::IssuingDistributionPoint;
use x509_cert::ext::pkix::crl::{CrlDistributionPoints, CrlReason};
use x509_cert::ext::pkix::name::DistributionPointName;
use x509_cert::name::Name;
use x509_cert::time::Time;

use crate::certificate::moment;
use crate::key::PublicKey;
use crate::signed;

type DerError = x509_cert::der::Error;

/// A list is not longer: one of a hundred thousand certificates measures 4 MiB.
const LIST_BYTES_MAX: usize = 4 << 20;
const NUMBER: &str = "2.5.29.20";
const REASON: &str = "2.5.29.21";
const INVALIDITY: &str = "2.5.29.24";
const CHANGES: &str = "2.5.29.27";
const SCOPE: &str = "2.5.29.28";

/// A list, of which only its issuer is not yet known to have signed it.
#[derive(Debug)]
pub(super) struct List {
    signed: Vec<u8>,
    parsed: CertificateList,
    pub(super) issuer: Name,
    /// When it was made, and when the next one comes.
    pub(super) from: Timestamp,
    pub(super) until: Timestamp,
    number: Option<Uint>,
    /// The number of the list that it says the changes since, if it is such a one.
    pub(super) base: Option<Uint>,
    scope: Option<IssuingDistributionPoint>,
    /// What must be understood of it and is not.
    pub(super) critical: Option<String>,
}

/// Why bytes are no list of revoked certificates.
#[derive(Debug, thiserror::Error)]
pub enum RevocationListError {
    /// Longer than any.
    #[error("list of revoked certificates has {0} bytes, and {LIST_BYTES_MAX} are read")]
    TooLarge(usize),
    /// More of them than are looked into.
    #[error("more than {0} lists of revoked certificates are named")]
    TooMany(usize),
    /// Not a list, or not one of version 2.
    #[error("list of revoked certificates is malformed")]
    Malformed(#[source] x509_cert::der::Error),
    /// Of version 1.
    #[error("list of revoked certificates is not of version 2")]
    Version,
    /// It could be old for ever.
    #[error("list of revoked certificates does not say when the next one comes")]
    Endless,
}

/// What a list says of a certificate.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) since: Timestamp,
    pub(super) reason: CrlReason,
    /// From when on what it signed is not to be believed, if its issuer says so.
    invalid: Option<Timestamp>,
    pub(super) critical: Option<String>,
}

impl List {
    /// Reads one (DER).
    pub(super) fn read(der: &[u8]) -> Result<Self, RevocationListError> {
        use RevocationListError as Error;
        if der.len() > LIST_BYTES_MAX {
            return Err(Error::TooLarge(der.len()));
        }
        let parsed = CertificateList::from_der(der).map_err(Error::Malformed)?;
        let tbs = &parsed.tbs_cert_list;
        if tbs.version != Version::V2 {
            return Err(Error::Version);
        }
        let mut list = Self {
            signed: signed::first_part(der).map_err(Error::Malformed)?,
            issuer: tbs.issuer.clone(),
            from: moment(&tbs.this_update),
            until: tbs.next_update.as_ref().map(moment).ok_or(Error::Endless)?,
            number: None,
            base: None,
            scope: None,
            critical: None,
            parsed,
        };
        let extensions = list.parsed.tbs_cert_list.crl_extensions.clone();
        for extension in extensions.iter().flatten() {
            list.take(extension).map_err(Error::Malformed)?;
        }
        Ok(list)
    }

    fn take(&mut self, extension: &Extension) -> Result<(), DerError> {
        let value = extension.extn_value.as_bytes();
        match extension.extn_id.to_string().as_str() {
            NUMBER => self.number = Some(Uint::from_der(value)?),
            CHANGES => self.base = Some(Uint::from_der(value)?),
            SCOPE => self.scope = Some(IssuingDistributionPoint::from_der(value)?),
            other if extension.critical => self.critical = Some(other.to_owned()),
            _ => {}
        }
        Ok(())
    }

    /// Whether this key made its signature.
    pub(super) fn is_signed_by(&self, key: &PublicKey) -> bool {
        let (inner, outer) =
            (&self.parsed.tbs_cert_list.signature, &self.parsed.signature_algorithm);
        let signature = self.parsed.signature.as_bytes().unwrap_or_default();
        inner == outer && signed::verifies(outer.oid, key, &self.signed, signature)
    }

    /// Whether it is made, and the next one not yet to come.
    pub(super) fn is_of(&self, now: Timestamp) -> bool {
        (self.from..=self.until).contains(&now)
    }

    /// Whether it would name this certificate of its issuer's, for whatever reason it is revoked.
    pub(super) fn covers(&self, certificate: &Certificate) -> bool {
        let Some(scope) = &self.scope else { return true };
        let constraints = certificate.tbs_certificate.get::<BasicConstraints>();
        let Ok(constraints) = constraints else { return false };
        let is_authority = constraints.is_some_and(|(_, it)| it.ca);
        let partial = scope.indirect_crl
            || scope.only_contains_attribute_certs
            || scope.only_some_reasons.is_some()
            || (scope.only_contains_user_certs && is_authority)
            || (scope.only_contains_ca_certs && !is_authority);
        !partial
            && match &scope.distribution_point {
                None => true,
                Some(DistributionPointName::NameRelativeToCRLIssuer(_)) => false,
                Some(DistributionPointName::FullName(own)) => {
                    let points = certificate.tbs_certificate.get::<CrlDistributionPoints>();
                    let points = points.ok().flatten().map(|(_, it)| it.0).unwrap_or_default();
                    points.iter().any(|it| match &it.distribution_point {
                        Some(DistributionPointName::FullName(theirs)) => {
                            it.reasons.is_none() && theirs.iter().any(|it| own.contains(it))
                        }
                        _ => false,
                    })
                }
            }
    }

    /// Whether it says what has changed since that complete list (RFC 5280 §5.2.4).
    pub(super) fn changes(&self, complete: &Self) -> bool {
        match (&self.base, &self.number, &complete.number) {
            (Some(base), Some(own), Some(complete)) => base <= complete && complete < own,
            _ => false,
        }
    }

    /// What it says of this certificate.
    pub(super) fn entries(&self, certificate: &Certificate) -> impl Iterator<Item = &RevokedCert> {
        let serial = certificate.tbs_certificate.serial_number.clone();
        let all = self.parsed.tbs_cert_list.revoked_certificates.iter().flatten();
        all.filter(move |it| it.serial_number == serial)
    }
}

impl Entry {
    pub(super) fn read(entry: &RevokedCert) -> Result<Self, DerError> {
        let mut read = Self {
            since: moment(&entry.revocation_date),
            reason: CrlReason::Unspecified,
            invalid: None,
            critical: None,
        };
        for extension in entry.crl_entry_extensions.iter().flatten() {
            let value = extension.extn_value.as_bytes();
            match extension.extn_id.to_string().as_str() {
                REASON => read.reason = CrlReason::from_der(value)?,
                INVALIDITY => {
                    let time = Time::GeneralTime(GeneralizedTime::from_der(value)?);
                    read.invalid = Some(moment(&time));
                }
                other if extension.critical => read.critical = Some(other.to_owned()),
                _ => {}
            }
        }
        Ok(read)
    }

    /// Whether a later list may take it back.
    pub(super) fn is_passing(&self) -> bool {
        matches!(self.reason, CrlReason::CertificateHold | CrlReason::RemoveFromCRL)
    }

    /// Whether what was made then is still to be believed (RFC 5280 §5.3.2).
    pub(super) fn is_later_than(&self, made: Option<Timestamp>) -> bool {
        matches!((made, self.invalid), (Some(made), Some(invalid)) if made < invalid)
    }

    pub(super) fn reason_word(&self) -> &'static str {
        match self.reason {
            CrlReason::Unspecified => "unspecified",
            CrlReason::KeyCompromise => "keyCompromise",
            CrlReason::CaCompromise => "cACompromise",
            CrlReason::AffiliationChanged => "affiliationChanged",
            CrlReason::Superseded => "superseded",
            CrlReason::CessationOfOperation => "cessationOfOperation",
            CrlReason::CertificateHold => "certificateHold",
            CrlReason::RemoveFromCRL => "removeFromCRL",
            CrlReason::PrivilegeWithdrawn => "privilegeWithdrawn",
            CrlReason::AaCompromise => "aACompromise",
        }
    }
}
