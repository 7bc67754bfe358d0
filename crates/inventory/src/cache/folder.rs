//! A folder that nobody but its user can write to.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::Path;

use super::CacheError;

/// Group and others may write.
const OTHERS_WRITE: u32 = 0o022;

/// Makes a folder of the user's own; refuses one that is there and is not.
pub(super) fn make_own(folder: &Path) -> Result<(), CacheError> {
    let failed = |error| CacheError::Folder(folder.to_owned(), error);
    DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(failed)?;
    // The folder itself, not what a link leads to.
    let metadata = fs::symlink_metadata(folder).map_err(failed)?;
    if !metadata.is_dir() {
        return Err(failed(io::ErrorKind::NotADirectory.into()));
    }
    let user = rustix::process::geteuid().as_raw();
    if metadata.uid() != user || metadata.mode() & OTHERS_WRITE != 0 {
        return Err(CacheError::NotOwn(folder.to_owned()));
    }
    Ok(())
}
