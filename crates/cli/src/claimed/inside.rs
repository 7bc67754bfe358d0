//! Bills of materials that are files of the image. The inventory says where they lie and which
//! bytes they are; here their layers are read once more, for these files alone.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::io::Read as _;

use inventory::tar_walk::{EntryKind, Walk};
use inventory::{BillFile, BillPlace, ClaimedBill, Inventory};
use oci_image::{Digest, Image, Layer};
use sbom::{BILL_BYTES_MAX, Bill};

use super::{claimed, said, untold};

/// How many are read; the rest are said not to be.
const FILES_MAX: usize = 256;
/// What all of them together may take.
const BYTES_MAX: u64 = 64 << 20;

/// Files by layer, size and digest.
type Wanted = BTreeSet<(u32, u64, Digest)>;

/// Reads the bills of materials in an image, and compares each.
pub(super) fn inside(image: &Image, inventory: &Inventory) -> Vec<ClaimedBill> {
    let mut left = BYTES_MAX;
    let mut is_read = |file: &BillFile| {
        let is_read = file.size <= BILL_BYTES_MAX && file.size <= left;
        left -= if is_read { file.size } else { 0 };
        is_read
    };
    let wanted = inventory.bill_files.iter().take(FILES_MAX).filter(|it| is_read(it));
    let wanted: Wanted = wanted.map(|it| (it.layer.index, it.size, it.digest)).collect();
    let mut contents = BTreeMap::new();
    let mut troubles = BTreeMap::new();
    for layer in image.layers() {
        let wanted: Wanted = wanted.iter().filter(|it| it.0 == layer.index).copied().collect();
        if wanted.is_empty() {
            continue;
        }
        if let Err(error) = read(image, layer, &wanted, &mut contents) {
            troubles.insert(layer.index, said(&*error));
        }
    }
    let told = |file: &BillFile| {
        let place = BillPlace::Inside { path: file.path.clone(), layer: file.layer };
        let Some(bytes) = contents.get(&file.digest) else {
            let past = "past the limits on bills of materials in an image";
            return untold(place, troubles.get(&file.layer.index).map_or(past, String::as_str));
        };
        // It may describe its own folder only.
        let folder = file.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        match Bill::read(bytes) {
            Ok(bill) => claimed(place, &bill, inventory, folder),
            Err(error) => untold(place, &said(&error)),
        }
    };
    inventory.bill_files.iter().map(told).collect()
}

/// The wanted files of a layer. Their names may be links by now; their bytes are the same.
fn read(
    image: &Image,
    layer: &Layer,
    wanted: &Wanted,
    contents: &mut BTreeMap<Digest, Vec<u8>>,
) -> Result<(), Box<dyn Error>> {
    let mut walk = Walk::new(image.layer(layer)?, image.limits());
    while let Some(entry) = walk.next_entry()? {
        if entry.kind != EntryKind::File || !wanted.iter().any(|it| it.1 == entry.size) {
            continue;
        }
        let mut bytes = Vec::new();
        walk.content(&entry).take(BILL_BYTES_MAX).read_to_end(&mut bytes)?;
        let digest = Digest::of(&bytes);
        if wanted.contains(&(layer.index, entry.size, digest)) {
            contents.insert(digest, bytes);
        }
    }
    Ok(())
}
