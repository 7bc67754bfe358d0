//! Who signed an image.
//!
//! First depth: cosign's legacy layout (the tag `sha256-<hex>.sig`) and public keys.
//! [`attached`] finds what is attached to an image, [`judge`] says what it means under a set of
//! trusted keys. Trust comes from the caller alone: nothing that was seen at an image ever
//! becomes trusted (no trust on first use), and nothing is read from the environment.

mod algorithm;
mod attached;
mod judge;
mod key;
mod payload;

pub use algorithm::Algorithm;
pub use attached::{Attached, Attachment, AttachmentError, SIGNATURE_LAYER, attached, legacy_tag};
pub use judge::{Answer, Authority, Fault, Outcome, Seen, Vouched, judge};
pub use key::{KeyError, PublicKey, SignatureFault};
pub use payload::{Payload, PayloadError};
