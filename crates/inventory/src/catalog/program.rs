//! Programs and shared objects (elf(5)): what Go, Rust and others leave in them of what they were
//! built from. The file streams by; only what is searched, and what a match needs, is held.

mod auditable;
mod bundle;
mod elf;
mod go;
#[cfg(test)]
mod tests;
mod versions;
mod window;

use std::io::Read;
use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, Input, MatchKind};

use self::auditable::Auditable;
use self::bundle::Bundle;
use self::elf::Elf;
use self::go::Go;
use self::versions::Version;
use self::window::{AHEAD_BYTES, Window};
use super::findings::{Findings, Trouble};
use super::{Candidate, Cataloger, FilePath, split_last};

/// Reads what may be run or linked.
pub(super) struct Program;

/// No program is smaller than its headers.
const FILE_BYTES_MIN: u64 = 64;

/// What is searched for, in the order of [`Hit`].
static SEARCHED: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
    let own = [go::MAGIC, go::MODULES_START, go::VERSION_START];
    let all = own.into_iter().chain(auditable::STARTS).chain([bundle::SIGNATURE]);
    let all = all.chain(bundle::STARTS);
    AhoCorasick::builder().match_kind(MatchKind::LeftmostFirst).build(all).ok()
});

/// Which of them is the signature of a .NET program in one file; those behind it begin its notes.
const BUNDLE: usize = 3 + auditable::STARTS.len();

/// Whether a file of this name says the version of a program that no package manager knows.
pub(super) fn is_named_as_one(path: &[u8]) -> bool {
    versions::of_name(path).is_some()
}

/// A match in the window.
#[derive(Debug, Clone, Copy)]
struct Hit {
    pattern: usize,
    place: usize,
}

impl Cataloger for Program {
    fn wants(&self, _path: &FilePath<'_>) -> bool {
        false
    }

    fn looks_into(&self, candidate: &Candidate<'_>) -> bool {
        let is_big_enough = candidate.size >= FILE_BYTES_MIN;
        is_big_enough && (candidate.mode & 0o111 != 0 || is_library(split_last(candidate.path).1))
    }

    fn magics(&self) -> &'static [&'static [u8]] {
        &[b"\x7fELF"]
    }

    fn streams(&self) -> bool {
        true
    }

    fn read(
        &self,
        path: &[u8],
        content: &mut dyn Read,
        findings: &mut Findings,
    ) -> Result<(), Trouble> {
        let mut window = Window::new(content);
        if !window.next()? {
            return Ok(());
        }
        let Some(elf) = Elf::read(window.bytes()) else { return Ok(()) };
        if is_packed(window.bytes()) {
            let text = "is packed by UPX: what it was built from cannot be seen";
            return Err(Trouble::Malformed(text.to_owned()));
        }
        let mut passage = Passage {
            elf,
            go: Go::default(),
            auditable: Auditable::default(),
            bundle: Bundle::default(),
            version: Version::of(path),
            sections: Vec::new(),
            before: [0; 8],
        };
        loop {
            passage.see(&mut window)?;
            if !window.next()? {
                break;
            }
        }
        passage.close(findings)
    }
}

/// Whether UPX packed it: its mark stands right behind the headers of the few segments it leaves.
fn is_packed(front: &[u8]) -> bool {
    const FRONT_BYTES: usize = 512;
    let front = front.get(..FRONT_BYTES).unwrap_or(front);
    memchr::memmem::find(front, b"UPX!").is_some()
}

/// Libraries are often not executable: `libx.so`, `libx.so.1`, Node's `x.node`.
fn is_library(file: &[u8]) -> bool {
    file.ends_with(b".so")
        || file.ends_with(b".node")
        || memchr::memmem::find(file, b".so.").is_some()
}

/// A program as it streams by.
struct Passage {
    elf: Elf,
    go: Go,
    auditable: Auditable,
    bundle: Bundle,
    version: Option<Version>,
    /// Where its sections begin.
    sections: Vec<u64>,
    /// What stood before the window.
    before: [u8; 8],
}

impl Passage {
    fn see(&mut self, window: &mut Window<'_>) -> Result<(), Trouble> {
        self.see_sections(window)?;
        for Hit { pattern, place } in self.hits(window) {
            match pattern {
                0 => self.go.see_magic(&self.elf, window, place)?,
                1 => self.go.see_modules(window, place)?,
                2 => self.go.see_version(&self.elf, window, place),
                3..BUNDLE => self.auditable.see(window, place)?,
                BUNDLE => self.bundle.see_signature(self.eight_before(window, place)),
                _ => self.bundle.see_deps(window, place)?,
            }
        }
        self.go.follow(window)?;
        self.bundle.see_header(window)?;
        self.before = self.eight_before(window, window.searched());
        Ok(())
    }

    /// The eight bytes that stand before a place of the window.
    fn eight_before(&self, window: &Window<'_>, place: usize) -> [u8; 8] {
        let passed = window.bytes().get(..place).unwrap_or_default();
        let missing = self.before.get(passed.len().min(8)..).unwrap_or_default();
        let mut eight = missing.iter().chain(&passed[passed.len().saturating_sub(8)..]);
        std::array::from_fn(|_| eight.next().copied().unwrap_or_default())
    }

    /// All matches of the window that begin in what is no code.
    fn hits(&mut self, window: &Window<'_>) -> Vec<Hit> {
        let (mut hits, mut place) = (Vec::new(), 0);
        let Some(searched) = &*SEARCHED else { return hits };
        let (bytes, end) = (window.bytes(), window.searched());
        let place_of = |offset: u64| {
            usize::try_from(offset.saturating_sub(window.start())).unwrap_or(usize::MAX).min(end)
        };
        while place < end {
            let offset = window.start() + place as u64;
            if let Some(after) = self.elf.code_until(offset) {
                place = place_of(after);
                continue;
            }
            let until = self.elf.next_code(offset).map_or(end, place_of);
            let ahead = until.saturating_add(AHEAD_BYTES).min(bytes.len());
            if let Some(version) = &mut self.version {
                version.see(&bytes[place..ahead]);
            }
            let input = Input::new(bytes).span(place..ahead);
            let found = searched.find_iter(input).take_while(|it| it.start() < until);
            hits.extend(
                found.map(|it| Hit { pattern: it.pattern().as_usize(), place: it.start() }),
            );
            place = until;
        }
        hits
    }

    fn see_sections(&mut self, window: &mut Window<'_>) -> Result<(), Trouble> {
        let Some(table) = self.elf.sections else { return Ok(()) };
        let searched = window.start()..window.start() + window.searched() as u64;
        if searched.contains(&table.offset) {
            let place = usize::try_from(table.offset - window.start()).unwrap_or(usize::MAX);
            self.sections = self.elf.section_offsets(window.at(place, table.bytes)?);
        }
        Ok(())
    }

    fn close(self, findings: &mut Findings) -> Result<(), Trouble> {
        if let Some(found) = self.version.and_then(Version::close) {
            findings.package(found)?;
        }
        self.auditable.close(&self.sections, findings)?;
        self.bundle.close(findings)?;
        self.go.close(findings)
    }
}
