//! Who signed an image.
//!
//! [`attached`] finds what is attached to an image, in all layouts; [`judge`] says what it means
//! under a set of trusted keys. Trust comes from the caller alone: nothing that was seen at an image ever
//! becomes trusted (no trust on first use), and nothing is read from the environment.

mod algorithm;
mod attached;
mod judge;
mod key;
mod payload;

pub use algorithm::Algorithm;
pub use attached::{
    Attached, Attachment, AttachmentError, BUNDLE_LAYER, ENVELOPE_LAYER, Kind, Layout, Material,
    Origin, SIGNATURE_LAYER, Sigstore, Simple, Unanswered, Wanted, attached, attestation_tag,
    fallback_tag, legacy_tag,
};
pub use judge::{Answer, Authority, Fault, Outcome, Seen, Vouched, judge};
pub use key::{KeyError, PublicKey, SignatureFault};
pub use payload::{Payload, PayloadError, SIGN_PREDICATE};
