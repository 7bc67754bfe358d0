//! Who signed this image, and is that who the policy trusts?
//!
//! Four answers are told apart, because four different people mend them: the registry did not
//! answer, the image is unsigned, somebody else signed it, and what is attached is no signature
//! of it.

mod authorities;
mod cache;
mod check;
mod found;
mod handle;
mod places;
mod rules;
mod secrets;
mod stand;
mod statement_rules;
mod unusable;

pub use check::{NAME, VerifySignature};
pub use handle::{before_serving, handle};
pub use rules::RULES;
pub use unusable::{UnusablePart, unusable_parts};
