//! How an authority stands to an image: do enough different signers vouch, for all that is asked?

use std::collections::BTreeSet;

use crate::authority::{Authority, SignatureDemand};
use crate::exhibit::{Claim, Signatory, Verified};
use crate::judge::Outcome;
use crate::keyless::Signer;

/// How an authority stands to an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// The authority's name.
    pub authority: String,
    /// What it comes to.
    pub outcome: Outcome,
    /// The different signers who signed the image, as it asks for.
    pub signers: BTreeSet<SignerId>,
    /// What is missing, a line each; empty if it vouches.
    pub lacking: Vec<String>,
}

/// Who a signer is, to tell it from others: one key, or one identity. How often it signed, in
/// which layout and with how many certificates, makes it no second one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SignerId(String);

impl SignerId {
    /// The signer's.
    pub fn of(signatory: &Signatory) -> Self {
        Self(match signatory {
            Signatory::Key { id, .. } => format!("key {id}"),
            Signatory::Certified(signer) => format!("{} by {}", signer.subject, signer.root),
            Signatory::Identity(signer) => format!("{} by {}", who(signer), signer.issuer),
        })
    }

    /// In words.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A workflow is the same one at whatever ref it ran: its URI up to the `@`.
fn who(signer: &Signer) -> &str {
    let subject = signer.subject.as_str();
    match (subject.contains("://"), subject.rfind('@')) {
        (true, Some(at)) => subject.get(..at).unwrap_or(subject),
        _ => subject,
    }
}

/// The best of what an authority did not accept.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Best {
    signature: Outcome,
    attestation: Outcome,
}

impl Best {
    /// Nothing but this: places that gave no answer.
    pub(crate) fn of(silence: Outcome) -> Self {
        Self { signature: silence, attestation: silence }
    }

    pub(crate) fn take(&mut self, outcome: Outcome) {
        self.attestation = self.attestation.max(outcome);
        // What an attestation says is no news of a signature.
        let is_said_by_one = matches!(
            outcome,
            Outcome::NotAttested | Outcome::AttestedOtherwise | Outcome::RulesUnanswered
        );
        if !is_said_by_one {
            self.signature = self.signature.max(outcome);
        }
    }
}

/// What one authority found to count, signer by signer.
#[derive(Debug, Default)]
pub(crate) struct Count {
    signed: BTreeSet<SignerId>,
    /// For each attestation that is asked: who made one that is true to it.
    attested: Vec<BTreeSet<SignerId>>,
}

impl Count {
    pub(crate) fn new(authority: &Authority) -> Self {
        let attested = authority.attestations.iter().map(|_| BTreeSet::new()).collect();
        Self { signed: BTreeSet::new(), attested }
    }

    /// Counts what the authority accepted as a signature, or as the attestations `met` that it
    /// asks for.
    pub(crate) fn take(&mut self, verified: &Verified, met: &[usize]) {
        let id = SignerId::of(&verified.signatory);
        match &verified.claim {
            Claim::Signature(_) => {
                self.signed.insert(id);
            }
            // An attestation never counts as a signature of the image.
            Claim::Attestation(_) => {
                for index in met {
                    if let Some(signers) = self.attested.get_mut(*index) {
                        signers.insert(id.clone());
                    }
                }
            }
        }
    }

    /// How the authority stands, if this was the best of what it did not accept.
    pub(crate) fn standing(self, authority: &Authority, best: Best) -> Standing {
        let threshold = authority.threshold as usize;
        let (mut lacking, mut outcome) = (Vec::new(), Outcome::Verified);
        let mut lack = |count: usize, what: &str, short: Outcome| {
            if count < threshold {
                lacking.push(format!("{what}: {count} of {threshold} signers"));
                outcome = outcome.min(short);
            }
        };
        if authority.image_signature == SignatureDemand::Required {
            let few = match self.signed.is_empty() {
                true => best.signature,
                false => best.signature.max(Outcome::TooFewSigners),
            };
            lack(self.signed.len(), "signatures", few);
        }
        for (asked, signers) in authority.attestations.iter().zip(&self.attested) {
            let few = best.attestation.max(Outcome::NotAttested);
            lack(signers.len(), &format!("attestations {}", asked.predicate_type), few);
        }
        let authority = authority.name.clone();
        Standing { authority, outcome, signers: self.signed, lacking }
    }
}
