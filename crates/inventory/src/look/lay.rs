//! One layer laid over those below it: as its journal tells it, or as it streams by.

use std::io::Read;

use oci_image::{ImageError, Layer};

use super::{Looking, content};
use crate::catalog::{Findings, Role};
use crate::journal::{Event, JournalReader, Reading};
use crate::squash::{Fault, Wanted, plain_path};
use crate::tar_walk::{Entry, Walk};

/// How far a journal carried.
pub(super) enum Laid {
    /// To the layer's end.
    Whole,
    /// To its own end: the layer, or what was kept of it, is torn behind so many entries.
    Torn(Far),
    /// To a file that comes to lie elsewhere than was guessed, or that others read.
    Missed(Far),
}

/// How far a layer is laid.
#[derive(Default)]
pub(super) struct Far {
    entries: u64,
    /// The last of them, if it is still to be read.
    wanted: Option<Wanted>,
}

impl Looking<'_> {
    pub(super) fn begin(&mut self, layer: &Layer) {
        self.rootfs.begin(layer.index);
    }

    pub(super) fn end(&mut self, layer: &Layer) {
        if self.rootfs.end() {
            self.attribute(layer.index);
        }
    }

    /// Lays a layer as its journal tells it.
    pub(super) fn lay_journal(
        &mut self,
        layer: &Layer,
        journal: impl Read,
    ) -> Result<Laid, ImageError> {
        let mut journal = JournalReader::new(journal);
        let mut far = Far::default();
        loop {
            let (entry, reading) = match journal.next_event() {
                Ok(Event::Entry(entry, reading)) => (entry, reading),
                Ok(Event::End(inflated_bytes)) => {
                    self.image.count_layer(layer, inflated_bytes)?;
                    self.inflated_bytes += inflated_bytes;
                    return Ok(Laid::Whole);
                }
                Err(_) => return Ok(Laid::Torn(far)),
            };
            far.entries += 1;
            let Some(wanted) = self.lay_entry(layer, &entry)? else { continue };
            match fitting(&wanted, &entry, reading) {
                Some(findings) => self.hold(wanted, findings).map_err(|it| refuse(it, layer))?,
                None => {
                    far.wanted = Some(wanted);
                    return Ok(Laid::Missed(far));
                }
            }
        }
    }

    /// Lays the rest of a layer as it streams by.
    pub(super) fn lay_stream(&mut self, layer: &Layer, far: Far) -> Result<(), ImageError> {
        let Far { entries: laid, wanted: mut last } = far;
        let limits = self.image.limits();
        let mut walk = Walk::new(self.image.layer(layer)?, limits);
        let mut entries = 0;
        while let Some(entry) = walk.next_entry().map_err(|error| content::torn(error, layer))? {
            entries += 1;
            let wanted = match entries {
                _ if entries < laid => None,
                _ if entries == laid => last.take(),
                _ => self.lay_entry(layer, &entry)?,
            };
            if let Some(wanted) = wanted {
                let Wanted { path, asked, looking, .. } = &wanted;
                let max = limits.file_bytes_max;
                let findings = content::read(*asked, *looking, path, &entry, &mut walk, max)?;
                self.hold(wanted, findings).map_err(|it| refuse(it, layer))?;
            }
        }
        // What follows the archive's end still counts for the digests.
        self.inflated_bytes += walk.into_inner().finish()?;
        Ok(())
    }

    fn lay_entry(&mut self, layer: &Layer, entry: &Entry) -> Result<Option<Wanted>, ImageError> {
        let entries_max = self.image.limits().entries_max;
        self.entries += 1;
        if self.entries > entries_max {
            return Err(content::too_many_entries(layer, entries_max));
        }
        self.rootfs.lay(entry).map_err(|fault| refuse(fault, layer))
    }
}

/// What was read of a file, if it was read as it is to be: the same real path, the same readers.
fn fitting(
    wanted: &Wanted,
    entry: &Entry,
    reading: Option<Reading>,
) -> Option<Vec<(Role, Findings)>> {
    if wanted.asked.union(wanted.looking).is_empty() {
        return Some(Vec::new()); // it is held for its mode alone
    }
    let Reading { asked, looking, findings } = reading?;
    let is_read = asked == wanted.asked && looking == wanted.looking;
    let is_there = || plain_path(&entry.name).is_some_and(|it| it == wanted.path);
    (is_read && is_there()).then_some(findings)
}

fn refuse(fault: Fault, layer: &Layer) -> ImageError {
    let what = format!("layer {}", layer.index);
    match fault {
        Fault::Limit { what: part, limit, max } => {
            ImageError::Limit { what: format!("{part} in {what}"), limit, max }
        }
        fault => ImageError::Confused(format!("{what}: {fault}")),
    }
}
