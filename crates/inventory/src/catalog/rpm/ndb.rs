//! NDB, SUSE's format (rpm's `lib/backend/ndb/rpmpkg.c`): a header, pages of slots that say where
//! each record lies, and the records. All numbers have the lower byte first. Records are read in
//! the order in which they lie, so nothing but the slots is held.

use std::io::{BufReader, Read};

use super::super::findings::{Findings, Trouble};
use super::take;

pub(super) const MAGIC: &[u8] = b"RpmP";
const SLOT: [u8; 4] = *b"Slot";
const RECORD: [u8; 4] = *b"BlbS";
const RECORD_END: [u8; 4] = *b"BlbE";

const HEADER_BYTES: u64 = 32;
const SLOT_BYTES: u64 = 16;
const SLOT_PAGE_BYTES: u64 = 4096;
/// Places and lengths are counted in blocks.
const BLOCK_BYTES: u64 = 16;
const RECORD_TAIL_BYTES: u64 = 12;
/// More slots than this are an attack; a slot is a package.
const SLOTS_MAX: u64 = 65_536;
const BUFFER_BYTES: usize = 64 << 10;

/// Where a record lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Slot {
    block: u32,
    blocks: u32,
    package: u32,
}

/// Reads the packages of a database, whose `front` was read already.
pub(super) fn read(
    front: &[u8],
    content: &mut dyn Read,
    findings: &mut Findings,
) -> Result<(), Trouble> {
    let mut database =
        Database { content: BufReader::with_capacity(BUFFER_BYTES, front.chain(content)), at: 0 };
    for slot in database.slots()? {
        database.record(slot, findings)?;
    }
    Ok(())
}

struct Database<R> {
    content: BufReader<R>,
    at: u64,
}

impl<R: Read> Database<R> {
    /// The slots that are in use, as their records lie.
    fn slots(&mut self) -> Result<Vec<Slot>, Trouble> {
        let [_magic, version, _generation, pages, ..] = self.words::<8>()?;
        let slots = (u64::from(pages) * SLOT_PAGE_BYTES).saturating_sub(HEADER_BYTES) / SLOT_BYTES;
        if version != 0 || pages == 0 {
            return Err(Trouble::Malformed("is no NDB database that is known".to_owned()));
        }
        if slots > SLOTS_MAX {
            return Err(Trouble::Limit { limit: "rpm_slots_max", max: SLOTS_MAX });
        }
        let mut used = Vec::new();
        for _ in 0..slots {
            let [magic, package, block, blocks] = self.words()?;
            if magic.to_le_bytes() != SLOT {
                return Err(Trouble::Malformed("has a slot that is none".to_owned()));
            }
            if block != 0 {
                used.push(Slot { block, blocks, package });
            }
        }
        used.sort_unstable();
        Ok(used)
    }

    /// Reads a record. One that is not where its slot says is told, and the others are read.
    fn record(&mut self, slot: Slot, findings: &mut Findings) -> Result<(), Trouble> {
        let start = u64::from(slot.block) * BLOCK_BYTES;
        let end = start + u64::from(slot.blocks) * BLOCK_BYTES;
        let wrong = || Trouble::Malformed("has a record that is not where it should be".to_owned());
        let Some(between) = start.checked_sub(self.at) else {
            findings.trouble(wrong());
            return Ok(());
        };
        self.skip(between)?;
        let [magic, package, _generation, bytes] = self.words()?;
        let bytes = u64::from(bytes);
        let tail = end.checked_sub(self.at + bytes + RECORD_TAIL_BYTES);
        let (true, Some(padding)) =
            (magic.to_le_bytes() == RECORD && package == slot.package, tail)
        else {
            findings.trouble(wrong());
            return Ok(());
        };
        let mut record = (&mut self.content).take(bytes);
        take(&mut record, bytes, findings)?;
        let left = record.limit();
        self.at += bytes - left;
        self.skip(left + padding)?;
        let [_sum, length, magic] = self.words()?;
        if u64::from(length) != bytes || magic.to_le_bytes() != RECORD_END {
            findings.trouble(wrong());
        }
        Ok(())
    }

    fn skip(&mut self, bytes: u64) -> Result<(), Trouble> {
        let skipped = std::io::copy(&mut (&mut self.content).take(bytes), &mut std::io::sink())?;
        self.at += skipped;
        if skipped < bytes { Err(torn()) } else { Ok(()) }
    }

    fn words<const N: usize>(&mut self) -> Result<[u32; N], Trouble> {
        let mut words = [0; N];
        for word in &mut words {
            let mut bytes = [0; 4];
            self.content.read_exact(&mut bytes).map_err(|error| match error.kind() {
                std::io::ErrorKind::UnexpectedEof => torn(),
                _ => error.into(),
            })?;
            *word = u32::from_le_bytes(bytes);
        }
        self.at += 4 * N as u64;
        Ok(words)
    }
}

fn torn() -> Trouble {
    Trouble::Malformed("is torn".to_owned())
}
