//! An inventory as others read it: CycloneDX 1.6 and SPDX 2.3, deterministic to the byte. It
//! writes down what the inventory found and looks at nothing itself. And what others wrote in
//! these formats, compared with an inventory.

mod compare;
mod cyclonedx;
mod identity;
mod license;
mod read;
mod spdx;
mod statement;
mod subject;

pub use compare::compare;
pub use cyclonedx::cyclonedx;
pub use license::License;
pub use read::{BILL_BYTES_MAX, Bill, BillError, BillFormat};
pub use spdx::spdx;
pub use statement::{StatementError, is_bill};
pub use subject::Subject;
