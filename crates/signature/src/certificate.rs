//! A signer's certificate, as far as `sigstore-verify` does not tell what stands in it: every name,
//! whoever's key it is, and when it is valid. Reading one believes nothing of it.

use jiff::Timestamp;
use sigstore_types::bundle::VerificationMaterialContent;
use x509_cert::Certificate as X509;
use x509_cert::der::asn1::{ObjectIdentifier, Utf8StringRef};
use x509_cert::der::{Decode, Encode};
use x509_cert::ext::pkix::name::{GeneralName, OtherName};
use x509_cert::ext::pkix::{BasicConstraints, ExtendedKeyUsage, KeyUsage, SubjectAltName};
use x509_cert::name::Name;
use x509_cert::time::Time;

use crate::bundle::Bundle;
use crate::fault::Cause;
use crate::key::PublicKey;

/// Fulcio's kind of other name, a UTF8String (its docs/oid-info.md).
const FULCIO_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.57264.1.7");

/// id-kp-codeSigning.
const CODE_SIGNING: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.3");

/// A certificate.
pub(crate) struct Certificate(X509);

impl Certificate {
    /// Reads one (DER).
    pub(crate) fn read(der: &[u8]) -> Result<Self, Cause> {
        X509::from_der(der).map(Self).map_err(Into::into)
    }

    pub(crate) fn as_x509(&self) -> &X509 {
        &self.0
    }

    /// Whose it is, by its names that say who somebody is, in their order: e-mail addresses, URIs,
    /// hosts and Fulcio's other names. One that cannot be read is none.
    pub(crate) fn names(&self) -> Vec<String> {
        let names = self.0.tbs_certificate.get::<SubjectAltName>();
        let Ok(Some((_, SubjectAltName(names)))) = names else { return Vec::new() };
        names.iter().filter_map(text).filter(|name| !name.is_empty()).collect()
    }

    /// Fulcio's other name in it, if it is its only name.
    pub(crate) fn other_name(&self) -> Option<String> {
        let names = self.0.tbs_certificate.get::<SubjectAltName>();
        let Ok(Some((_, SubjectAltName(names)))) = names else { return None };
        match names.as_slice() {
            [name @ GeneralName::OtherName(_)] => text(name).filter(|name| !name.is_empty()),
            _ => None,
        }
    }

    /// The key in it, if it is one that is verified here.
    pub(crate) fn key(&self) -> Option<PublicKey> {
        let der = self.0.tbs_certificate.subject_public_key_info.to_der().ok()?;
        PublicKey::from_der(&der).ok()
    }

    /// From and until when it is valid, in seconds; both ends are inclusive (RFC 5280 §4.1.2.5).
    pub(crate) fn times(&self) -> (u64, u64) {
        let validity = &self.0.tbs_certificate.validity;
        let second = |time: &x509_cert::time::Time| time.to_unix_duration().as_secs();
        (second(&validity.not_before), second(&validity.not_after))
    }

    /// Its subject's distinguished name (RFC 4514).
    pub(crate) fn subject(&self) -> String {
        self.0.tbs_certificate.subject.to_string()
    }

    /// Whether it names itself as who issued it.
    pub(crate) fn is_self_issued(&self) -> bool {
        self.0.tbs_certificate.subject == self.0.tbs_certificate.issuer
    }

    /// Whether it says that it is for code signing (RFC 5280 §4.2.1.3, §4.2.1.12).
    pub(crate) fn is_for_code_signing(&self) -> bool {
        let extended = self.0.tbs_certificate.get::<ExtendedKeyUsage>();
        let usage = self.0.tbs_certificate.get::<KeyUsage>();
        let extended =
            extended.is_ok_and(|it| it.is_some_and(|(_, it)| it.0.contains(&CODE_SIGNING)));
        extended && usage.is_ok_and(|it| it.is_none_or(|(_, it)| it.digital_signature()))
    }

    /// How many authorities may stand between this one and a signer: `None` if it is no authority.
    pub(crate) fn path_length(&self) -> Option<usize> {
        let constraints = self.0.tbs_certificate.get::<BasicConstraints>().ok().flatten();
        let (_, constraints) = constraints.filter(|(_, it)| it.ca)?;
        Some(constraints.path_len_constraint.map_or(usize::MAX, usize::from))
    }
}

/// A distinguished name (RFC 4514) as it may be shown.
pub(crate) fn named(name: &Name) -> String {
    name.to_string().chars().filter(|it| !it.is_control()).take(128).collect()
}

/// A time of a certificate's or of a list's.
pub(crate) fn moment(time: &Time) -> Timestamp {
    let second = i64::try_from(time.to_unix_duration().as_secs()).unwrap_or(i64::MAX);
    Timestamp::from_second(second).unwrap_or(Timestamp::MAX)
}

fn text(name: &GeneralName) -> Option<String> {
    match name {
        GeneralName::Rfc822Name(text) | GeneralName::DnsName(text) => Some(text.to_string()),
        GeneralName::UniformResourceIdentifier(text) => Some(text.to_string()),
        GeneralName::OtherName(OtherName { type_id, value }) if *type_id == FULCIO_NAME => {
            Utf8StringRef::try_from(value).ok().map(|text| text.to_string())
        }
        _ => None,
    }
}

impl Bundle {
    /// Its certificates (DER), the signer's first; none if a bare key signed.
    pub(crate) fn certificates(&self) -> Vec<&[u8]> {
        match &self.inner.verification_material.content {
            VerificationMaterialContent::Certificate(leaf) => vec![leaf.raw_bytes.as_bytes()],
            VerificationMaterialContent::X509CertificateChain { certificates } => {
                certificates.iter().map(|it| it.raw_bytes.as_bytes()).collect()
            }
            _ => Vec::new(),
        }
    }

    /// The signer's certificate, if it has one that can be read.
    pub(crate) fn certificate(&self) -> Option<Certificate> {
        Certificate::read(self.certificates().first()?).ok()
    }
}
