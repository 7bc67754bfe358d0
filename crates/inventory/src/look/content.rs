//! What readers find in the files of a layer that streams by.

use std::io::{self, BufRead, Read};

use oci_image::{ImageError, Layer};

use super::shown;
use crate::catalog::{Findings, Role, Roles};
use crate::tar_walk::{Entry, TarError, Walk};

/// What each reader finds in the file that the walk stands at. `file_bytes_max` is not for those
/// who hold little of a file.
pub(crate) fn read<R: BufRead>(
    asked: Roles,
    looking: Roles,
    path: &[u8],
    entry: &Entry,
    walk: &mut Walk<R>,
    file_bytes_max: u64,
) -> Result<Vec<(Role, Findings)>, ImageError> {
    let is_within = |role: &Role| entry.size <= file_bytes_max || role.streams();
    let (readers, refused): (Vec<Role>, Vec<Role>) = asked.iter().partition(is_within);
    let mut content = Watched { content: walk.content(entry), failed: None };
    let mut findings = Roles::read(readers.into_iter().collect(), looking, path, &mut content);
    // A stream that fails is the image's fault and no note: its bytes are not the promised.
    if let Some(error) = content.failed {
        return Err(ImageError::from_io(error, shown(path)));
    }
    let past = |role| (role, Findings::past_limit("file_bytes_max", file_bytes_max));
    findings.extend(refused.into_iter().map(past));
    Ok(findings)
}

/// Why a layer's tar cannot be walked on.
pub(crate) fn torn(error: TarError, layer: &Layer) -> ImageError {
    let what = format!("layer {}", layer.index);
    match error {
        TarError::Read(source) => ImageError::from_io(source, what),
        TarError::Limit { what: part, limit, max } => {
            ImageError::Limit { what: format!("{part} of {what}"), limit, max }
        }
        malformed @ TarError::Malformed { .. } => {
            ImageError::Confused(format!("{what}: {malformed}"))
        }
    }
}

/// The error of a layer, or of all up to it, that holds more entries than may be.
pub(crate) fn too_many_entries(layer: &Layer, entries_max: u64) -> ImageError {
    let what = format!("layer {}", layer.index);
    ImageError::Limit { what, limit: "entries_max", max: entries_max }
}

/// Content that remembers that its stream failed, whatever a cataloger makes of it.
struct Watched<C> {
    content: C,
    failed: Option<io::Error>,
}

impl<C: Read> Read for Watched<C> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.content.read(buffer) {
            Err(error) if error.kind() != io::ErrorKind::Interrupted => {
                let text = error.to_string();
                self.failed = Some(error);
                Err(io::Error::other(text))
            }
            other => other,
        }
    }
}
