//! What a .NET program that was published as one file was built from (github.com/dotnet/designs,
//! single-file): a host, the program's files behind it, and behind these a header that says where
//! they lie. Of the files only `NAME.deps.json` is read; it is never packed.

use std::io;

use super::window::Window;
use crate::catalog::{Findings, Found, Trouble, nuget};

/// What the host finds the header by: the SHA-256 of `.net core bundle\n`. The eight bytes before it
/// are the header's offset, 0 in a host that brings no files.
pub(super) const SIGNATURE: &[u8] =
    b"\x8b\x12\x02\xb9\x6a\x61\x20\x38\x72\x7b\x93\x02\x14\xd7\xa0\x32\
    \x13\xf5\xb9\xe6\xef\xae\x33\x18\xee\x3b\x2d\xce\x24\xb3\x6a\xae";
/// How the SDK begins a `deps.json`, on Linux and Windows.
pub(super) const STARTS: [&[u8]; 2] =
    [b"{\n  \"runtimeTarget\": {", b"{\r\n  \"runtimeTarget\": {"];

/// How much of a `deps.json` is looked at, at first and at most: one of 1,500 packages has 1 MB.
const DEPS_BYTES: [usize; 3] = [64 << 10, 512 << 10, 4 << 20];
/// How many a program may carry along; there is one of its own.
const DEPS_MAX: usize = 8;
/// From here on the header says where the `deps.json` lies; before (.NET Core 3) it is one of the files.
const TELLING_MAJOR: u32 = 2;
/// The header's fixed part: versions, number of files, an id of at most 127 bytes, two places.
const HEADER_BYTES: usize = 12 + 1 + 127 + 32;

/// What was seen of it in a program.
#[derive(Debug, Default)]
pub(super) struct Bundle {
    /// Where the header begins, in a program that is one.
    header: Option<u64>,
    /// Where its `deps.json` lies, and how long it is.
    deps: Option<Deps>,
    seen: Vec<(u64, Result<Vec<Found>, Trouble>)>,
}

/// What the header says of the `deps.json`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Deps {
    /// Nothing: it is the first that was seen.
    Unsaid,
    /// There is none.
    Missing,
    At(u64),
}

impl Bundle {
    /// Takes the offset before the host's signature; others lie in tools that write such programs.
    pub(super) fn see_signature(&mut self, before: [u8; 8]) {
        let header = u64::from_le_bytes(before);
        self.header = self.header.or(Some(header).filter(|it| *it > 0));
    }

    /// Reads the `deps.json` that begins at a place of the window.
    pub(super) fn see_deps(&mut self, window: &mut Window<'_>, place: usize) -> io::Result<()> {
        if self.header.is_none() || self.seen.len() == DEPS_MAX {
            return Ok(());
        }
        let offset = window.start() + place as u64;
        let mut read = Err(Trouble::Malformed(String::new()));
        for bytes in DEPS_BYTES {
            let text = window.at(place, bytes)?;
            read = nuget::packages_of(text);
            if read.is_ok() || text.len() < bytes {
                break;
            }
        }
        self.seen.push((offset, read));
        Ok(())
    }

    /// Reads the header, once it is in the window.
    pub(super) fn see_header(&mut self, window: &mut Window<'_>) -> io::Result<()> {
        let searched = window.start()..window.start() + window.searched() as u64;
        let Some(header) = self.header.filter(|it| searched.contains(it)) else { return Ok(()) };
        let place = usize::try_from(header - window.start()).unwrap_or(usize::MAX);
        self.deps = deps_of(window.at(place, HEADER_BYTES)?);
        Ok(())
    }

    /// The packages of the program itself.
    pub(super) fn close(self, findings: &mut Findings) -> Result<(), Trouble> {
        if self.header.is_none() {
            return Ok(());
        }
        let unsaid = |why: &str| {
            Trouble::Malformed(format!("is a .NET program in one file whose packages {why}"))
        };
        let mut seen = self.seen.into_iter();
        let read = match self.deps.ok_or_else(|| unsaid("cannot be read"))? {
            Deps::Missing => return Err(unsaid("it does not say")),
            Deps::Unsaid => seen.next(),
            Deps::At(offset) => seen.find(|it| it.0 == offset),
        };
        let (_, read) = read.ok_or_else(|| unsaid("cannot be read"))?;
        read?.into_iter().try_for_each(|found| findings.package(found))
    }
}

/// `MAJOR MINOR COUNT LENGTH ID`, and then offset and size of the `deps.json`.
fn deps_of(header: &[u8]) -> Option<Deps> {
    let major = u32::from_le_bytes(*header.first_chunk()?);
    if major < TELLING_MAJOR {
        return Some(Deps::Unsaid);
    }
    let id_bytes = usize::from(*header.get(12)?);
    let places = header.get(13 + id_bytes..)?;
    let number = |at: usize| places.get(at..)?.first_chunk().map(|it| u64::from_le_bytes(*it));
    let (offset, size) = (number(0)?, number(8)?);
    Some(if size == 0 { Deps::Missing } else { Deps::At(offset) })
}
