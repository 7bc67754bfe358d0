//! The verdict log: what was judged, written once.
//!
//! On disk it is one file of lines, `<checksum> <verdict as JSON>\n`, only ever appended to. An
//! append is on the disk (fdatasync) before it is acknowledged. A last line that a crash tore is
//! cut off when the log is opened: it was never acknowledged. A damaged line before the last is
//! an error: what was acknowledged must not vanish in silence.

use std::collections::{BTreeMap, VecDeque};
use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use verdict::{Digest, ValidationId, Verdict};

use crate::bus::Recorded;

/// A verdict that is longer is refused, and a line that is longer is damage.
const RECORD_BYTES_MAX: usize = 16 << 20;
/// How many verdicts a log in memory keeps; the oldest go first.
const MEMORY_VERDICTS_MAX: usize = 1024;
/// Hexadecimal digits of a record's checksum (the start of its SHA-256).
const CHECKSUM_DIGITS: usize = 16;

/// Why the log does not hold what it was given, or does not give what it holds.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The file could not be opened.
    #[error("open the verdict log {path}")]
    Open {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// Another process writes it.
    #[error("verdict log {0} is in use by another process")]
    Locked(PathBuf),
    /// A verdict could not be written down.
    #[error("write to the verdict log")]
    Write(#[source] std::io::Error),
    /// A verdict could not be read back.
    #[error("read from the verdict log")]
    Read(#[source] std::io::Error),
    /// An acknowledged record is damaged.
    #[error("verdict log is damaged at byte {offset}")]
    Damaged {
        /// Where the record starts.
        offset: u64,
    },
    /// A verdict is larger than a record may be.
    #[error("verdict has {0} bytes, and a record takes at most {RECORD_BYTES_MAX}")]
    TooLarge(usize),
    /// A verdict is not writable as JSON.
    #[error("write a verdict as JSON")]
    Encode(#[source] serde_json::Error),
    /// The thread that wrote broke off.
    #[error("writing to the verdict log broke off")]
    BrokeOff,
}

/// The log. Cloning it gives another handle to the same one.
#[derive(Debug, Clone)]
pub struct VerdictLog(Arc<Mutex<Shelf>>);

#[derive(Debug)]
enum Shelf {
    Memory { verdicts: BTreeMap<ValidationId, Verdict>, order: VecDeque<ValidationId> },
    Disk { file: File, index: BTreeMap<ValidationId, Place>, end: u64 },
}

#[derive(Debug, Clone, Copy)]
struct Place {
    offset: u64,
    bytes: usize,
}

impl VerdictLog {
    /// A log in memory, which promises nothing beyond this process.
    pub fn memory() -> Self {
        Self::of(Shelf::Memory { verdicts: BTreeMap::new(), order: VecDeque::new() })
    }

    /// The durable log in this file; made if it is not there.
    ///
    /// # Errors
    /// When it does not open, another process has it, or an acknowledged record is damaged.
    pub fn open(path: &Path) -> Result<Self, LogError> {
        let open = |source| LogError::Open { path: path.to_owned(), source };
        let mut options = OpenOptions::new();
        let mut file = options.read(true).append(true).create(true).open(path).map_err(open)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(std::fs::TryLockError::WouldBlock) => {
                return Err(LogError::Locked(path.to_owned()));
            }
            Err(std::fs::TryLockError::Error(source)) => return Err(open(source)),
        }
        let (index, end) = replay(&mut file)?;
        file.set_len(end).map_err(LogError::Write)?;
        file.sync_all().map_err(LogError::Write)?;
        // A new file is durable once its folder is.
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        File::open(folder.unwrap_or(Path::new("."))).and_then(|f| f.sync_all()).map_err(open)?;
        Ok(Self::of(Shelf::Disk { file, index, end }))
    }

    /// Writes the verdict down unless its validation has one that still holds. On disk when this returns, if the
    /// log is on disk. Blocks.
    ///
    /// # Errors
    /// When it is not written; then nothing is promised about it.
    pub fn record(&self, verdict: Verdict) -> Result<Recorded, LogError> {
        let mut shelf = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = shelf.get(&verdict.validation)?
            && known.valid_until > verdict.judged_at
        {
            return Ok(Recorded::Known(known));
        }
        shelf.append(&verdict)?;
        Ok(Recorded::First(verdict))
    }

    /// The verdict of this validation, if there is one. Blocks.
    ///
    /// # Errors
    /// When it cannot be read back as it was written.
    pub fn get(&self, validation: &ValidationId) -> Result<Option<Verdict>, LogError> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(validation)
    }

    fn of(shelf: Shelf) -> Self {
        Self(Arc::new(Mutex::new(shelf)))
    }
}

impl Shelf {
    fn get(&mut self, validation: &ValidationId) -> Result<Option<Verdict>, LogError> {
        match self {
            Self::Memory { verdicts, .. } => Ok(verdicts.get(validation).cloned()),
            Self::Disk { file, index, .. } => {
                let Some(place) = index.get(validation).copied() else { return Ok(None) };
                let mut line = vec![0; place.bytes];
                file.seek(SeekFrom::Start(place.offset))
                    .and_then(|_| file.read_exact(&mut line))
                    .map_err(LogError::Read)?;
                let damaged = LogError::Damaged { offset: place.offset };
                verdict_of(&line).map(Some).ok_or(damaged)
            }
        }
    }

    fn append(&mut self, verdict: &Verdict) -> Result<(), LogError> {
        match self {
            Self::Memory { verdicts, order } => {
                if order.len() >= MEMORY_VERDICTS_MAX
                    && let Some(oldest) = order.pop_front()
                {
                    verdicts.remove(&oldest);
                }
                let known = verdicts.insert(verdict.validation.clone(), verdict.clone());
                if known.is_none() {
                    order.push_back(verdict.validation.clone());
                }
            }
            Self::Disk { file, index, end } => {
                let line = line_of(verdict)?;
                let written = file.write_all(&line).and_then(|()| file.sync_data());
                if let Err(source) = written {
                    // What of it reached the file is cut off, so that the next append does not
                    // stand behind a torn line.
                    file.set_len(*end).map_err(LogError::Write)?;
                    return Err(LogError::Write(source));
                }
                let place = Place { offset: *end, bytes: line.len() };
                index.insert(verdict.validation.clone(), place);
                *end += line.len() as u64;
            }
        }
        Ok(())
    }
}

/// Reads the whole log: where each validation's verdict stands, and where the log ends.
fn replay(file: &mut File) -> Result<(BTreeMap<ValidationId, Place>, u64), LogError> {
    let length = file.metadata().map_err(LogError::Read)?.len();
    file.seek(SeekFrom::Start(0)).map_err(LogError::Read)?;
    let mut reader = BufReader::new(file);
    let (mut index, mut offset) = (BTreeMap::new(), 0);
    let mut line = Vec::new();
    while offset < length {
        line.clear();
        let bytes_max = RECORD_BYTES_MAX as u64 + 1;
        let read = reader.by_ref().take(bytes_max).read_until(b'\n', &mut line);
        let bytes = read.map_err(LogError::Read)?;
        match verdict_of(&line) {
            Some(verdict) => {
                // A later one was written because the earlier had run out.
                index.insert(verdict.validation, Place { offset, bytes });
                offset += bytes as u64;
            }
            // Torn: nothing follows it.
            None if offset + bytes as u64 >= length => {
                tracing::warn!(offset, bytes, "cut a torn record off the verdict log");
                break;
            }
            None => return Err(LogError::Damaged { offset }),
        }
    }
    Ok((index, offset))
}

fn line_of(verdict: &Verdict) -> Result<Vec<u8>, LogError> {
    let json = serde_json::to_vec(verdict).map_err(LogError::Encode)?;
    let mut line = checksum(&json).into_bytes();
    line.push(b' ');
    line.extend_from_slice(&json);
    line.push(b'\n');
    if line.len() > RECORD_BYTES_MAX { Err(LogError::TooLarge(line.len())) } else { Ok(line) }
}

fn verdict_of(line: &[u8]) -> Option<Verdict> {
    let line = line.strip_suffix(b"\n")?;
    let (sum, json) = line.split_at_checked(CHECKSUM_DIGITS)?;
    let json = json.strip_prefix(b" ")?;
    if sum != checksum(json).as_bytes() {
        return None;
    }
    serde_json::from_slice(json).ok()
}

fn checksum(json: &[u8]) -> String {
    let mut digits = Digest::of(json).hex();
    digits.truncate(CHECKSUM_DIGITS);
    digits
}
