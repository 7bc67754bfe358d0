//! What a snapshot may still take in, and what it could not see.

use std::path::Path;
use std::time::{Duration, Instant};

use rustix::io::Errno;

use crate::limits::Limits;
use crate::text::kept;
use crate::unobservable::{Reason, Unobservable};

/// The account of one snapshot.
pub(super) struct Ledger<'a> {
    pub(super) limits: &'a Limits,
    pub(super) descriptors_left: usize,
    pub(super) thread_links_left: usize,
    deadline: Instant,
    late: bool,
    unobservable: Vec<Unobservable>,
    dropped: usize,
}

impl<'a> Ledger<'a> {
    pub(super) fn new(limits: &'a Limits) -> Self {
        Self {
            limits,
            descriptors_left: limits.descriptors_max,
            thread_links_left: limits.thread_links_max,
            deadline: Instant::now() + Duration::from_millis(limits.time_ms_max),
            late: false,
            unobservable: Vec::new(),
            dropped: 0,
        }
    }

    /// Notes something that was not seen.
    pub(super) fn unseen(
        &mut self,
        pid: Option<u32>,
        path: &Path,
        reason: Reason,
        detail: impl Into<String>,
    ) {
        if self.unobservable.len() >= self.limits.unobservable_max {
            self.dropped += 1;
            return;
        }
        let path = kept(path.as_os_str().as_encoded_bytes(), self.limits.text_bytes_max);
        let entry = Unobservable { pid, path, reason, detail: detail.into() };
        if !self.unobservable.contains(&entry) {
            self.unobservable.push(entry);
        }
    }

    /// Notes that reading failed.
    pub(super) fn failed(&mut self, pid: Option<u32>, path: &Path, errno: Errno) {
        let (reason, detail) = match errno {
            Errno::ACCESS | Errno::PERM => (Reason::Denied, String::new()),
            Errno::SRCH => (Reason::Vanished, String::new()),
            Errno::NOENT => (Reason::Missing, String::new()),
            other => (Reason::Failed, other.to_string()),
        };
        self.unseen(pid, path, reason, detail);
    }

    /// Notes that a limit was reached.
    pub(super) fn limit(&mut self, pid: Option<u32>, path: &Path, name: &str) {
        self.unseen(pid, path, Reason::Limit, name);
    }

    /// Whether the time is up, which is noted once.
    pub(super) fn is_late(&mut self, path: &Path) -> bool {
        if !self.late && Instant::now() > self.deadline {
            self.late = true;
            self.limit(None, path, "time_ms_max");
        }
        self.late
    }

    /// How much has been noted; see [`Ledger::rewind`].
    pub(super) fn mark(&self) -> usize {
        self.unobservable.len()
    }

    /// Forgets what was noted since, of a process that turned out to have ended.
    pub(super) fn rewind(&mut self, mark: usize) {
        self.unobservable.truncate(mark);
    }

    /// All of it; when there was too much, the last entry says so.
    pub(super) fn into_unobservable(mut self) -> Vec<Unobservable> {
        if self.dropped > 0 {
            self.unobservable.push(Unobservable {
                pid: None,
                path: String::new(),
                reason: Reason::Limit,
                detail: format!("unobservable_max: {} more", self.dropped),
            });
        }
        self.unobservable
    }
}
