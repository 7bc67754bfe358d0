//! Signatures of Notation (Notary v2): an envelope with the signer's certificates in it, judged by
//! Notation's own trust policy and trust stores (specifications of the Notary Project, version 1).
//!
//! No plug-in is run and no network is asked: what only these could tell is undecided.

mod algorithm;
mod certificate;
mod chain;
mod cose;
mod distinguished_name;
mod envelope;
mod fault;
mod jws;
mod lifetime;
mod target;
mod time_info;
mod timestamp;
mod trust;
mod trust_policy;

use jiff::Timestamp;
use verdict::Digest;

pub use algorithm::NotationAlgorithm;
pub use certificate::CertificateError;
pub use chain::ChainError;
pub use distinguished_name::{DistinguishedName, DistinguishedNameError};
pub use envelope::{EnvelopeError, EnvelopeFormat, SigningScheme};
pub use fault::NotationFault;
pub use target::Described;
pub use timestamp::TimestampError;
pub use trust::{NotationTrust, NotationTrustError};
pub use trust_policy::TrustPolicyError;

use crate::exhibit::{Claim, Fault, Signatory, Verified};
use chain::Chain;
use envelope::{ENVELOPE_BYTES_MAX, Envelope};
use trust_policy::Action;

/// An envelope as it lies at an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enveloped {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Its format, as its media type says.
    pub format: EnvelopeFormat,
    /// What the manifest is that it hangs on, once somebody looked.
    pub described: Option<Described>,
}

/// A Notation signature, read and not believed.
#[derive(Debug)]
pub struct NotationSignature {
    envelope: Envelope,
    described: Option<Described>,
}

/// Who signed, as a certificate of a trust store vouches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertifiedSigner {
    /// The subject of the signer's certificate.
    pub subject: String,
    /// The subject of the root that its chain ends in.
    pub root: String,
    /// How the signature was made.
    pub algorithm: NotationAlgorithm,
    /// When it was signed, as the signer says; who is not believed.
    pub claimed_time: Option<Timestamp>,
    /// What does not verify of it, and the trust policy only logs.
    pub logged: Vec<String>,
}

impl NotationSignature {
    /// Reads an envelope.
    ///
    /// # Errors
    /// When it is none, or its signer asks for something that nobody does here.
    pub fn read(enveloped: Enveloped) -> Result<Self, Fault> {
        let Enveloped { bytes, format, described } = enveloped;
        let read = match format {
            _ if bytes.len() > ENVELOPE_BYTES_MAX => Err(EnvelopeError::TooLarge(bytes.len())),
            EnvelopeFormat::Jws => jws::read(&bytes),
            EnvelopeFormat::Cose => cose::read(&bytes),
        };
        let envelope = read.map_err(|source| Fault::Notation(NotationFault::Envelope(source)))?;
        Ok(Self { envelope, described })
    }

    /// Verifies it as being about the manifest `subject`
    /// (trust-store-trust-policy.md, "Signature Evaluation").
    pub(crate) fn verify(
        &self,
        subject: &Digest,
        trust: Option<&NotationTrust>,
    ) -> Result<Verified, Fault> {
        let trust = trust.ok_or(Fault::Notation(NotationFault::NotAsked))?;
        let asked = trust.asked().map_err(Fault::Notation)?;
        let chain = Chain::read(&self.envelope.chain);
        let chain = chain.map_err(|it| Fault::Notation(NotationFault::Chain(it)))?;
        // 1. Is its signer trusted? It costs no cryptography, so a stranger's is not computed.
        let known = asked.knows(&chain, self.envelope.attributes.scheme);
        let unknown = match (known, asked.actions.authenticity) {
            (Ok(()), _) => None,
            (Err(fault), Action::Enforce) => return Err(Fault::Notation(fault)),
            (Err(fault), Action::Log | Action::Skip) => Some(fault),
        };
        // 2. Did they sign this very manifest?
        self.is_intact(&chain).map_err(Fault::Notation)?;
        let described = self.described.as_ref();
        let described = described.ok_or(Fault::Notation(NotationFault::Undescribed))?;
        let claim = target::claim(&self.envelope.payload, subject, described)?;
        if let Some(fault) = unknown {
            return Err(Fault::Notation(NotationFault::OnlyLogged(Box::new(fault))));
        }
        // What only a plug-in could tell is undecided, of a trusted signer alone: a stranger's wish
        // makes nothing undecided.
        if let Some(name) = &self.envelope.attributes.plugin {
            return Err(Fault::Notation(NotationFault::Plugin(name.clone())));
        }
        // 3. Does it count now?
        let mut signer = CertifiedSigner {
            subject: chain.leaf().to_string(),
            root: chain.root().to_string(),
            algorithm: chain.algorithm,
            claimed_time: self.claimed_time(),
            logged: Vec::new(),
        };
        let times = self.in_time(&chain, asked, trust.now, &mut signer).map_err(Fault::Notation)?;
        Ok(Verified {
            signatory: Signatory::Certified(Box::new(signer)),
            claim: Claim::Signature(claim),
            times,
        })
    }

    /// That the holder of the chain's key made the signature, and each issued the next.
    fn is_intact(&self, chain: &Chain) -> Result<(), NotationFault> {
        let envelope = &self.envelope;
        if envelope.algorithm != chain.algorithm {
            return Err(NotationFault::Algorithm);
        }
        let key = chain.leaf().key();
        if !chain.algorithm.verifies(key, &envelope.signed, &envelope.signature) {
            return Err(NotationFault::Signature);
        }
        chain.verify().map_err(NotationFault::Chain)
    }

    fn claimed_time(&self) -> Option<Timestamp> {
        match self.envelope.attributes.scheme {
            SigningScheme::Signer(time) => time,
            SigningScheme::SigningAuthority(time) => Some(time),
        }
    }
}
