//! Timestamps (RFC 3161) in CMS (RFC 5652), by the instance's timestamp authority.

use super::authority::name;
use super::der::{explicit, generalized_time, integer, octets, oid, sequence, set, tlv};
use super::{Instance, sha256};
use crate::signer::Signer;

const SHA256: &str = "2.16.840.1.101.3.4.2.1";
const SIGNED_DATA: &str = "1.2.840.113549.1.7.2";
const TST_INFO: &str = "1.2.840.113549.1.9.16.1.4";
const CONTENT_TYPE: &str = "1.2.840.113549.1.9.3";
const MESSAGE_DIGEST: &str = "1.2.840.113549.1.9.4";

impl Instance {
    /// The response that says that these bytes (a signature) existed at that time.
    pub fn timestamp(&self, bytes: &[u8], second: i64) -> Vec<u8> {
        let sha256_id = sequence(&[oid(SHA256)]);
        let info = sequence(&[
            integer(1),
            oid("1.3.6.1.4.1.57264.2"),
            sequence(&[sha256_id.clone(), octets(&sha256(bytes))]),
            integer(42),
            generalized_time(second),
        ]);
        let signer = TimeSigner {
            key: &self.stamper_key(),
            issuer: name(&self.stamper.name),
            serial: 9,
            attributes: Vec::new(),
            certificates: Vec::new(),
        };
        let token = signer.token(&info);
        let status = sequence(&[tlv(2, &[0])]);
        sequence(&[status, token])
    }
}

/// Who signs times, and what goes with the signature.
pub(crate) struct TimeSigner<'a> {
    pub(crate) key: &'a Signer,
    /// The name of its certificate's issuer, and the certificate's number.
    pub(crate) issuer: Vec<u8>,
    pub(crate) serial: u64,
    /// What is signed beside the kind and the hash of what is signed.
    pub(crate) attributes: Vec<Vec<u8>>,
    pub(crate) certificates: Vec<Vec<u8>>,
}

impl TimeSigner<'_> {
    /// The token that says this (TSTInfo).
    pub(crate) fn token(&self, info: &[u8]) -> Vec<u8> {
        let sha256_id = sequence(&[oid(SHA256)]);
        let mut attributes = vec![
            sequence(&[oid(CONTENT_TYPE), set(vec![oid(TST_INFO)])]),
            sequence(&[oid(MESSAGE_DIGEST), set(vec![octets(&sha256(info))])]),
        ];
        attributes.extend(self.attributes.iter().cloned());
        let signed = set(attributes);
        let signature = self.key.signature(&signed);
        // In the message the set carries the tag [0] instead of its own (RFC 5652 §5.4).
        let mut tagged = signed;
        tagged[0] = 0xa0;
        let signer = sequence(&[
            integer(1),
            sequence(&[self.issuer.clone(), integer(self.serial)]),
            sha256_id.clone(),
            tagged,
            sequence(&[oid("1.2.840.10045.4.3.2")]),
            octets(&signature),
        ]);
        let mut certificates = Vec::new();
        if !self.certificates.is_empty() {
            certificates = set(self.certificates.clone());
            certificates[0] = 0xa0;
        }
        let data = sequence(&[
            integer(3),
            set(vec![sha256_id]),
            sequence(&[oid(TST_INFO), explicit(0, &octets(info))]),
            certificates,
            set(vec![signer]),
        ]);
        sequence(&[oid(SIGNED_DATA), explicit(0, &data)])
    }
}
