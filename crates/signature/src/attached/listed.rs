//! Signing is by digest: `cosign sign` signs a multi-platform image's index alone. What is attached
//! to an index speaks for a platform's manifest only if that very index lists it.

use std::sync::Arc;

use oci_image::{ImageError, ManifestKind, Repository, Which};
use verdict::Digest;

use super::{Attached, AttachmentError};

impl Attached {
    /// Takes what is attached to `index` for `child` only if the index lists it. The index is read
    /// only if something is attached to it.
    pub fn hold_to_index(&mut self, index: &Digest, child: &Digest, repository: &Repository) {
        let mut attachments: Vec<_> =
            self.attachments.iter_mut().filter(|it| it.origin.subject == *index).collect();
        if attachments.is_empty() {
            return;
        }
        let listed = lists(repository, index, child).map_err(Arc::new);
        for attachment in &mut attachments {
            match &listed {
                Ok(true) => {}
                Ok(false) => attachment.content = Err(AttachmentError::NotListed),
                Err(error) => {
                    attachment.content = Err(AttachmentError::Index(Arc::clone(error)));
                }
            }
        }
    }
}

fn lists(repository: &Repository, index: &Digest, child: &Digest) -> Result<bool, ImageError> {
    let missing = || ImageError::NotFound(format!("index {index} in {}", repository.name()));
    let raw = repository.manifest(&Which::Digest(*index))?.ok_or_else(missing)?;
    Ok(match ManifestKind::parse(&raw)? {
        ManifestKind::Index(index) => index.manifests.iter().any(|it| it.digest == *child),
        ManifestKind::Manifest(_) => false,
    })
}
