//! A signature of cosign's legacy layout. By a key, and without a log where none is asked, it is
//! verified as it stands; whatever else vouches for it is verified as the bundle that it makes.

use std::sync::Arc;

use verdict::Digest;

use crate::artifact::Artifact;
use crate::attached::Simple;
use crate::bundle::{Bundle, Claimed};
use crate::exhibit::{Certified, Claim, Fault, Signatory, Trust, Verified, verify_bundle};
use crate::fault::BundleFault;
use crate::key::{PublicKey, SignatureFault};
use crate::keyed::KeyedLog;
use crate::known::Known;
use crate::lift::LiftError;
use crate::payload::Payload;

/// A legacy signature, and the bundle that it makes with what stands beside it.
#[derive(Debug)]
pub struct LegacySignature {
    simple: Simple,
    /// Without a certificate, a log entry or a timestamp beside it there is none.
    bundle: Option<Result<Bundle, Arc<LiftError>>>,
}

impl LegacySignature {
    pub(crate) fn read(simple: Simple) -> Self {
        let beside = &simple.sigstore;
        let plain = beside.certificate.is_none()
            && beside.log_entry.is_none()
            && beside.timestamp.is_none();
        let bundle = (!plain).then(|| Bundle::of_simple(&simple).map_err(Arc::new));
        Self { simple, bundle }
    }

    pub(crate) fn has_timestamp(&self) -> bool {
        matches!(&self.bundle, Some(Ok(bundle)) if bundle.has_timestamp())
    }

    pub(crate) fn verify<'t>(
        &self,
        subject: &Digest,
        trust: &Trust<'t>,
        known: &mut Known<'t>,
    ) -> Result<Verified, Fault> {
        // 1. What is claimed? A claim for another image is a moved signature, whoever made it.
        let bytes = &self.simple.payload;
        let payload = Payload::parse(bytes).map_err(Fault::Payload)?;
        if payload.digest != *subject {
            return Err(Fault::OtherImage(payload.digest));
        }
        // 2. By a key of ours?
        let signer = self.signer(trust.keys);
        let claim = || Ok(Claim::Signature(payload.clone()));
        match (signer, trust.keyed_log) {
            (Ok(signatory), KeyedLog::WaivedUnsafe) => {
                Ok(Verified { signatory, claim: claim()?, times: Vec::new() })
            }
            // 3. By a key of ours, and a log or time must vouch for it.
            (Ok(_), _) => match &self.bundle {
                Some(Ok(bundle)) => {
                    verify_bundle(bundle, Artifact::Bytes(bytes), (trust, known), claim)
                }
                Some(Err(error)) => Err(Fault::Lift(Arc::clone(error))),
                None => Err(Fault::of(BundleFault::NotLogged)),
            },
            // 4. By somebody with a certificate?
            (Err(fault), _) => match &self.bundle {
                Some(Ok(bundle)) if bundle.claimed() == Claimed::Certificate => {
                    verify_bundle(bundle, Artifact::Bytes(bytes), (trust, known), claim)
                }
                Some(Err(error)) if !matches!(trust.certified, Certified::Nobody) => {
                    Err(Fault::Lift(Arc::clone(error)))
                }
                _ => Err(fault),
            },
        }
    }

    fn signer(&self, keys: &[PublicKey]) -> Result<Signatory, Fault> {
        // Its form fits some keys and not others: only one that fits none of them is malformed.
        let mut fits = keys.is_empty();
        for key in keys {
            match key.verify(&self.simple.payload, &self.simple.signature) {
                Ok(algorithm) => return Ok(Signatory::Key { id: *key.id(), algorithm }),
                Err(SignatureFault::Mismatch) => fits = true,
                Err(SignatureFault::Malformed) => {}
            }
        }
        if fits { Err(Fault::OtherSigner) } else { Err(Fault::Malformed) }
    }
}
