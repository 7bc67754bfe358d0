//! One certificate: what it says of itself, and what it may be used for
//! (signature-specification.md, "Certificate Requirements"; RFC 5280).

use std::fmt;

use jiff::Timestamp;
use x509_cert::der::asn1::{Ia5StringRef, ObjectIdentifier, PrintableStringRef, Utf8StringRef};
use x509_cert::der::{Decode, Tagged};
use x509_cert::ext::pkix::{BasicConstraints, ExtendedKeyUsage, KeyUsage, KeyUsages};

use super::algorithm::NotationAlgorithm;
use crate::certificate::{moment, named};
use crate::key::{KeyError, PublicKey};
use crate::signed;

/// A certificate is not longer.
const CERTIFICATE_BYTES_MAX: usize = 64 << 10;
/// The extensions that may be critical: those that are looked at here, and who else the holder is.
const UNDERSTOOD: [&str; 4] = ["2.5.29.15", "2.5.29.17", "2.5.29.19", "2.5.29.37"];
const CODE_SIGNING: &str = "1.3.6.1.5.5.7.3.3";
const TIME_STAMPING: &str = "1.3.6.1.5.5.7.3.8";
/// Purposes that a signer's certificate must not have: any, servers, mail, times, OCSP answers.
const OTHER_PURPOSES: [&str; 5] = [
    "2.5.29.37.0",
    "1.3.6.1.5.5.7.3.1",
    "1.3.6.1.5.5.7.3.4",
    "1.3.6.1.5.5.7.3.8",
    "1.3.6.1.5.5.7.3.9",
];

/// A certificate, read.
#[derive(Debug, Clone)]
pub(super) struct Certificate {
    der: Vec<u8>,
    /// The bytes that its issuer signed.
    signed: Vec<u8>,
    parsed: x509_cert::Certificate,
    key: PublicKey,
    constraints: Option<(bool, BasicConstraints)>,
    usage: Option<(bool, KeyUsage)>,
    purposes: Option<(bool, ExtendedKeyUsage)>,
}

/// Why a certificate cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// Not a certificate.
    #[error("certificate is malformed")]
    Malformed(#[source] x509_cert::der::Error),
    /// Longer than any.
    #[error("certificate has {0} bytes, and {CERTIFICATE_BYTES_MAX} are read")]
    TooLarge(usize),
    /// Its key is of a kind that is not verified.
    #[error("the key of the certificate {0} cannot be used")]
    Key(String, #[source] KeyError),
    /// An extension that must be understood and is not.
    #[error("the certificate {0} has a critical extension {1}, which is not understood")]
    Critical(String, String),
    /// It may not be used so.
    #[error("the certificate {0} {1}")]
    Unfit(String, &'static str),
}

impl Certificate {
    /// Reads one in DER.
    pub(super) fn from_der(der: &[u8]) -> Result<Self, CertificateError> {
        use CertificateError as Error;
        if der.len() > CERTIFICATE_BYTES_MAX {
            return Err(Error::TooLarge(der.len()));
        }
        let parsed = x509_cert::Certificate::from_der(der).map_err(Error::Malformed)?;
        let tbs = &parsed.tbs_certificate;
        let subject = named(&tbs.subject);
        for extension in tbs.extensions.iter().flatten() {
            let id = extension.extn_id.to_string();
            if extension.critical && !UNDERSTOOD.contains(&id.as_str()) {
                return Err(Error::Critical(subject, id));
            }
        }
        // An encoder writes as DER what a decoder took as such; the key is read by our own reader.
        let spki = x509_cert::der::Encode::to_der(&tbs.subject_public_key_info);
        let spki = spki.map_err(Error::Malformed)?;
        let key = PublicKey::from_der(&spki).map_err(|source| Error::Key(subject, source))?;
        Ok(Self {
            der: der.to_vec(),
            signed: signed::first_part(der).map_err(Error::Malformed)?,
            key,
            constraints: tbs.get().map_err(Error::Malformed)?,
            usage: tbs.get().map_err(Error::Malformed)?,
            purposes: tbs.get().map_err(Error::Malformed)?,
            parsed,
        })
    }

    pub(super) fn key(&self) -> &PublicKey {
        &self.key
    }

    pub(super) fn der(&self) -> &[u8] {
        &self.der
    }

    /// Whether this very certificate is among those.
    pub(super) fn is_among(&self, certificates: &[Self]) -> bool {
        certificates.iter().any(|it| it.der == self.der)
    }

    /// Whether the other names and signed this one.
    pub(super) fn is_issued_by(&self, issuer: &Self) -> bool {
        let (inner, outer) =
            (&self.parsed.tbs_certificate.signature, &self.parsed.signature_algorithm);
        self.names_as_issuer(issuer)
            && inner == outer
            && signed::verifies(
                outer.oid,
                &issuer.key,
                &self.signed,
                self.parsed.signature.as_bytes().unwrap_or_default(),
            )
    }

    /// Whether its issuer has the other's name.
    pub(super) fn names_as_issuer(&self, other: &Self) -> bool {
        self.parsed.tbs_certificate.issuer == other.parsed.tbs_certificate.subject
    }

    /// Whether its issuer has its own name.
    pub(super) fn names_itself(&self) -> bool {
        self.names_as_issuer(self)
    }

    pub(super) fn is_authority(&self) -> bool {
        self.constraints.as_ref().is_some_and(|(_, it)| it.ca)
    }

    pub(super) fn parsed(&self) -> &x509_cert::Certificate {
        &self.parsed
    }

    /// From and until when it is valid; both are inclusive.
    pub(super) fn times(&self) -> (Timestamp, Timestamp) {
        let validity = &self.parsed.tbs_certificate.validity;
        (moment(&validity.not_before), moment(&validity.not_after))
    }

    pub(super) fn is_valid_at(&self, at: Timestamp) -> bool {
        let (from, until) = self.times();
        (from..=until).contains(&at)
    }

    /// That it may issue certificates, with so many authorities below it.
    pub(super) fn may_issue(&self, below: usize) -> Result<(), CertificateError> {
        let unfit = |why| Err(CertificateError::Unfit(self.to_string(), why));
        match &self.constraints {
            Some((true, it)) if it.ca => match it.path_len_constraint {
                Some(length) if usize::from(length) < below => {
                    return unfit("may not stand that high in a chain");
                }
                _ => {}
            },
            _ => return unfit("is not marked as an authority's, critically"),
        }
        match &self.usage {
            Some((true, usage)) if usage.key_cert_sign() => Ok(()),
            _ => unfit("is not marked for signing certificates, critically"),
        }
    }

    /// That it may sign code, and nothing else of what matters.
    pub(super) fn may_sign(&self) -> Result<NotationAlgorithm, CertificateError> {
        let unfit = |why| Err(CertificateError::Unfit(self.to_string(), why));
        if self.is_authority() {
            return unfit("is an authority's, and no signer's");
        }
        match &self.usage {
            Some((true, usage)) if signs_alone(usage) => {}
            _ => return unfit("is not marked for digital signatures alone, critically"),
        }
        if let Some((_, purposes)) = &self.purposes {
            let has = |wanted: &str| purposes.0.iter().any(|it| it.to_string() == wanted);
            if !has(CODE_SIGNING) || OTHER_PURPOSES.into_iter().any(has) {
                return unfit("is not for signing code alone");
            }
        }
        match NotationAlgorithm::of_key(self.key.kind()) {
            Some(algorithm) => Ok(algorithm),
            None => unfit("has a key that Notation does not sign with"),
        }
    }

    /// That it may vouch for times, and for nothing else (RFC 3161 §2.3).
    pub(super) fn may_stamp(&self) -> Result<(), CertificateError> {
        let unfit = |why| Err(CertificateError::Unfit(self.to_string(), why));
        let alone = |it: &ExtendedKeyUsage| matches!(&it.0[..], [only] if only.to_string() == TIME_STAMPING);
        match (&self.usage, &self.purposes) {
            _ if self.is_authority() => unfit("is an authority's, and no stamper's"),
            (Some((_, usage)), _) if !signs_alone(usage) => {
                unfit("is not marked for digital signatures alone")
            }
            (Some(_), Some((true, purposes))) if alone(purposes) => Ok(()),
            (Some(_), _) => unfit("is not for timestamps alone, critically"),
            (None, _) => unfit("is not marked for digital signatures alone"),
        }
    }

    /// What its subject says, each with its type's short name or number; no text where the value
    /// is of a kind that is not compared.
    pub(super) fn attributes(&self) -> Vec<(String, Option<String>)> {
        let rdns = self.parsed.tbs_certificate.subject.0.iter();
        let all = rdns.flat_map(|rdn| rdn.0.iter());
        all.map(|it| (attribute_name(&it.oid), attribute_text(&it.value))).collect()
    }
}

/// Its subject (RFC 4514).
impl fmt::Display for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&named(&self.parsed.tbs_certificate.subject))
    }
}

fn signs_alone(usage: &KeyUsage) -> bool {
    let only = KeyUsages::DigitalSignature | KeyUsages::NonRepudiation;
    usage.digital_signature() && only.contains(usage.0)
}

/// The short names that Notation's trust policies are written with.
const ATTRIBUTES: [(&str, &str); 11] = [
    ("2.5.4.6", "C"),
    ("2.5.4.8", "ST"),
    ("2.5.4.7", "L"),
    ("2.5.4.9", "STREET"),
    ("2.5.4.10", "O"),
    ("2.5.4.11", "OU"),
    ("2.5.4.3", "CN"),
    ("2.5.4.5", "SERIALNUMBER"),
    ("2.5.4.17", "POSTALCODE"),
    ("0.9.2342.19200300.100.1.25", "DC"),
    ("0.9.2342.19200300.100.1.1", "UID"),
];

fn attribute_name(oid: &ObjectIdentifier) -> String {
    let number = oid.to_string();
    let known = ATTRIBUTES.iter().find(|(known, _)| *known == number);
    known.map_or(number, |(_, name)| (*name).to_owned())
}

fn attribute_text(value: &x509_cert::der::Any) -> Option<String> {
    use x509_cert::der::Tag;
    let text = match value.tag() {
        Tag::Utf8String => value.decode_as::<Utf8StringRef<'_>>().ok()?.as_str().to_owned(),
        Tag::PrintableString => {
            value.decode_as::<PrintableStringRef<'_>>().ok()?.as_str().to_owned()
        }
        Tag::Ia5String => value.decode_as::<Ia5StringRef<'_>>().ok()?.as_str().to_owned(),
        _ => return None,
    };
    Some(text)
}
