//! A certificate authority of an organisation's own, without Fulcio: a root, an intermediate and
//! certificates for signers, as enterprises issue them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::authority::{
    AUTHORITY_TIMES, Authority, CODE_SIGNING, Certificate, extension, general_name, name,
};
use super::der::{boolean, oid, sequence, tlv};
use crate::revocation::{self, RevocationList};
use crate::signer::Signer;

/// An authority and the one below it, which issues.
pub struct OwnPki {
    root: Authority,
    issuing: Signer,
    issuing_name: String,
    /// The certificate of the one below (DER).
    pub issuing_certificate: Vec<u8>,
}

/// What a certificate says of a signer.
#[derive(Debug, Clone)]
pub struct Leaf {
    /// The names: e-mail addresses, URIs, hosts; `other:NAME` is one of Fulcio's other names.
    pub names: Vec<String>,
    /// From and until when it is valid, in seconds.
    pub times: (i64, i64),
    /// What it is for, by OID; it does not say so without one.
    pub usage: Option<&'static str>,
}

impl Leaf {
    /// For code signing by who has these names, from 2024 to 2044.
    pub fn of(names: &[&str]) -> Self {
        let names = names.iter().map(|&name| name.to_owned()).collect();
        Self { names, times: AUTHORITY_TIMES, usage: Some(CODE_SIGNING) }
    }
}

impl OwnPki {
    /// The authority of this name, valid from 2024 to 2044.
    pub fn new(name: &str) -> Self {
        Self::valid(name, AUTHORITY_TIMES)
    }

    /// The same, valid at these times.
    pub fn valid(name: &str, times: (i64, i64)) -> Self {
        let key = |part: &str| Signer::new(&format!("{name} {part}"));
        let root = Authority::valid(&format!("{name} root"), key("root"), times);
        let (issuing, issuing_name) = (key("issuing"), format!("{name} issuing"));
        let certificate = Certificate {
            serial: 2,
            issuer: &root.name,
            subject: &issuing_name,
            times: AUTHORITY_TIMES,
            key: &issuing,
            extensions: vec![
                extension("2.5.29.19", true, &sequence(&[boolean(true)])),
                extension("2.5.29.15", true, &tlv(3, &[1, 6])),
            ],
        };
        let issuing_certificate = certificate.signed_by(&root.key);
        Self { root, issuing, issuing_name, issuing_certificate }
    }

    /// The root's certificate, in PEM.
    pub fn root_pem(&self) -> String {
        pem(&self.root.certificate)
    }

    /// The certificates above a signer's, in PEM: the issuing authority's and the root's.
    pub fn chain_pem(&self) -> String {
        pem(&self.issuing_certificate) + &self.root_pem()
    }

    /// A list of the issuing authority's in PEM.
    pub fn list_pem(&self, list: &RevocationList) -> String {
        revocation::pem(&list.signed(&name(&self.issuing_name), &self.issuing))
    }

    /// A certificate for this key (DER).
    pub fn certify(&self, key: &Signer, leaf: &Leaf) -> Vec<u8> {
        let names: Vec<Vec<u8>> = leaf.names.iter().map(|it| general_name(it)).collect();
        let mut extensions = vec![extension("2.5.29.15", true, &tlv(3, &[7, 0x80]))];
        extensions
            .extend(leaf.usage.map(|it| extension("2.5.29.37", false, &sequence(&[oid(it)]))));
        if !names.is_empty() {
            extensions.push(extension("2.5.29.17", true, &sequence(&names)));
        }
        let certificate = Certificate {
            serial: 3,
            issuer: &self.issuing_name,
            subject: "a signer",
            times: leaf.times,
            key,
            extensions,
        };
        certificate.signed_by(&self.issuing)
    }
}

/// A certificate in PEM.
pub fn pem(der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines: Vec<&str> =
        text.as_bytes().chunks(64).map(|it| std::str::from_utf8(it).unwrap()).collect();
    format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", lines.join("\n"))
}
