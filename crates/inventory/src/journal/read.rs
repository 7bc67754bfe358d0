//! Reading a journal. Its bytes were written by this program; what does not fit is an error all
//! the same, and nothing is allocated by a size that they claim.

use std::io::{self, BufRead as _, BufReader, Read};

use serde::Deserialize;

use super::event::{END, Event, FILE_READ, Reading, kind_of};
use crate::catalog::{Findings, Found, Role, Roles};
use crate::claimed::BillBytes;
use crate::os_release::OsRelease;
use crate::tar_walk::{Entry, EntryKind};

/// No name, link or reading is longer.
const BYTES_MAX: u64 = 64 << 20;

/// A journal that is being read.
pub(crate) struct JournalReader<R> {
    input: BufReader<R>,
    name: Vec<u8>,
}

#[derive(Deserialize)]
struct Told {
    packages: Vec<Found>,
    os_release: Option<OsRelease>,
    troubles: Vec<String>,
    licenses: Vec<String>,
    #[serde(default)]
    bill: Option<BillBytes>,
}

impl<R: Read> JournalReader<R> {
    pub(crate) fn new(input: R) -> Self {
        Self { input: BufReader::with_capacity(32 << 10, input), name: Vec::new() }
    }

    /// The next part. An end of the bytes before [`Event::End`] is an error.
    pub(crate) fn next_event(&mut self) -> io::Result<Event> {
        let tag = self.byte()?;
        if tag == END {
            return Ok(Event::End(self.number()?));
        }
        let kind = kind_of(tag).ok_or_else(malformed)?;
        let shared = usize::try_from(self.number()?).map_err(|_| malformed())?;
        if shared > self.name.len() {
            return Err(malformed());
        }
        self.name.truncate(shared);
        let mut name = std::mem::take(&mut self.name);
        self.bytes_onto(&mut name)?;
        self.name = name;
        let mut entry = Entry::named(self.name.clone(), kind);
        match kind {
            EntryKind::Folder | EntryKind::Special => {}
            EntryKind::Symlink => entry.link = self.bytes()?,
            EntryKind::HardLink => {
                entry.link = self.bytes()?;
                self.owner(&mut entry)?;
            }
            EntryKind::File => {
                self.owner(&mut entry)?;
                entry.size = self.number()?;
            }
        }
        let reading = if tag == FILE_READ { Some(self.reading()?) } else { None };
        Ok(Event::Entry(entry, reading))
    }

    fn owner(&mut self, entry: &mut Entry) -> io::Result<()> {
        entry.mode = u32::try_from(self.number()?).map_err(|_| malformed())?;
        entry.uid = self.number()?;
        entry.gid = self.number()?;
        Ok(())
    }

    fn reading(&mut self) -> io::Result<Reading> {
        let (asked, looking) = (Roles::of_bits(self.number()?), Roles::of_bits(self.number()?));
        let mut findings = Vec::new();
        for _ in 0..self.number()? {
            let index = u8::try_from(self.number()?).map_err(|_| malformed())?;
            findings.push((Role::at(index).ok_or_else(malformed)?, self.findings()?));
        }
        Ok(Reading { asked, looking, findings })
    }

    fn findings(&mut self) -> io::Result<Findings> {
        let told: Told = serde_json::from_slice(&self.bytes()?)?;
        let mut claims = Vec::new();
        for _ in 0..self.number()? {
            let path = self.bytes()?;
            let package = self.number()?.checked_sub(1);
            claims.push((path, package.and_then(|it| usize::try_from(it).ok())));
        }
        let Told { packages, os_release, troubles, licenses, bill } = told;
        Ok(Findings::told(packages, os_release, troubles, claims, licenses, bill))
    }

    fn bytes(&mut self) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.bytes_onto(&mut bytes)?;
        Ok(bytes)
    }

    fn bytes_onto(&mut self, bytes: &mut Vec<u8>) -> io::Result<()> {
        let length = self.number()?;
        // Nearly all are names, and in the buffer already.
        let buffered = usize::try_from(length).ok().and_then(|it| self.input.buffer().get(..it));
        if let Some(buffered) = buffered {
            bytes.extend_from_slice(buffered);
            self.input.consume(buffered.len());
            return Ok(());
        }
        if length > BYTES_MAX {
            return Err(malformed());
        }
        let read = (&mut self.input).take(length).read_to_end(bytes)?;
        if read as u64 == length { Ok(()) } else { Err(malformed()) }
    }

    fn number(&mut self) -> io::Result<u64> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err(malformed())
    }

    fn byte(&mut self) -> io::Result<u8> {
        loop {
            match self.input.fill_buf() {
                Ok([]) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok([byte, ..]) => {
                    let byte = *byte;
                    self.input.consume(1);
                    return Ok(byte);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}

fn malformed() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "journal of a layer is malformed")
}
