//! An inventory as others read it: CycloneDX 1.6 and SPDX 2.3, deterministic to the byte. It
//! writes down what the inventory found and looks at nothing itself.

mod cyclonedx;
mod identity;
mod license;
mod spdx;
mod subject;

pub use cyclonedx::cyclonedx;
pub use license::License;
pub use spdx::spdx;
pub use subject::Subject;
