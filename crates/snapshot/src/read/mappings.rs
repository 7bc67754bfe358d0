//! Reading which files a process has mapped: a library or a file that was closed after mmap(2)
//! has no descriptor any more.

use std::collections::BTreeMap;

use super::folder::Folder;
use super::ledger::Ledger;
use crate::parse::maps::map_line;
use crate::process::Mapping;
use crate::text::kept;
use crate::unobservable::Reason;

/// The mapped files, each once, by path.
pub(super) fn of(folder: &Folder, pid: u32, ledger: &mut Ledger<'_>) -> Vec<Mapping> {
    let limits = ledger.limits;
    let mut found: BTreeMap<(String, bool), bool> = BTreeMap::new();
    let (mut malformed, mut full) = (false, false);
    let read = folder.lines("maps", limits.table_bytes_max, limits.line_bytes_max * 2, |line| {
        match map_line(line) {
            Ok(None) => {}
            Err(_) => malformed = true,
            Ok(Some(line)) => {
                let bare = line.path.strip_suffix(b" (deleted)");
                let path = kept(bare.unwrap_or(line.path), limits.text_bytes_max);
                let key = (path, bare.is_some());
                if found.len() >= limits.mappings_max && !found.contains_key(&key) {
                    full = true;
                    return;
                }
                *found.entry(key).or_default() |= line.executable;
            }
        }
    });
    let path = folder.path_of("maps");
    match read {
        Ok(whole) if !whole => ledger.limit(Some(pid), &path, "table_bytes_max"),
        Ok(_) => {}
        Err(errno) => ledger.failed(Some(pid), &path, errno),
    }
    if malformed {
        ledger.unseen(Some(pid), &path, Reason::Malformed, "");
    }
    if full {
        ledger.limit(Some(pid), &path, "mappings_max");
    }
    let mapping = |((path, deleted), executable)| Mapping { path, deleted, executable };
    found.into_iter().map(mapping).collect()
}
