//! Layers laid over each other, as OCI says (image-spec, layer.md) and as containerd, Docker and
//! umoci do it, in memory and only as far as it matters.
//!
//! The tree holds symbolic links (they may lie on the way to anything), the files that somebody
//! wants, and the folders that lead to them. Whatever else a layer holds is only looked up: it may
//! replace something that is held. So an image of millions of plain files costs nothing.

mod guess;
mod lore;
mod names;
mod path;
mod rootfs;
mod tree;

pub(crate) use guess::{Guess, plain_path};
pub(crate) use lore::Lore;
pub(crate) use rootfs::{Fault, File, FileId, Rootfs, Seen, Wanted};
