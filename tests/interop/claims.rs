//! Several claims about one deployment: each is tried even when one before it failed, and the test
//! fails with all that did not hold.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// Claims tried so far. Call [`Claims::judge`] at the end.
#[derive(Default)]
pub(crate) struct Claims {
    held: usize,
    failed: Vec<&'static str>,
}

impl Claims {
    /// Tries one claim; its assertions may panic.
    pub(crate) fn claim(&mut self, claim: &'static str, tried: impl FnOnce()) {
        match catch_unwind(AssertUnwindSafe(tried)) {
            Ok(()) => {
                eprintln!("held    {claim}");
                self.held += 1;
            }
            Err(_) => {
                eprintln!("FAILED  {claim}");
                self.failed.push(claim);
            }
        }
    }

    /// Fails with the claims that did not hold, or when none was made.
    pub(crate) fn judge(self) {
        assert!(self.failed.is_empty(), "{} held, these did not: {:#?}", self.held, self.failed);
        assert!(self.held > 0, "nothing was claimed");
    }
}
