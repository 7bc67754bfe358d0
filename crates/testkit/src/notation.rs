//! Notation signatures by a certificate authority of the tests' own, in all their variants and
//! without a network. Every key is P-256 and derived from the authority's name.

mod stamper;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use crate::bundle::Artifact;
use crate::image::BuiltImage;
use crate::revocation::{self, RevocationList};
use crate::signer::Signer;
use crate::sigstore::authority::extension;
use crate::sigstore::der::{
    bits, boolean, explicit, integer, oid, sequence, set, tlv, utc_time, utf8,
};

pub use stamper::{StampServer, Stamper, TIME_STAMPING, Token, critical_extension};

/// The media type of an envelope in JSON.
pub const JWS: &str = "application/jose+json";
/// What the manifest of a signature says that it is.
pub const ARTIFACT: &str = "application/vnd.cncf.notary.signature";
/// What a signature is over.
pub const PAYLOAD: &str = "application/vnd.cncf.notary.payload.v1+json";
/// 2024-06-01T00:00:00Z: when things are signed unless a test says otherwise.
pub const SIGNED_AT: &str = "2024-06-01T00:00:00Z";

/// 2024-01-01 and 2044-01-01.
const LONG: (i64, i64) = (1_704_067_200, 2_335_219_200);
const ECDSA_SHA256: &str = "1.2.840.10045.4.3.2";
/// Signing code.
pub const CODE_SIGNING: &str = "1.3.6.1.5.5.7.3.3";

/// A root, an authority below it, and signers below that.
pub struct Pki {
    name: String,
    root: Signer,
    authority: Signer,
}

/// A certificate as a test wants it.
pub struct Certificate {
    /// Who it is of: `C=US,ST=WA,O=acme`.
    pub subject: String,
    /// From and until when it is valid, in seconds.
    pub times: (i64, i64),
    /// Whether it is an authority's, and how many may stand below it.
    pub authority: Option<Option<u8>>,
    /// The bits of its key usage, as DER has them; critical unless said.
    pub usage: Option<(u8, u8)>,
    /// What it is for.
    pub purposes: Vec<&'static str>,
    /// More extensions: their number, whether critical, and value.
    pub extensions: Vec<(&'static str, bool, Vec<u8>)>,
    /// Its number.
    pub serial: u64,
}

impl Certificate {
    /// One for signing code.
    pub fn signer(subject: &str) -> Self {
        Self {
            subject: subject.to_owned(),
            times: LONG,
            authority: None,
            usage: Some((7, 0x80)),
            purposes: vec![CODE_SIGNING],
            extensions: Vec::new(),
            serial: 77,
        }
    }

    /// One for issuing others.
    pub fn authority(subject: &str) -> Self {
        Self {
            authority: Some(None),
            usage: Some((1, 0x06)),
            purposes: Vec::new(),
            serial: 7,
            ..Self::signer(subject)
        }
    }

    /// It, for this key and by this issuer.
    pub fn issued(&self, key: &Signer, issuer: &str, by: &Signer) -> Vec<u8> {
        let algorithm = sequence(&[oid(ECDSA_SHA256)]);
        let signed = sequence(&[
            explicit(0, &integer(2)),
            integer(self.serial),
            algorithm.clone(),
            name(issuer),
            sequence(&[utc_time(self.times.0), utc_time(self.times.1)]),
            name(&self.subject),
            key.public_der(),
            explicit(3, &sequence(&self.all_extensions())),
        ]);
        let signature = by.signature(&signed);
        sequence(&[signed, algorithm, bits(&signature)])
    }

    fn all_extensions(&self) -> Vec<Vec<u8>> {
        let mut all = Vec::new();
        if let Some(length) = self.authority {
            let length = length.map(|it| integer(it.into())).unwrap_or_default();
            all.push(extension("2.5.29.19", true, &sequence(&[boolean(true), length])));
        }
        if let Some((unused, usage)) = self.usage {
            all.push(extension("2.5.29.15", true, &tlv(3, &[unused, usage])));
        }
        if !self.purposes.is_empty() {
            let purposes: Vec<_> = self.purposes.iter().map(|it| oid(it)).collect();
            all.push(extension("2.5.29.37", false, &sequence(&purposes)));
        }
        all.extend(self.extensions.iter().map(|(id, critical, it)| extension(id, *critical, it)));
        all
    }
}

impl Pki {
    /// The one of this name.
    pub fn new(name: &str) -> Self {
        let key = |part: &str| Signer::new(&format!("notation {name} {part}"));
        Self { name: name.to_owned(), root: key("root"), authority: key("authority") }
    }

    /// The name of its root.
    pub fn root_name(&self) -> String {
        format!("C=US,ST=WA,O={},CN=root", self.name)
    }

    /// The name of the authority below it.
    pub fn authority_name(&self) -> String {
        format!("C=US,ST=WA,O={},CN=authority", self.name)
    }

    /// Whom it certifies unless a test says otherwise.
    pub fn signer_name(&self) -> String {
        format!("C=US,ST=WA,O={},CN=signer", self.name)
    }

    /// The key of its signers.
    pub fn signer(&self) -> Signer {
        Signer::new(&format!("notation {} signer", self.name))
    }

    /// The root's key.
    pub fn root_key(&self) -> &Signer {
        &self.root
    }

    /// The key of the authority.
    pub fn authority_key(&self) -> &Signer {
        &self.authority
    }

    /// The root's certificate, in DER.
    pub fn root(&self) -> Vec<u8> {
        let certificate = Certificate::authority(&self.root_name());
        certificate.issued(&self.root, &self.root_name(), &self.root)
    }

    /// The same in PEM.
    pub fn root_pem(&self) -> String {
        pem(&self.root())
    }

    /// The chain of a signer, with this certificate.
    pub fn chain(&self, signer: &Certificate) -> Vec<Vec<u8>> {
        self.chain_below(signer, &Certificate::authority(&self.authority_name()))
    }

    /// The same below an authority with that certificate.
    pub fn chain_below(&self, signer: &Certificate, authority: &Certificate) -> Vec<Vec<u8>> {
        vec![
            signer.issued(&self.signer(), &authority.subject, &self.authority),
            authority.issued(&self.authority, &self.root_name(), &self.root),
            self.root(),
        ]
    }

    /// The envelope of a signature of an image.
    pub fn sign(&self, image: &BuiltImage) -> Value {
        self.jws(&protected(), &payload(image), &self.own_chain())
    }

    /// The chain of its signer.
    pub fn own_chain(&self) -> Vec<Vec<u8>> {
        self.chain(&Certificate::signer(&self.signer_name()))
    }

    /// An envelope in JSON, as its signer makes it.
    pub fn jws(&self, protected: &Value, payload: &Value, chain: &[Vec<u8>]) -> Value {
        let encoded = |it: &Value| URL_SAFE_NO_PAD.encode(it.to_string());
        let (protected, payload) = (encoded(protected), encoded(payload));
        let signature = self.signer().fixed_signature(format!("{protected}.{payload}").as_bytes());
        let chain: Vec<String> = chain.iter().map(|it| STANDARD.encode(it)).collect();
        json!({
            "payload": payload,
            "protected": protected,
            "header": {"x5c": chain, "io.cncf.notary.signingAgent": "testkit"},
            "signature": URL_SAFE_NO_PAD.encode(signature),
        })
    }
}

/// What is signed beside the payload, unless a test says otherwise.
pub fn protected() -> Value {
    json!({
        "alg": "ES256",
        "cty": PAYLOAD,
        "crit": ["io.cncf.notary.signingScheme"],
        "io.cncf.notary.signingScheme": "notary.x509",
        "io.cncf.notary.signingTime": SIGNED_AT,
    })
}

/// What a signature of an image says.
pub fn payload(image: &BuiltImage) -> Value {
    json!({"targetArtifact": image.descriptor()})
}

/// An envelope with a timestamp token in it.
pub fn stamped(mut envelope: Value, token: &[u8]) -> Value {
    envelope["header"]["io.cncf.notary.timestampSignature"] = STANDARD.encode(token).into();
    envelope
}

/// The bytes of an envelope's signature.
pub fn signature(envelope: &Value) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(envelope["signature"].as_str().unwrap()).unwrap()
}

/// The manifest that carries an envelope about an image, as notation writes it.
pub fn artifact(image: &BuiltImage, media_type: &str, envelope: Vec<u8>) -> Artifact {
    let annotations = json!({"io.cncf.notary.x509chain.thumbprint#S256": "[]"});
    Artifact::about(&image.descriptor(), Some(ARTIFACT), annotations, vec![(media_type, envelope)])
}

/// A trust policy that trusts the signer of this authority with all repositories, from the store
/// `ca:acme`.
pub fn trust_policy(pki: &Pki) -> Value {
    let identity = format!("x509.subject: C=US, ST=WA, O={}", pki.name);
    json!({"version": "1.0", "trustPolicies": [{
        "name": "all",
        "registryScopes": ["*"],
        "signatureVerification": {"level": "strict"},
        "trustStores": ["ca:acme"],
        "trustedIdentities": [identity],
    }]})
}

/// A list of revoked certificates in PEM, by the holder of this key with this name.
pub fn list_pem(list: &RevocationList, issuer: &str, by: &Signer) -> String {
    revocation::pem(&list.signed(&name(issuer), by))
}

/// A certificate in PEM.
pub fn pem(der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines: Vec<&str> =
        text.as_bytes().chunks(64).map(|it| std::str::from_utf8(it).unwrap()).collect();
    format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", lines.join("\n"))
}

/// `C=US,ST=WA,…`, an attribute a set.
fn name(text: &str) -> Vec<u8> {
    let id = |short: &str| match short {
        "C" => "2.5.4.6",
        "ST" => "2.5.4.8",
        "O" => "2.5.4.10",
        "OU" => "2.5.4.11",
        "CN" => "2.5.4.3",
        other => panic!("no attribute {other}"),
    };
    let pairs = text.split(',').filter_map(|it| it.split_once('='));
    let sets: Vec<Vec<u8>> =
        pairs.map(|(short, value)| set(vec![sequence(&[oid(id(short)), utf8(value)])])).collect();
    sequence(&sets)
}
