//! Layers to packages: squash, package databases, languages; one file each.

mod base;
mod cache;
mod catalog;
mod claimed;
mod ecosystem;
mod file;
mod inventories;
mod inventory;
mod journal;
mod look;
mod merge;
mod note;
mod os_release;
mod ownership;
mod package;
mod purl;
mod python_name;
#[cfg(feature = "schema")]
pub mod schema;
mod squash;
mod take;
pub mod tar_walk;

pub use base::{Base, BaseFault, NamedBy, Origin};
pub use cache::{CacheError, LayerCache, Stored};
pub use catalog::read_file;
pub use claimed::{BillFile, BillPlace, ClaimedBill, Comparison, OtherVersions};
pub use ecosystem::Ecosystem;
pub use file::FileFacts;
pub use inventories::Inventories;
pub use inventory::{Counts, Inventory};
pub use journal::read_journal;
pub use note::Note;
pub use os_release::OsRelease;
pub use package::{LayerRef, Package, Source};
pub use python_name::python_name;
pub use take::{take, take_with};
