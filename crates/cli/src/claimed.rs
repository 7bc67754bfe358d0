//! Bills of materials that others wrote of an image, as files in it or attached to it: found, read,
//! and compared with what was found in the layers. They are claims, and change nothing.

mod attached;
mod inside;
mod table;

use inventory::{BillPlace, ClaimedBill, Inventory};
use oci_image::Image;
use sbom::{Bill, compare};

pub(crate) use self::table::table;

/// Finds all of them, and compares each. What could not be looked at is among the answers.
pub(crate) fn bills(image: &Image, inventory: &Inventory) -> Vec<ClaimedBill> {
    let mut bills = inside::inside(image, inventory);
    bills.extend(attached::attached(image, inventory));
    bills
}

/// What a bill claims of what lies in a folder of the image.
fn claimed(place: BillPlace, bill: &Bill, inventory: &Inventory, folder: &str) -> ClaimedBill {
    let format = Some(format!("{} {}", bill.format, bill.version));
    let comparison = Some(compare(bill, inventory, folder));
    ClaimedBill { place, format, trouble: None, comparison }
}

fn untold(place: BillPlace, why: &str) -> ClaimedBill {
    let trouble = Some(why.to_owned());
    ClaimedBill { place, format: None, trouble, comparison: None }
}

fn said(error: &dyn std::error::Error) -> String {
    let why = verdict::causes(error);
    if why.is_empty() { error.to_string() } else { format!("{error}: {why}") }
}
