//! One thing that is attached to an image, verified with what one authority trusts: who signed it,
//! and what they say by it.

use std::error::Error;
use std::sync::Arc;

use jiff::Timestamp;
use oci_image::ImageError;
use verdict::Digest;

use crate::SIGN_PREDICATE;
use crate::algorithm::Algorithm;
use crate::artifact::Artifact;
use crate::attached::{AttachmentError, Kind, Material};
use crate::attestation::PredicateFault;
use crate::bundle::{Bundle, BundleError, Claimed};
use crate::fault::BundleFault;
use crate::judge::Outcome;
use crate::key::{PublicKey, SignatureFault};
use crate::keyed::KeyedLog;
use crate::keyless::{Evidence, Signer};
use crate::known::Known;
use crate::legacy::LegacySignature;
use crate::lift::LiftError;
use crate::notation::{CertifiedSigner, NotationFault, NotationSignature, NotationTrust};
use crate::own_pki::CertificateAuthorities;
use crate::payload::{Payload, PayloadError};
use crate::statement::Statement;
use crate::trust::TrustedRoot;

/// What may be verified, read and not believed.
#[derive(Debug)]
pub(crate) enum Exhibit {
    /// A signature over a simple signing document.
    Simple(Box<LegacySignature>),
    /// A bundle, or an envelope made into one.
    Bundle(Box<Bundle>),
    /// An envelope of Notation's.
    Notation(Box<NotationSignature>),
}

/// With what signatures are verified.
#[derive(Clone, Copy)]
pub(crate) struct Trust<'t> {
    /// The keys that are trusted. Every one is tried: a hint of the signer's selects nothing.
    pub(crate) keys: &'t [PublicKey],
    /// Whether a signature by one of them must be logged.
    pub(crate) keyed_log: KeyedLog<'t>,
    /// Whom certificates are traced to.
    pub(crate) certified: Certified<'t>,
    /// Whose Notation signatures are trusted; without it nobody's is.
    pub(crate) notation: Option<&'t NotationTrust>,
}

/// Whom certificates are traced to.
#[derive(Clone, Copy)]
pub(crate) enum Certified<'t> {
    /// No certificate is trusted.
    Nobody,
    /// An instance of Sigstore, and what is asked of a signature besides.
    Instance(&'t TrustedRoot, Evidence),
    /// Authorities of the user's own; logs are asked for as of keys.
    Own(&'t CertificateAuthorities),
}

/// A signature that verifies. Whether it is of somebody whom the policy trusts is known for a
/// key; of an identity it is the next question.
#[derive(Debug, Clone)]
pub struct Verified {
    /// Who signed.
    pub signatory: Signatory,
    /// What they say by it.
    pub claim: Claim,
    /// Every trusted time at which the signature existed; none where nobody vouches for one.
    pub times: Vec<Timestamp>,
}

/// Who signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Signatory {
    /// The holder of a trusted key.
    Key {
        /// The key's id.
        id: Digest,
        /// How it made the signature.
        algorithm: Algorithm,
    },
    /// Somebody with a certificate by an authority of the trusted root.
    Identity(Box<Signer>),
    /// Somebody with a certificate of a trust store of Notation's.
    Certified(Box<CertifiedSigner>),
}

/// What a signature says.
#[derive(Debug, Clone)]
pub enum Claim {
    /// That this is the image that was meant.
    Signature(Payload),
    /// Something about the image. It is never taken for a signature of it.
    Attestation(Box<Statement>),
}

/// Why something that is attached counts for nothing.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// It cannot be looked at.
    #[error("it cannot be read")]
    Unreadable(#[source] AttachmentError),
    /// It is no signature, and does not pretend to be one.
    #[error("it is no signature but an {0}")]
    NoSignature(Kind),
    /// It should be a bundle, and is none.
    #[error("it is no bundle")]
    NoBundle(#[source] BundleError),
    /// What stands beside a legacy signature is not what cosign writes there.
    #[error("what vouches for it is malformed")]
    Lift(#[source] Arc<LiftError>),
    /// No trusted key makes signatures of its form.
    #[error("it has not the form of a signature by any of the trusted keys")]
    Malformed,
    /// What is signed is no image signature's payload.
    #[error("it is over something that is no image signature")]
    Payload(#[source] PayloadError),
    /// It is a signature of another image, moved here.
    #[error("it is for the manifest {0}, not for this image")]
    OtherImage(Digest),
    /// It is well-formed, for this image, and verifies with no trusted key: another key made it,
    /// or it was altered. Without the other key the two look the same.
    #[error("it verifies with none of the trusted keys")]
    OtherSigner,
    /// It is signed, with a certificate, by somebody whom the authority does not name.
    #[error("it is signed by {} (for whom {} vouches)", .0.subject, .0.issuer)]
    OtherIdentity(Box<Signer>),
    /// It lies where no signatures of the authority are looked for.
    #[error("it lies in {0}, where no signatures are looked for that could be it")]
    Elsewhere(String),
    /// It has not been noted what is asked for.
    #[error("it is not noted {0}")]
    Annotation(String),
    /// A timestamp is asked for.
    #[error("no timestamp authority vouches for its time")]
    NoTimestamp,
    /// A log or timestamp is asked for, and nobody is named whose it could be.
    #[error("there is no trusted root that its log entry or timestamp could be traced to")]
    NoRoot,
    /// It attests to something else than is asked.
    #[error("what it attests to is not what is asked")]
    Predicate(#[source] PredicateFault),
    /// The user's own rules about what it attests to did not answer.
    #[error("the rules about what it attests to could not be asked")]
    RulesUnanswered(#[source] Box<dyn Error + Send + Sync>),
    /// It does not hold what a bundle must.
    #[error("it does not verify")]
    Bundle(#[source] Arc<BundleFault>),
    /// It is a Notation signature, and does not hold what is asked of these.
    #[error("the Notation signature does not count")]
    Notation(#[source] NotationFault),
}

impl Exhibit {
    /// Reads what was fetched.
    ///
    /// # Errors
    /// When it is nothing that could be verified.
    pub(crate) fn read(content: Result<Material, AttachmentError>) -> Result<Self, Fault> {
        let bundle = |json: &[u8]| {
            let bundle = Bundle::parse(json).map_err(Fault::NoBundle)?;
            Ok(Self::Bundle(Box::new(bundle)))
        };
        match content.map_err(Fault::Unreadable)? {
            Material::Simple(simple) => Ok(Self::Simple(Box::new(LegacySignature::read(simple)))),
            Material::Bundle(json) => bundle(&json),
            Material::Envelope(envelope, sigstore) => {
                let bundle = Bundle::of_envelope(&envelope, &sigstore);
                let bundle = bundle.map_err(|it| Fault::Lift(Arc::new(it)))?;
                Ok(Self::Bundle(Box::new(bundle)))
            }
            Material::Notation(enveloped) => {
                Ok(Self::Notation(Box::new(NotationSignature::read(enveloped)?)))
            }
            Material::Other(kind) => Err(Fault::NoSignature(kind)),
        }
    }

    /// Whether it carries a timestamp; [`Self::verify`] verifies each that is there.
    pub(crate) fn has_timestamp(&self) -> bool {
        match self {
            Self::Simple(simple) => simple.has_timestamp(),
            Self::Bundle(bundle) => bundle.has_timestamp(),
            // Whether one is asked, the trust policy says, and not the authority.
            Self::Notation(_) => false,
        }
    }

    /// Verifies it as being about the manifest `subject`. Whatever was `known` of it before is of
    /// the same manifest.
    ///
    /// # Errors
    /// When none whom this trust knows made it, or not about this image.
    pub(crate) fn verify<'t>(
        &self,
        subject: &Digest,
        trust: &Trust<'t>,
        known: &mut Known<'t>,
    ) -> Result<Verified, Fault> {
        match self {
            Self::Simple(simple) => simple.verify(subject, trust, known),
            Self::Notation(signature) => signature.verify(subject, trust.notation),
            Self::Bundle(bundle) => {
                let said = || claim(bundle, subject);
                verify_bundle(bundle, Artifact::Sha256(*subject), (trust, known), said)
            }
        }
    }
}

/// Verifies a bundle over this artifact; `claim` is what it says then.
pub(crate) fn verify_bundle<'t>(
    bundle: &Bundle,
    artifact: Artifact<'_>,
    (trust, known): (&Trust<'t>, &mut Known<'t>),
    claim: impl Fn() -> Result<Claim, Fault>,
) -> Result<Verified, Fault> {
    // The worst that can be said of it is that a key of ours made it and something else is wrong.
    let mut faults = Vec::new();
    for key in trust.keys {
        let log = trust.keyed_log;
        match known.by_key((key.id(), log), || bundle.verify_keyed(artifact, key, log)) {
            Ok(it) => {
                let signatory = Signatory::Key { id: *key.id(), algorithm: it.algorithm };
                return Ok(Verified { signatory, claim: claim()?, times: it.times });
            }
            Err(fault) => faults.push(fault),
        }
    }
    let signer = match (trust.certified, bundle.claimed()) {
        (Certified::Nobody, _) | (_, Claimed::Key(_)) => None,
        (Certified::Instance(root, evidence), Claimed::Certificate) => {
            let verify = || bundle.verify_keyless(artifact, root, evidence);
            Some(known.by_instance((root, evidence), verify))
        }
        (Certified::Own(authorities), Claimed::Certificate) => {
            let signer = bundle.verify_certified(artifact, authorities, trust.keyed_log);
            Some(signer.map_err(Arc::new))
        }
    };
    match signer {
        Some(Ok(signer)) => {
            let times = signer.times.clone();
            let signatory = Signatory::Identity(Box::new(signer));
            return Ok(Verified { signatory, claim: claim()?, times });
        }
        Some(Err(fault)) => faults.push(fault),
        None => {}
    }
    let worst = faults.into_iter().map(Fault::Bundle).max_by_key(Fault::outcome);
    Err(worst.unwrap_or(Fault::OtherSigner))
}

/// What a bundle that verified says. Only one predicate type makes it an image signature; cosign
/// takes any statement for one, a list of components too.
fn claim(bundle: &Bundle, subject: &Digest) -> Result<Claim, Fault> {
    let statement = match bundle.statement() {
        Some(statement) => statement.map_err(|it| Fault::of(BundleFault::Statement(it)))?,
        // A bare signature over a digest says not what is meant by it.
        None => return Err(Fault::NoSignature(Kind::Artifact("signature of a file".to_owned()))),
    };
    if statement.predicate_type != SIGN_PREDICATE {
        return Ok(Claim::Attestation(Box::new(statement)));
    }
    let about = statement.subject(subject).ok_or_else(|| Fault::of(BundleFault::OtherArtifact))?;
    let annotations = about.annotations.as_deref().map(|it| it.get());
    Payload::of_statement(*subject, &about.name, annotations)
        .map(Claim::Signature)
        .map_err(Fault::Payload)
}

impl Fault {
    /// What is wrong with a bundle.
    pub(crate) fn of(fault: BundleFault) -> Self {
        Self::Bundle(Arc::new(fault))
    }

    /// What this alone would come to.
    pub fn outcome(&self) -> Outcome {
        match self {
            Self::NoSignature(_) | Self::Elsewhere(_) => Outcome::Unsigned,
            Self::OtherSigner | Self::OtherIdentity(_) => Outcome::OtherSigner,
            Self::Annotation(_) => Outcome::NotAnnotated,
            Self::NoTimestamp | Self::NoRoot => Outcome::NotLogged,
            Self::Predicate(_) => Outcome::AttestedOtherwise,
            Self::RulesUnanswered(_) => Outcome::RulesUnanswered,
            Self::Unreadable(error) => {
                error.image_error().and_then(could_not_look).unwrap_or(Outcome::BadSignature)
            }
            Self::Bundle(fault) => match &**fault {
                BundleFault::OtherKey
                | BundleFault::NoCertificate
                | BundleFault::Certificate(_)
                | BundleFault::NoIdentity(_)
                | BundleFault::Signature(SignatureFault::Mismatch) => Outcome::OtherSigner,
                BundleFault::Expired(_) => Outcome::Expired,
                BundleFault::Revocation(fault) => fault.outcome(),
                BundleFault::NotLogged
                | BundleFault::CertificateNotLogged(_)
                | BundleFault::OtherLog(_)
                | BundleFault::NoTime(_) => Outcome::NotLogged,
                _ => Outcome::BadSignature,
            },
            Self::Notation(fault) => fault.outcome(),
            Self::NoBundle(_)
            | Self::Lift(_)
            | Self::Malformed
            | Self::Payload(_)
            | Self::OtherImage(_) => Outcome::BadSignature,
        }
    }
}

/// What an error means that says nothing about what was to be read: it might have been good.
pub(crate) fn could_not_look(error: &ImageError) -> Option<Outcome> {
    match error {
        ImageError::Limit { .. } | ImageError::Bound { .. } => Some(Outcome::OverLimit),
        ImageError::Source { .. } | ImageError::Unauthorized { .. } | ImageError::Busy { .. } => {
            Some(Outcome::Unreachable)
        }
        _ => None,
    }
}
