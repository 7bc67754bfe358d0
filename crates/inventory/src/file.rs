//! What is told of files that are no package's evidence.

use serde::{Deserialize, Serialize};

use crate::package::LayerRef;

/// A file of the squashed image whose mode gives power away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct FileFacts {
    /// Its path from the image's root, without a leading `/`.
    pub path: String,
    /// Its permission bits, with set-user-ID (`0o4000`), set-group-ID (`0o2000`) and sticky.
    pub mode: u32,
    /// Its owner.
    pub uid: u64,
    /// Its group.
    pub gid: u64,
    /// The layer that wrote it last.
    pub layer: LayerRef,
}

impl FileFacts {
    /// Whether it runs with its owner's or group's rights instead of the caller's. Set-group-ID
    /// counts only where the group may execute; without that it means mandatory locking (inode(7)).
    pub const fn is_setuid_or_setgid(&self) -> bool {
        self.mode & 0o4000 != 0 || self.mode & 0o2010 == 0o2010
    }

    /// Whether somebody may execute it and everybody may change it.
    pub const fn is_world_writable_executable(&self) -> bool {
        self.mode & 0o002 != 0 && self.mode & 0o111 != 0
    }
}
