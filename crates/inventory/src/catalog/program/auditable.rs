//! The crates that a Rust program was built from, as cargo-auditable writes them: JSON, deflated
//! by zlib, in a section `.dep-v0` (cargo-auditable's PARSING.md and JSON schema).

use std::io::{self, BufReader, Read};

use flate2::read::ZlibDecoder;
use flate2::{Decompress, FlushDecompress};
use serde::Deserialize;

use super::window::Window;
use crate::catalog::{Findings, Found, Trouble};
use crate::ecosystem::Ecosystem;

/// How a zlib stream begins, by level of compression (RFC 1950).
pub(super) const STARTS: [&[u8]; 4] = [b"\x78\xda", b"\x78\x9c", b"\x78\x01", b"\x78\x5e"];

/// What is inflated to see whether it is a list; its first bytes.
const PROBE_BYTES: usize = 512;
const LIST_START: &[u8] = b"{\"packages\":[";
/// The list as it is stored, and inflated: a thousand crates are some 100 KB.
const STORED_BYTES_MAX: usize = 2 << 20;
const LIST_BYTES_MAX: u64 = 8 << 20;
/// How many streams of a program may begin as a list does.
const LISTS_MAX: usize = 8;
/// How many places of a program are probed: so many, and one more for so many bytes. What happens
/// to look like a stream is a hundred times as rare.
const PROBES_MIN: u64 = 256;
const PROBE_EACH_BYTES: u64 = 512;

/// The lists that were seen in a program.
#[derive(Debug, Default)]
pub(super) struct Auditable {
    lists: Vec<(u64, Result<List, Trouble>)>,
    probe: Option<Decompress>,
    probes: u64,
    is_past_limit: bool,
}

#[derive(Debug, Deserialize)]
struct List {
    packages: Vec<Crate>,
}

#[derive(Debug, Deserialize)]
struct Crate {
    name: String,
    version: String,
    #[serde(default)]
    kind: Kind,
}

#[derive(Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    /// Ran while the program was built, and is not in it.
    Build,
    /// Anything else, as the format may grow.
    #[default]
    #[serde(other)]
    Runtime,
}

impl Auditable {
    /// Reads the list that may begin at a place of the window.
    pub(super) fn see(&mut self, window: &mut Window<'_>, place: usize) -> io::Result<()> {
        let offset = window.start() + place as u64;
        let probes_max = PROBES_MIN + offset / PROBE_EACH_BYTES;
        if self.probes > probes_max || self.lists.len() == LISTS_MAX {
            self.is_past_limit = true;
            return Ok(());
        }
        if !self.begins_list(window.at(place, PROBE_BYTES)?) {
            return Ok(());
        }
        let stored = window.at(place, STORED_BYTES_MAX)?;
        let inflated = ZlibDecoder::new(stored).take(LIST_BYTES_MAX);
        let list = serde_json::from_reader(BufReader::new(inflated));
        let list = list.map_err(|error| {
            Trouble::Malformed(format!("its list of Rust crates cannot be read: {error}"))
        });
        self.lists.push((offset, list));
        Ok(())
    }

    fn begins_list(&mut self, stored: &[u8]) -> bool {
        // A block of the reserved type, or a stored one, which no compressor writes here.
        let block = stored.get(2).map_or(0, |it| it >> 1 & 3);
        if block == 0 || block == 3 {
            return false;
        }
        self.probes += 1;
        let probe = self.probe.get_or_insert_with(|| Decompress::new(true));
        probe.reset(true);
        let mut start = [0; LIST_START.len()];
        let end = probe.decompress(stored, &mut start, FlushDecompress::None);
        end.is_ok() && start == LIST_START
    }

    /// The crates of the program itself: of the list that fills a section. Others lie in what it
    /// carries along. Where there are no sections any more, the first counts.
    pub(super) fn close(self, sections: &[u64], findings: &mut Findings) -> Result<(), Trouble> {
        let is_section = |offset: &u64| sections.is_empty() || sections.contains(offset);
        let Some((_, list)) = self.lists.into_iter().find(|it| is_section(&it.0)) else {
            let (limit, max) = ("zlib_streams_max", self.probes);
            return if self.is_past_limit { Err(Trouble::Limit { limit, max }) } else { Ok(()) };
        };
        for it in list?.packages.into_iter().filter(|it| it.kind != Kind::Build) {
            findings.package(Found::new(Ecosystem::Cargo, it.name, it.version))?;
        }
        Ok(())
    }
}
