//! Layers to packages: squash, package databases, languages; one file each.

mod ecosystem;
mod file;
mod inventory;
mod note;
mod os_release;
mod package;

pub use ecosystem::Ecosystem;
pub use file::FileFacts;
pub use inventory::{Counts, Inventory};
pub use note::Note;
pub use os_release::OsRelease;
pub use package::{LayerRef, Package, Source};
