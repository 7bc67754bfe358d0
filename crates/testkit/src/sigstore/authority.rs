//! Certificates: of authorities, of signers with what Fulcio writes into them, and the proof of a
//! certificate log within (RFC 5280, RFC 6962 §3.2, Fulcio's docs/oid-info.md).

use super::der::{
    bits, boolean, explicit, integer, octets, oid, sequence, set, tlv, utc_time, utf8,
};
use super::{CERTIFICATE_SECONDS, Instance, Order, sha256};
use crate::signer::Signer;

const ECDSA_SHA256: &str = "1.2.840.10045.4.3.2";
pub(super) const CODE_SIGNING: &str = "1.3.6.1.5.5.7.3.3";
const TIME_STAMPING: &str = "1.3.6.1.5.5.7.3.8";
/// 2024-01-01 and 2044-01-01: what authorities are valid for.
pub(super) const AUTHORITY_TIMES: (i64, i64) = (1_704_067_200, 2_335_219_200);

/// Who a certificate says that somebody is.
#[derive(Debug, Clone)]
pub struct Identity {
    /// An e-mail address, a URI, or `other:NAME`.
    pub subject: String,
    /// The OIDC issuer; without one there is no extension for it.
    pub issuer: Option<String>,
    /// More extensions, by their last number under 1.3.6.1.4.1.57264.1.
    pub extensions: Vec<(u8, String)>,
}

/// A certificate authority that is its own root.
pub(super) struct Authority {
    pub(super) name: String,
    pub(super) key: Signer,
    pub(super) certificate: Vec<u8>,
}

pub(super) struct Certificate<'a> {
    pub(super) serial: u64,
    pub(super) issuer: &'a str,
    pub(super) subject: &'a str,
    pub(super) times: (i64, i64),
    pub(super) key: &'a Signer,
    pub(super) extensions: Vec<Vec<u8>>,
}

impl Identity {
    /// This subject, for whom this issuer vouches.
    pub fn new(subject: &str, issuer: &str) -> Self {
        Self { subject: subject.into(), issuer: Some(issuer.into()), extensions: Vec::new() }
    }

    fn extensions(&self) -> Vec<Vec<u8>> {
        let subject = general_name(&self.subject);
        let fulcio = |number: u8, text: &str| {
            extension(&format!("1.3.6.1.4.1.57264.1.{number}"), false, &utf8(text))
        };
        let mut all = vec![
            extension("2.5.29.15", true, &tlv(3, &[7, 0x80])),
            extension("2.5.29.37", false, &sequence(&[oid(CODE_SIGNING)])),
            extension("2.5.29.17", true, &sequence(&[subject])),
        ];
        all.extend(self.issuer.as_ref().map(|issuer| fulcio(8, issuer)));
        all.extend(self.extensions.iter().map(|(number, text)| fulcio(*number, text)));
        all
    }
}

impl Authority {
    pub(super) fn new(name: &str, key: Signer) -> Self {
        Self::valid(name, key, AUTHORITY_TIMES)
    }

    pub(super) fn valid(name: &str, key: Signer, times: (i64, i64)) -> Self {
        let certificate = Certificate {
            serial: 1,
            issuer: name,
            subject: name,
            times,
            key: &key,
            extensions: vec![
                extension("2.5.29.19", true, &sequence(&[boolean(true)])),
                extension("2.5.29.15", true, &tlv(3, &[1, 6])),
            ],
        };
        let certificate = certificate.signed_by(&key);
        Self { name: name.to_owned(), key, certificate }
    }
}

impl Instance {
    /// A certificate for this key and identity, with a proof of the certificate log if the order
    /// wants one.
    pub fn certificate(&self, key: &Signer, identity: &Identity, order: &Order) -> Vec<u8> {
        let mut certificate = Certificate {
            serial: 7,
            issuer: &self.fulcio.name,
            subject: "",
            times: (order.certified_at, order.certified_at + CERTIFICATE_SECONDS),
            key,
            extensions: identity.extensions(),
        };
        if order.certificate_logged {
            let list = self.sct_list(&certificate.to_be_signed(), order.certified_at);
            certificate.extensions.push(extension(
                "1.3.6.1.4.1.11129.2.4.2",
                false,
                &octets(&list),
            ));
        }
        certificate.signed_by(&self.fulcio.key)
    }

    /// SignedCertificateTimestampList with one SCT over a precertificate (RFC 6962 §3.2, §3.3).
    fn sct_list(&self, to_be_signed: &[u8], second: i64) -> Vec<u8> {
        let milliseconds = (second as u64 * 1000).to_be_bytes();
        let length = &(to_be_signed.len() as u32).to_be_bytes()[1..];
        let signed = [
            &[0, 0][..],
            &milliseconds,
            &[0, 1],
            &sha256(&self.fulcio.key.public_der()),
            length,
            to_be_signed,
            &[0, 0],
        ]
        .concat();
        let signature = self.certificate_log.signature(&signed);
        let log = sha256(&self.certificate_log.public_der());
        let sct = [
            &[0][..],
            &log,
            &milliseconds,
            &[0, 0, 4, 3],
            &(signature.len() as u16).to_be_bytes(),
            &signature,
        ]
        .concat();
        let one = [&(sct.len() as u16).to_be_bytes()[..], &sct].concat();
        [&(one.len() as u16).to_be_bytes()[..], &one].concat()
    }

    pub(super) fn stamper_key(&self) -> Signer {
        Signer::new(&format!("{} leaf", self.stamper.name))
    }

    pub(super) fn stamper_certificate(&self) -> Vec<u8> {
        let key = self.stamper_key();
        let certificate = Certificate {
            serial: 9,
            issuer: &self.stamper.name,
            subject: "stamper",
            times: AUTHORITY_TIMES,
            key: &key,
            extensions: vec![
                extension("2.5.29.15", true, &tlv(3, &[7, 0x80])),
                extension("2.5.29.37", true, &sequence(&[oid(TIME_STAMPING)])),
            ],
        };
        certificate.signed_by(&self.stamper.key)
    }
}

impl Certificate<'_> {
    fn to_be_signed(&self) -> Vec<u8> {
        sequence(&[
            explicit(0, &integer(2)),
            integer(self.serial),
            sequence(&[oid(ECDSA_SHA256)]),
            name(self.issuer),
            sequence(&[utc_time(self.times.0), utc_time(self.times.1)]),
            name(self.subject),
            self.key.public_der(),
            explicit(3, &sequence(&self.extensions)),
        ])
    }

    pub(super) fn signed_by(&self, issuer: &Signer) -> Vec<u8> {
        let to_be_signed = self.to_be_signed();
        let signature = issuer.signature(&to_be_signed);
        sequence(&[to_be_signed, sequence(&[oid(ECDSA_SHA256)]), bits(&signature)])
    }
}

/// A name with one common name, or none.
pub(super) fn name(common: &str) -> Vec<u8> {
    match common {
        "" => sequence(&[]),
        common => sequence(&[set(vec![sequence(&[oid("2.5.4.3"), utf8(common)])])]),
    }
}

pub(crate) fn extension(id: &str, critical: bool, value: &[u8]) -> Vec<u8> {
    let critical = if critical { boolean(true) } else { Vec::new() };
    sequence(&[oid(id), critical, octets(value)])
}

/// A name of who is certified: an e-mail address, a URI, a host, or one of Fulcio's other names.
pub(super) fn general_name(name: &str) -> Vec<u8> {
    match name.strip_prefix("other:") {
        Some(other) => {
            let kind = oid("1.3.6.1.4.1.57264.1.7");
            tlv(0xa0, &[kind, explicit(0, &utf8(other))].concat())
        }
        None if name.contains("://") => tlv(0x86, name.as_bytes()),
        None if name.contains('@') => tlv(0x81, name.as_bytes()),
        None => tlv(0x82, name.as_bytes()),
    }
}
