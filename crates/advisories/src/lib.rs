//! Known flaws: OSV records are compiled into one read-only file ([`build`]), which is mapped
//! into memory ([`Index`]) and asked about packages ([`Index::judge`]).
//!
//! What cannot be judged is an answer of its own ([`Unjudged`]): an unparsable version, an unknown
//! distribution or an ecosystem without data is never "not vulnerable".

mod build;
mod distribution;
mod evaluate;
mod format;
mod index;
mod judge;
mod order;
mod osv;
mod severity;
mod source;

pub use build::{BuildError, Built, build};
pub use distribution::{Distribution, UnknownDistribution};
pub use index::{Index, IndexError};
pub use judge::{Flaw, Judged, Unjudged};
pub use order::VersionOrder;
