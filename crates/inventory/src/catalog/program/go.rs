//! What a Go program says of itself (debug/buildinfo): with which Go it was built, from which
//! modules. Since 1.18 both stand behind the magic; before, it points to them.

use std::io;

use super::elf::Elf;
use super::window::Window;
use crate::catalog::{Findings, Found, Trouble};
use crate::ecosystem::Ecosystem;

pub(super) const MAGIC: &[u8] = b"\xff Go buildinf:";
/// What stands before and behind the modules wherever they lie (cmd/go/internal/modload).
pub(super) const MODULES_START: &[u8] =
    b"\x30\x77\xaf\x0c\x92\x74\x08\x02\x41\xe1\xc1\x07\xe6\xd6\x18\xe6";
const MODULES_END: &[u8] = b"\xf9\x32\x43\x31\x86\x18\x20\x72\x00\x82\x42\x10\x41\x16\xd8\xf2";
/// How a version begins, wherever it lies.
pub(super) const VERSION_START: &[u8] = b"go1.";

const ALIGNMENT: u64 = 16;
const HEADER_BYTES: usize = 32;
const VERSION_BYTES_MAX: usize = 256;
/// Kubernetes has some 30 KB.
const MODULES_BYTES_MAX: usize = 1 << 20;
/// How many places may look like the version of an old program.
const VERSIONS_MAX: usize = 4096;
/// How often the mark before the modules may stand in a program.
const MARKS_MAX: usize = 4;
/// What is kept of each.
const OLD_VERSION_BYTES: usize = 40;

/// What was seen of a Go program so far.
#[derive(Debug, Default)]
pub(super) struct Go {
    version: Option<String>,
    modules: Option<String>,
    /// Before 1.18: where in memory the string is that names the version.
    version_pointer: Option<Pointer>,
    /// What looks like a version, by its address.
    versions: Vec<(u64, [u8; OLD_VERSION_BYTES])>,
    /// What stood between the marks, in case that the program is an old one.
    marked: Option<String>,
    marks: usize,
    is_past_limit: bool,
}

/// A pointer to a Go string: its bytes' address and their count.
#[derive(Debug, Clone, Copy)]
struct Pointer {
    offset: u64,
    bytes: usize,
    is_big: bool,
}

impl Go {
    /// Reads what stands behind the magic at a place of the window.
    pub(super) fn see_magic(
        &mut self,
        elf: &Elf,
        window: &mut Window<'_>,
        place: usize,
    ) -> io::Result<()> {
        let offset = window.start() + place as u64;
        let address = elf.address_of(offset).unwrap_or(offset);
        let is_known = self.version.is_some() || self.version_pointer.is_some();
        if is_known || !address.is_multiple_of(ALIGNMENT) {
            return Ok(());
        }
        let Some(header) = window.at(place, HEADER_BYTES)?.first_chunk::<HEADER_BYTES>().copied()
        else {
            return Ok(());
        };
        let (pointer_bytes, flags) = (header[14], header[15]);
        if flags & 2 == 0 {
            let pointer =
                Pointer { offset: 0, bytes: pointer_bytes.into(), is_big: flags & 1 != 0 };
            let address = pointer.number(&header[16..]);
            let offset = address.and_then(|it| elf.offset_of(it));
            self.version_pointer = offset.map(|offset| Pointer { offset, ..pointer });
            return Ok(());
        }
        let mut at = place + HEADER_BYTES;
        let Some(version) = string(window, &mut at, VERSION_BYTES_MAX)? else { return Ok(()) };
        let version = String::from_utf8_lossy(version).into_owned();
        if version.is_empty() {
            return Ok(());
        }
        let modules = string(window, &mut at, MODULES_BYTES_MAX)?;
        self.is_past_limit = modules.is_none();
        self.modules = modules.and_then(unframed);
        self.version = Some(version);
        Ok(())
    }

    /// Keeps what stands between the marks, for a program that only points to it.
    pub(super) fn see_modules(&mut self, window: &mut Window<'_>, place: usize) -> io::Result<()> {
        if self.version.is_some() || self.marked.is_some() || self.marks == MARKS_MAX {
            return Ok(());
        }
        self.marks += 1;
        let text = window.at(place + MODULES_START.len(), MODULES_BYTES_MAX)?;
        if let Some(end) = memchr::memmem::find(text, MODULES_END) {
            self.marked = Some(String::from_utf8_lossy(&text[..end]).into_owned());
        }
        Ok(())
    }

    /// Keeps what looks like a version, for a program that only points to it.
    pub(super) fn see_version(&mut self, elf: &Elf, window: &Window<'_>, place: usize) {
        let address = elf.address_of(window.start() + place as u64);
        if let (Some(address), None) = (address, &self.version)
            && self.versions.len() < VERSIONS_MAX
        {
            let mut bytes = [0; OLD_VERSION_BYTES];
            let seen = window.bytes().get(place..).unwrap_or_default();
            bytes.iter_mut().zip(seen).for_each(|(to, from)| *to = *from);
            self.versions.push((address, bytes));
        }
    }

    /// Follows the pointer to the version once the window lies over it.
    pub(super) fn follow(&mut self, window: &mut Window<'_>) -> io::Result<()> {
        let Some(pointer) = self.version_pointer.filter(|_| self.version.is_none()) else {
            return Ok(());
        };
        let searched = window.start()..window.start() + window.searched() as u64;
        if !searched.contains(&pointer.offset) {
            return Ok(());
        }
        let place = usize::try_from(pointer.offset - window.start()).unwrap_or(usize::MAX);
        let string = window.at(place, pointer.bytes * 2)?;
        let length = string.get(pointer.bytes..).and_then(|it| pointer.number(it));
        let (Some(address), Some(length)) = (pointer.number(string), length) else {
            return Ok(());
        };
        let seen = self.versions.iter().find(|it| it.0 == address);
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        let version = seen.and_then(|it| it.1.get(..length));
        self.version = version.map(|it| String::from_utf8_lossy(it).into_owned());
        Ok(())
    }

    /// What the program was built from.
    pub(super) fn close(self, findings: &mut Findings) -> Result<(), Trouble> {
        let version = match (self.version, self.version_pointer) {
            (Some(version), _) => version,
            (None, Some(_)) => String::new(), // a Go program whose version was not found
            (None, None) => return Ok(()),
        };
        let modules = self.modules.or(self.version_pointer.and(self.marked));
        findings.package(found("stdlib", toolchain(&version)))?;
        for module in modules.iter().flat_map(|it| modules_of(it)) {
            findings.package(found(module.path, module.version))?;
        }
        if self.is_past_limit {
            let max = MODULES_BYTES_MAX as u64;
            return Err(Trouble::Limit { limit: "go_modules_bytes_max", max });
        }
        Ok(())
    }
}

impl Pointer {
    fn number(&self, bytes: &[u8]) -> Option<u64> {
        let number = |bytes: &[u8]| bytes.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte));
        let mut bytes = match self.bytes {
            4 | 8 => bytes.get(..self.bytes)?.to_vec(),
            _ => return None,
        };
        if !self.is_big {
            bytes.reverse();
        }
        Some(number(&bytes))
    }
}

/// A string with its length before it, as a varint; `None` past the limit or the stream's end.
fn string<'w>(
    window: &'w mut Window<'_>,
    at: &mut usize,
    max: usize,
) -> io::Result<Option<&'w [u8]>> {
    let (mut length, mut width) = (0_usize, 0_usize);
    for byte in window.at(*at, 4)? {
        length |= usize::from(byte & 0x7f) << (7 * width);
        width += 1;
        if byte & 0x80 == 0 {
            break;
        }
    }
    let from = *at + width;
    *at = from + length;
    if length > max {
        return Ok(None);
    }
    let bytes = window.at(from, length)?;
    Ok((bytes.len() == length).then_some(bytes))
}

/// The modules without the 16 bytes that mark their start and end.
fn unframed(modules: &[u8]) -> Option<String> {
    let inner = modules.get(16..modules.len().checked_sub(16)?)?;
    inner.ends_with(b"\n").then(|| String::from_utf8_lossy(inner).into_owned())
}

/// The version of the toolchain, without `go` and the names of experiments.
fn toolchain(version: &str) -> &str {
    let plain = version.split([' ', '\n']).next().unwrap_or_default();
    match plain.strip_prefix("go") {
        Some(number) if number.starts_with(|it: char| it.is_ascii_digit()) => number,
        _ => UNKNOWN,
    }
}

/// How Go writes the version of what was built from a folder.
const UNKNOWN: &str = "(devel)";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Module<'t> {
    path: &'t str,
    version: &'t str,
}

/// The main module and all that it depends on. What replaces a module is what counts; where that
/// is a folder, it is the module in an unknown version.
fn modules_of(text: &str) -> Vec<Module<'_>> {
    let mut modules: Vec<Module<'_>> = Vec::new();
    for line in text.lines() {
        let mut fields = line.split('\t');
        let kind = fields.next().unwrap_or_default();
        let path = fields.next().unwrap_or_default();
        let version = fields.next().unwrap_or_default();
        let is_folder = path.starts_with('.') || path.starts_with('/');
        match kind {
            "mod" | "dep" if !path.is_empty() => modules.push(Module { path, version }),
            "=>" => {
                if let Some(last) = modules.last_mut() {
                    *last = match is_folder {
                        true => Module { version: UNKNOWN, ..*last },
                        false => Module { path, version },
                    };
                }
            }
            _ => {}
        }
    }
    modules
}

fn found(name: &str, version: &str) -> Found {
    Found::new(Ecosystem::Golang, name.to_owned(), version.to_owned())
}
