//! A Notation signature names the manifest that it is of by digest, size and media type. The last
//! two are the manifest's, as it lies in the repository; it is read only if such a signature is there.

use std::collections::BTreeMap;
use std::sync::Arc;

use oci_image::{ImageError, ManifestKind, RawManifest, Repository, Which, media_type};
use verdict::Digest;

use super::{Attached, AttachmentError, Material};
use crate::notation::Described;

impl Attached {
    /// Reads what the manifests are that Notation signatures are about.
    pub fn describe_subjects(&mut self, repository: &Repository) {
        let mut read: BTreeMap<Digest, Result<Described, Arc<ImageError>>> = BTreeMap::new();
        for attachment in &mut self.attachments {
            let Ok(Material::Notation(enveloped)) = &mut attachment.content else { continue };
            let subject = attachment.origin.subject;
            let described = read
                .entry(subject)
                .or_insert_with(|| describe(repository, &subject).map_err(Arc::new));
            match described {
                Ok(described) => enveloped.described = Some(described.clone()),
                Err(error) => {
                    attachment.content = Err(AttachmentError::Subject(Arc::clone(error)));
                }
            }
        }
    }
}

fn describe(repository: &Repository, subject: &Digest) -> Result<Described, ImageError> {
    let missing = || ImageError::NotFound(format!("manifest {subject} in {}", repository.name()));
    let raw = repository.manifest(&Which::Digest(*subject))?.ok_or_else(missing)?;
    let RawManifest { media_type: claimed, bytes } = &raw;
    // What the document says of itself agrees with what the store claims, or it is not parsed.
    let (own, kind) = match ManifestKind::parse(&raw)? {
        ManifestKind::Manifest(it) => (it.media_type, media_type::OCI_MANIFEST),
        ManifestKind::Index(it) => (it.media_type, media_type::OCI_INDEX),
    };
    let media_type = own.or_else(|| claimed.clone()).unwrap_or_else(|| kind.to_owned());
    Ok(Described { media_type, size: bytes.len() as u64 })
}
