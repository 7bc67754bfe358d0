//! What the attached signatures mean under a set of trusted keys.

use crate::attached::{Attached, Attachment, Kind, Origin, Unanswered};
use crate::authority::Authority;
use crate::exhibit::{Claim, Exhibit, Fault, Trust, Verified, could_not_look};
use crate::known::Known;
use crate::standing::{Best, Count, Standing};

/// What it all comes to.
#[derive(Debug)]
pub struct Answer {
    /// The best that was found: how the authority stands that stands best.
    pub outcome: Outcome,
    /// How each authority stands, in their order.
    pub standings: Vec<Standing>,
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
    /// A signature with a certificate that its issuer has revoked.
    Revoked,
    /// A signature that no log or trusted time vouches for, where that is asked.
    NotLogged,
    /// A trusted signature without an annotation that is asked for.
    NotAnnotated,
    /// Trusted signatures, by fewer different signers than are asked for.
    TooFewSigners,
    /// What must have been attested to was not, by enough of the trusted signers.
    NotAttested,
    /// What a trusted signer attested to is not what is asked.
    AttestedOtherwise,
    /// The user's own rules about what a trusted signer attested to could not be asked.
    RulesUnanswered,
    /// A signature of nobody whom a trust policy of Notation's trusts, which it only logs.
    OnlyLogged,
    /// A signature of which a part that is asked cannot be checked here.
    Unchecked,
    /// No trusted signature was found, and more is attached than the limits let be looked at.
    OverLimit,
    /// No trusted signature was found, and not every place answered.
    Unreachable,
    /// An authority vouches for this image.
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

/// A signature that counts, or an attestation that is asked for.
#[derive(Debug, Clone)]
pub struct Vouched {
    /// The authority's name.
    pub authority: String,
    /// Who signed, what they say by it, and when.
    pub verified: Verified,
}

/// Judges what is attached, for each authority. One signature that verifies is enough where not
/// more is asked, whatever else is attached beside it.
pub fn judge(attached: Attached, authorities: &[Authority]) -> Answer {
    let read = |it: Attachment| (it.origin, Exhibit::read(it.content));
    let read: Vec<_> = attached.attachments.into_iter().map(read).collect();
    let mut marks: Vec<Mark<'_>> = read.iter().map(|_| Mark::default()).collect();
    let unanswered = attached.unanswered;
    let stands = |authority| stands(authority, &read, &mut marks, &unanswered);
    let standings: Vec<Standing> = authorities.iter().map(stands).collect();
    let seen = read.into_iter().zip(marks).map(|((origin, exhibit), mark)| {
        let result = exhibit.and_then(|_| mark.vouched.unwrap_or(Err(Fault::OtherSigner)));
        Seen { origin, result }
    });
    let seen: Vec<Seen> = seen.collect();
    let nobody = seen.iter().map(Seen::outcome).max().unwrap_or(Outcome::Unsigned);
    let nobody = nobody.max(silence(unanswered.iter()));
    let outcome = standings.iter().map(|it| it.outcome).max().unwrap_or(nobody);
    Answer { outcome, standings, seen, unanswered }
}

/// What it comes to that these places gave no answer.
fn silence<'a>(unanswered: impl Iterator<Item = &'a Unanswered>) -> Outcome {
    let outcome = |it: &Unanswered| could_not_look(&it.source).unwrap_or(Outcome::Unreachable);
    unanswered.map(outcome).max().unwrap_or(Outcome::Unsigned)
}

/// What is noted of one attached thing from authority to authority.
#[derive(Default)]
struct Mark<'t> {
    /// The first that vouches; else the fault that is nearest to it.
    vouched: Option<Result<Vouched, Fault>>,
    known: Known<'t>,
}

/// How one authority stands. What it accepts, or is nearest to, is noted in `marks`.
fn stands<'t>(
    authority: &'t Authority,
    read: &[(Origin, Result<Exhibit, Fault>)],
    marks: &mut [Mark<'t>],
    unanswered: &[Unanswered],
) -> Standing {
    let silence = silence(unanswered.iter().filter(|it| authority.looks_in(&it.repository)));
    let (mut count, mut best) = (Count::new(authority), Best::of(silence));
    for ((origin, exhibit), mark) in read.iter().zip(marks) {
        if !authority.looks_in(&origin.repository) {
            mark.note(Err(Fault::Elsewhere(origin.repository.clone())));
            continue;
        }
        let exhibit = match exhibit {
            Ok(exhibit) => exhibit,
            Err(fault) => {
                best.take(fault.outcome());
                continue;
            }
        };
        let weighed = authority
            .trust()
            .and_then(|trust| weigh(exhibit, origin, authority, (&trust, &mut mark.known)));
        let result = match weighed {
            Ok(Weighed { verified, met, unmet }) => {
                count.take(&verified, &met);
                if let Some(fault) = unmet {
                    best.take(fault.outcome());
                }
                Ok(Vouched { authority: authority.name.clone(), verified })
            }
            Err(fault) => {
                best.take(fault.outcome());
                Err(fault)
            }
        };
        mark.note(result);
    }
    count.standing(authority, best)
}

impl Mark<'_> {
    fn note(&mut self, result: Result<Vouched, Fault>) {
        let is_better = match (&self.vouched, &result) {
            (None, _) | (Some(Err(_)), Ok(_)) => true,
            (Some(Ok(_)), _) => false,
            (Some(Err(kept)), Err(fault)) => kept.outcome() < fault.outcome(),
        };
        if is_better {
            self.vouched = Some(result);
        }
    }
}

/// What an authority accepts something as.
struct Weighed {
    verified: Verified,
    /// The attestations that it asks for, and this is.
    met: Vec<usize>,
    /// Why it is not another of them.
    unmet: Option<Fault>,
}

/// What an authority accepts this as: a signature, or attestations that it asks for.
fn weigh<'t>(
    exhibit: &Exhibit,
    origin: &Origin,
    authority: &Authority,
    (trust, known): (&Trust<'t>, &mut Known<'t>),
) -> Result<Weighed, Fault> {
    let mut verified = exhibit.verify(&origin.subject, trust, known)?;
    authority.accepts(&mut verified, exhibit.has_timestamp())?;
    let Claim::Attestation(statement) = &verified.claim else {
        return Ok(Weighed { verified, met: Vec::new(), unmet: None });
    };
    let (mut met, mut unmet) = (Vec::new(), None::<Fault>);
    for (index, asked) in authority.attestations.iter().enumerate() {
        if asked.predicate_type == statement.predicate_type {
            match asked.is_met(statement) {
                Ok(()) => met.push(index),
                Err(fault) => {
                    let known = unmet.take().filter(|it| it.outcome() >= fault.outcome());
                    unmet = known.or(Some(fault));
                }
            }
        }
    }
    match (met.is_empty(), unmet) {
        (false, unmet) => Ok(Weighed { verified, met, unmet }),
        (true, Some(fault)) => Err(fault),
        (true, None) => {
            Err(Fault::NoSignature(Kind::Attestation(statement.predicate_type.clone())))
        }
    }
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
