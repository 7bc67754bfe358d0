//! The faults that this check finds: one file a rule, listed here.

mod base_not_pinned;
mod non_numeric_user;
mod runs_as_root;
mod secret_in_env;
mod setuid_file;
mod untrusted_source;
mod used_image_not_pinned;
pub(crate) mod user_rules;
mod world_writable_executable;

use inventory::FileFacts;
use verdict::{Finding, Rule};

use crate::scene::Scene;

/// All of them.
pub const RULES: &[Rule] = &[
    runs_as_root::RULE,
    non_numeric_user::RULE,
    base_not_pinned::RULE,
    secret_in_env::RULE,
    setuid_file::RULE,
    world_writable_executable::RULE,
    untrusted_source::RULE,
    used_image_not_pinned::RULE,
    user_rules::DENIED,
    user_rules::WARNED,
    user_rules::FAILED,
];

/// Rules over the image's name and configuration.
pub(crate) const CONFIGURATION: &[fn(&Scene<'_>) -> Vec<Finding>] = &[
    untrusted_source::judge,
    used_image_not_pinned::judge,
    runs_as_root::judge,
    non_numeric_user::judge,
    base_not_pinned::judge,
    secret_in_env::judge,
];

/// Rules over its files.
type FileJudge = fn(&Scene<'_>, &[FileFacts]) -> Vec<Finding>;

pub(crate) const FILES: &[FileJudge] = &[setuid_file::judge, world_writable_executable::judge];

/// A name that comes from the image, fit for one line of a report.
fn short(name: &str) -> String {
    const CHARS_MAX: usize = 200;
    let mut shown: String =
        name.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).take(CHARS_MAX).collect();
    if name.chars().nth(CHARS_MAX).is_some() {
        shown.push('…');
    }
    shown
}
