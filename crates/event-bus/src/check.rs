//! A check, as the bus sees it.

use verdict::{CheckName, Report, Request};

/// One question about a subject, and how it is answered. The same subject, policy and advisory
/// revision give the same report. A check blocks; the bus gives it a thread and a deadline.
pub trait Check: Send + Sync {
    /// The check's name, which is its function's.
    fn name(&self) -> CheckName;

    /// Answers. Whatever goes wrong is a finding: there is no way to answer nothing.
    fn check(&self, request: &Request) -> Report;
}
