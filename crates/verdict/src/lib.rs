//! What faas-validator says, and nothing else: who was judged ([`Subject`]), what was asked
//! ([`Request`]), what was found ([`Finding`]), what a check answered ([`Report`]) and what that
//! adds up to ([`Verdict`]). No I/O, no async, no clock: time is passed in.

mod digest;
mod envelope;
mod finding;
mod fold;
mod limits;
mod report;
mod request;
mod rule;
#[cfg(feature = "schema")]
pub mod schema;
mod severity;
mod subject;
mod waiver;

pub use digest::{Digest, DigestError, Sha256};
pub use envelope::{Envelope, EnvelopeError, EventType, Message, SealingKey};
pub use finding::{Advisory, Effect, Finding, Location, Package, causes};
pub use fold::{Fold, Outcome, Verdict};
pub use limits::Limits;
pub use report::{CheckName, CheckOutcome, Report};
pub use request::{PolicyDocument, Request, ValidationId};
pub use rule::{Rule, common};
pub use severity::Severity;
pub use subject::{Phase, PinnedImage, Place, Platform, Resolved, Role, Subject, SubjectError};
pub use waiver::{AppliedWaiver, Waiver};
