//! Whether a signature that verifies counts now: that it has not expired, was made while its
//! certificates were valid, and that none of these is revoked.

use jiff::Timestamp;

use super::certificate::Certificate;
use super::chain::Chain;
use super::envelope::SigningScheme;
use super::fault::NotationFault;
use super::trust::Asked;
use super::trust_policy::Action;
use super::{CertifiedSigner, NotationSignature};
use crate::revocation::Moment;

/// When it was made, as far as anybody who is trusted says so.
#[derive(Debug, Default)]
struct Timed {
    times: Vec<Timestamp>,
    /// Of who vouches for the time with a timestamp, up to a root.
    stamper: Vec<Certificate>,
}

impl NotationSignature {
    /// That it counts now. Answers the times that are trusted, and notes what is only logged.
    pub(super) fn in_time(
        &self,
        chain: &Chain,
        asked: &Asked,
        now: Timestamp,
        signer: &mut CertifiedSigner,
    ) -> Result<Vec<Timestamp>, NotationFault> {
        let expired = match self.envelope.attributes.expiry {
            Some(expiry) if expiry <= now => Err(NotationFault::Expired(expiry)),
            _ => Ok(()),
        };
        weigh(expired, asked.actions.expiry, signer)?;
        let timed = self.timed(chain, asked, now);
        let timed = weigh(timed, asked.actions.timestamp, signer)?.unwrap_or_default();
        if asked.actions.revocation != Action::Skip {
            let stamper = timed.stamper.iter().zip(timed.stamper.iter().skip(1));
            let issued = chain.issued().chain(stamper);
            let issued = issued.map(|(it, issuer)| (it.parsed(), issuer.parsed()));
            // As Notation has it, only a signing authority's word on the time is taken for when.
            let made = match self.envelope.attributes.scheme {
                SigningScheme::SigningAuthority(time) => Some(time),
                SigningScheme::Signer(_) => None,
            };
            let known = asked.revoked.check(issued, Moment { now, made });
            let known = known.map_err(NotationFault::Revocation);
            weigh(known, asked.actions.revocation, signer)?;
        }
        Ok(timed.times)
    }

    /// That the certificates were valid when it counts: at the time that a signing authority or a
    /// timestamp vouches for, or else now.
    fn timed(&self, chain: &Chain, asked: &Asked, now: Timestamp) -> Result<Timed, NotationFault> {
        match self.envelope.attributes.scheme {
            SigningScheme::SigningAuthority(time) if time > now => Err(NotationFault::Future(time)),
            SigningScheme::SigningAuthority(time) => {
                valid_over(chain, (time, time))?;
                Ok(Timed { times: vec![time], stamper: Vec::new() })
            }
            SigningScheme::Signer(_) if asked.asks_timestamp(chain, now) => {
                let token = self.envelope.timestamp.as_ref().ok_or(NotationFault::NoTimestamp)?;
                let stamped = asked.stamped(token, &self.envelope.signature);
                let stamped = stamped.map_err(NotationFault::Timestamp)?;
                if stamped.range.0 > now {
                    return Err(NotationFault::Future(stamped.time));
                }
                valid_over(chain, stamped.range)?;
                Ok(Timed { times: vec![stamped.time], stamper: stamped.chain })
            }
            SigningScheme::Signer(_) => {
                valid_over(chain, (now, now))?;
                Ok(Timed::default())
            }
        }
    }
}

fn valid_over(chain: &Chain, (first, last): (Timestamp, Timestamp)) -> Result<(), NotationFault> {
    match chain.invalid_at(first, last) {
        None => Ok(()),
        Some(certificate) => {
            let (from, until) = certificate.times();
            let subject = certificate.to_string();
            let at = if first < from { first } else { last };
            Err(NotationFault::CertificateTime { subject, from, until, at })
        }
    }
}

/// Enforces a part, or notes that it does not verify.
fn weigh<T>(
    part: Result<T, NotationFault>,
    action: Action,
    signer: &mut CertifiedSigner,
) -> Result<Option<T>, NotationFault> {
    match (part, action) {
        (Ok(part), _) => Ok(Some(part)),
        (Err(fault), Action::Enforce) => Err(fault),
        (Err(fault), Action::Log | Action::Skip) => {
            let causes = verdict::causes(&fault);
            let separator = if causes.is_empty() { "" } else { ": " };
            signer.logged.push(format!("{fault}{separator}{causes}"));
            Ok(None)
        }
    }
}
