//! Whether the function takes requests: not any more once it was told to stop, nor while
//! somebody has taken its lock file away.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether requests are taken.
pub(crate) struct Readiness {
    is_accepting: AtomicBool,
    /// `None` where there is no place for it, or none is wanted.
    lock_file: Option<PathBuf>,
}

impl Readiness {
    /// Ready from now on, with a lock file at `$TMPDIR/.lock` if it is wanted and can be.
    pub(crate) fn start(wants_lock_file: bool) -> Self {
        let path = std::env::temp_dir().join(".lock");
        let lock_file = wants_lock_file.then_some(path).filter(|path| {
            let written = std::fs::write(path, b"");
            if let Err(error) = &written {
                tracing::info!(path = %path.display(), %error, "no lock file: health does without");
            }
            written.is_ok()
        });
        Self { is_accepting: AtomicBool::new(true), lock_file }
    }

    pub(crate) fn is_ready(&self) -> bool {
        self.is_accepting.load(Ordering::Relaxed)
            && self.lock_file.as_ref().is_none_or(|path| path.exists())
    }

    /// Unready from now on.
    pub(crate) fn end(&self) {
        self.is_accepting.store(false, Ordering::Relaxed);
        if let Some(path) = &self.lock_file {
            // Somebody may have taken it away already.
            let _ = std::fs::remove_file(path);
        }
    }
}
