//! From an image to its inventory: look, look again if something was learnt, write it down.

use oci_image::{Image, ImageError};

use crate::cache::LayerCache;
use crate::inventory::{Counts, Inventory};
use crate::look::{Layers, Look};
use crate::merge;
use crate::note::Note;
use crate::squash::Lore;

/// How often an image is looked at. Two looks find what lies behind links; links to links take
/// more. What is left after the last is a note.
const LOOKS_MAX: usize = 4;

/// Takes the inventory of an image. Blocks: every layer is read to its end, verified, in constant
/// memory, several at the same time, and nothing is written anywhere.
///
/// # Errors
/// When the image cannot be read, is malformed or is past a limit. A file in it that cannot be
/// read is a [`Note`].
pub fn take(image: &Image) -> Result<Inventory, ImageError> {
    take_with(image, None)
}

/// The same, with what was kept of layers that were read before; what is read now is kept.
///
/// # Errors
/// As [`take`].
pub fn take_with(image: &Image, cache: Option<&LayerCache>) -> Result<Inventory, ImageError> {
    let walkers = std::thread::available_parallelism().map_or(1, usize::from);
    // Alone, on one core, nothing is gained by walking a layer in another thread.
    let walkers = if walkers == 1 && cache.is_none() { 0 } else { walkers };
    take_from(image, &Layers::new(image, cache, walkers))
}

pub(crate) fn take_from(image: &Image, layers: &Layers<'_>) -> Result<Inventory, ImageError> {
    let mut lore = Lore::default();
    for _ in 1..LOOKS_MAX {
        let (look, learnt) = Look::at(image, &lore, layers)?;
        match learnt {
            None => return Ok(inventory(image, look, None)),
            Some(learnt) => lore = learnt,
        }
    }
    let (look, learnt) = Look::at(image, &lore, layers)?;
    let unsolved = learnt.map(|_| "links lead to links too often to be followed");
    Ok(inventory(image, look, unsolved))
}

fn inventory(image: &Image, look: Look, unsolved: Option<&str>) -> Inventory {
    let Look { packages, os_release, files, mut notes, bill_files, entries, inflated_bytes } = look;
    if let (Some(reason), Some(layer)) = (unsolved, image.layers().last()) {
        let layer = crate::package::LayerRef::of(layer);
        notes.push(Note { path: String::new(), reason: reason.to_owned(), layer });
    }
    let mut packages = merge::locks_into_trees(packages);
    packages.sort_by(|a, b| {
        let key = |it: &crate::Package| {
            (it.ecosystem, it.name.clone(), it.version.clone(), it.path.clone())
        };
        key(a).cmp(&key(b)).then_with(|| a.purl.cmp(&b.purl))
    });
    let counts = Counts {
        layers: image.layers().len() as u64,
        entries,
        inflated_bytes,
        packages: packages.len() as u64,
    };
    let image = image.pinned().clone();
    Inventory {
        digest: image.digest,
        image,
        base: None,
        os_release,
        packages,
        files,
        notes,
        bill_files,
        claimed_bills: Vec::new(),
        counts,
    }
}
