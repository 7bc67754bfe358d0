//! What the attached signatures mean under a set of trusted keys.

use verdict::Digest;

use crate::attached::{Attached, Attachment, Kind, Origin, Unanswered};
use crate::exhibit::{Claim, Exhibit, Fault, Trust, Verified, could_not_look};
use crate::key::PublicKey;
use crate::keyed::KeyedLog;
use crate::keyless::Evidence;

/// Somebody who vouches for images: one valid signature by one of the keys is enough.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authority {
    /// The name that the policy calls it by.
    pub name: String,
    /// Its keys.
    pub keys: Vec<PublicKey>,
}

/// What it all comes to.
#[derive(Debug)]
pub struct Answer {
    /// The best that was found.
    pub outcome: Outcome,
    /// What each attached thing turned out to be, in order.
    pub seen: Vec<Seen>,
    /// Where could not be looked.
    pub unanswered: Vec<Unanswered>,
}

/// The best that was found among what is attached. Greatest is best.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// No signature is attached.
    Unsigned,
    /// Something is attached that is no signature of this image, whoever made it.
    BadSignature,
    /// A well-formed signature for this image verifies with no trusted key.
    OtherSigner,
    /// A signature with a certificate that was not valid when it was made.
    Expired,
    /// A signature that no log or trusted time vouches for, where that is asked.
    NotLogged,
    /// No trusted signature was found, and more is attached than the limits let be looked at.
    OverLimit,
    /// No trusted signature was found, and not every place answered.
    Unreachable,
    /// A trusted key signed this image.
    Verified,
}

/// What one attached thing turned out to be.
#[derive(Debug)]
pub struct Seen {
    /// Where it was found.
    pub origin: Origin,
    /// The authority and key that vouch, and the claim; or why it counts for nothing.
    pub result: Result<Vouched, Fault>,
}

/// A signature that counts.
#[derive(Debug, Clone)]
pub struct Vouched {
    /// The authority's name.
    pub authority: String,
    /// Who signed, what they say by it, and when.
    pub verified: Verified,
}

/// Judges what is attached. One signature that verifies is enough, whatever else is attached
/// beside it.
pub fn judge(attached: Attached, authorities: &[Authority]) -> Answer {
    let look = |it: Attachment| {
        let Attachment { origin, content } = it;
        let result = Exhibit::read(content)
            .and_then(|exhibit| vouched(&exhibit, &origin.subject, authorities));
        Seen { origin, result }
    };
    let seen: Vec<Seen> = attached.attachments.into_iter().map(look).collect();
    let unanswered = attached.unanswered.iter().map(|it| could_not_look(&it.source));
    let silent = unanswered.map(|it| it.unwrap_or(Outcome::Unreachable));
    let outcome = seen.iter().map(Seen::outcome).chain(silent).max().unwrap_or(Outcome::Unsigned);
    Answer { outcome, seen, unanswered: attached.unanswered }
}

impl Seen {
    /// What this alone would come to.
    pub fn outcome(&self) -> Outcome {
        match &self.result {
            Ok(_) => Outcome::Verified,
            Err(fault) => fault.outcome(),
        }
    }
}

/// The first authority that vouches by this; else the fault that is nearest to it.
fn vouched(
    exhibit: &Exhibit,
    subject: &Digest,
    authorities: &[Authority],
) -> Result<Vouched, Fault> {
    let mut nearest: Option<Fault> = None;
    for authority in authorities {
        let fault = match exhibit.verify(subject, &authority.trust()) {
            Ok(verified) => match &verified.claim {
                Claim::Signature(_) => {
                    return Ok(Vouched { authority: authority.name.clone(), verified });
                }
                Claim::Attestation(statement) => {
                    Fault::NoSignature(Kind::Attestation(statement.predicate_type.clone()))
                }
            },
            Err(fault) => fault,
        };
        if nearest.as_ref().is_none_or(|it| it.outcome() < fault.outcome()) {
            nearest = Some(fault);
        }
    }
    Err(nearest.unwrap_or(Fault::OtherSigner))
}

impl Authority {
    /// With what it verifies.
    pub(crate) fn trust(&self) -> Trust<'_> {
        Trust {
            keys: &self.keys,
            keyed_log: KeyedLog::WaivedUnsafe,
            root: None,
            evidence: Evidence::default(),
        }
    }
}
