//! Writing a journal.

use std::io::{self, Write};

use serde::Serialize;

use super::event::{END, Reading, tag_of};
use crate::catalog::{Findings, Found};
use crate::claimed::BillBytes;
use crate::os_release::OsRelease;
use crate::tar_walk::{Entry, EntryKind};

/// A journal that is being written.
pub(crate) struct JournalWriter<W> {
    out: W,
    /// The name before: neighbours share most of theirs.
    name: Vec<u8>,
    buffer: Vec<u8>,
}

/// What a file showed, but for the paths that it claims, which are any bytes.
#[derive(Serialize)]
struct Told<'f> {
    packages: &'f [Found],
    os_release: &'f Option<OsRelease>,
    troubles: Vec<String>,
    licenses: &'f [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    bill: &'f Option<BillBytes>,
}

impl<W: Write> JournalWriter<W> {
    pub(crate) fn new(out: W) -> Self {
        Self { out, name: Vec::new(), buffer: Vec::new() }
    }

    /// Writes an entry, with what was read of it.
    pub(crate) fn entry(&mut self, entry: &Entry, reading: Option<&Reading>) -> io::Result<()> {
        self.buffer.clear();
        self.buffer.push(tag_of(entry.kind, reading.is_some()));
        let shared = self.name.iter().zip(&entry.name).take_while(|(a, b)| a == b).count();
        self.number(shared as u64);
        self.bytes(entry.name.get(shared..).unwrap_or_default());
        self.name.clone_from(&entry.name);
        match entry.kind {
            EntryKind::Folder | EntryKind::Special => {}
            EntryKind::Symlink => self.bytes(&entry.link),
            EntryKind::HardLink => {
                self.bytes(&entry.link);
                self.owner(entry);
            }
            EntryKind::File => {
                self.owner(entry);
                self.number(entry.size);
            }
        }
        if let Some(reading) = reading {
            self.reading(reading)?;
        }
        self.out.write_all(&self.buffer)?;
        self.buffer.shrink_to(64 << 10);
        Ok(())
    }

    /// Writes the end of a layer that was whole. Answers what was written to.
    pub(crate) fn end(mut self, inflated_bytes: u64) -> io::Result<W> {
        self.buffer.clear();
        self.buffer.push(END);
        self.number(inflated_bytes);
        self.out.write_all(&self.buffer)?;
        self.out.flush()?;
        Ok(self.out)
    }

    fn owner(&mut self, entry: &Entry) {
        self.number(entry.mode.into());
        self.number(entry.uid);
        self.number(entry.gid);
    }

    fn reading(&mut self, reading: &Reading) -> io::Result<()> {
        self.number(reading.asked.bits());
        self.number(reading.looking.bits());
        let telling = || reading.findings.iter().filter(|(_, it)| !it.is_empty());
        self.number(telling().count() as u64);
        for (role, findings) in telling() {
            self.number(role.index().into());
            self.findings(findings)?;
        }
        Ok(())
    }

    fn findings(&mut self, findings: &Findings) -> io::Result<()> {
        // Named one by one: what is added to findings must be added here.
        let Findings { packages, os_release, troubles, claims, licenses, bill, bytes: _ } =
            findings;
        let troubles = troubles.iter().map(ToString::to_string).collect();
        let json = serde_json::to_vec(&Told { packages, os_release, troubles, licenses, bill })?;
        self.bytes(&json);
        self.number(claims.len() as u64);
        for (path, package) in claims {
            self.bytes(path);
            self.number(package.map_or(0, |it| it as u64 + 1));
        }
        Ok(())
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.number(bytes.len() as u64);
        self.buffer.extend_from_slice(bytes);
    }

    /// Seven bits a byte, the lowest first.
    fn number(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.buffer.push((number & 0x7f) as u8 | 0x80);
            number >>= 7;
        }
        self.buffer.push(number as u8);
    }
}
