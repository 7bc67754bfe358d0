//! Who signed an image.
//!
//! [`attached`] finds what is attached to an image, in all layouts; [`judge`] says what it means
//! under a set of trusted keys. Trust comes from the caller alone: nothing that was seen at an image ever
//! becomes trusted (no trust on first use), and nothing is read from the environment.

mod algorithm;
mod artifact;
mod attached;
mod attestation;
mod authority;
mod bundle;
mod certificate;
mod content_trust;
mod elements;
mod exhibit;
mod fault;
mod identity;
mod judge;
mod key;
mod keyed;
mod keyless;
mod known;
mod legacy;
mod lift;
mod log;
mod notation;
mod own_pki;
mod payload;
mod provider;
mod revocation;
mod rsa;
mod signed;
mod standing;
mod statement;
mod trust;
#[cfg(feature = "tuf")]
pub mod tuf;

pub use algorithm::Algorithm;
pub use artifact::Artifact;
pub use attached::{
    Attached, Attachment, AttachmentError, BUNDLE_LAYER, COSE_LAYER, ENVELOPE_LAYER, JWS_LAYER,
    Kind, Layout, Material, NOTATION_ARTIFACT, Origin, SIGNATURE_LAYER, Sigstore, Simple,
    Unanswered, Wanted, attached, attestation_tag, fallback_tag, legacy_tag,
};
pub use attestation::{Asked, AttestationDemand, Condition, Place, PredicateFault, StatementRules};
pub use authority::{Authority, LogDemand, SignatureDemand, TimestampDemand};
pub use bundle::{BUNDLE_BYTES_MAX, Bundle, BundleError, Claimed};
pub use content_trust::ContentTrust;
pub use exhibit::{Claim, Fault, Signatory, Verified};
pub use fault::BundleFault;
pub use identity::{Identity, TextMatch, TextMatchError};
pub use judge::{Answer, Outcome, Seen, Vouched, judge};
pub use key::{KeyError, PublicKey, SignatureFault};
pub use keyed::{KeyedLog, KeyedSignature};
pub use keyless::{Demand, Evidence, Signer};
pub use legacy::LegacySignature;
pub use lift::LiftError;
pub use notation::{
    CertificateError, CertifiedSigner, ChainError, Described, DistinguishedName,
    DistinguishedNameError, EnvelopeError, EnvelopeFormat, Enveloped, NotationAlgorithm,
    NotationFault, NotationSignature, NotationTrust, NotationTrustError, SigningScheme,
    TimestampError, TrustPolicyError,
};
pub use own_pki::{CertificateAuthorities, CertificateAuthorityError};
pub use payload::{Payload, PayloadError, SIGN_PREDICATE};
pub use revocation::{RevocationFault, RevocationListError};
pub use standing::{SignerId, Standing};
pub use statement::{Statement, StatementError, Subject};
pub use trust::{TRUSTED_ROOT_BYTES_MAX, TrustError, TrustedRoot};
