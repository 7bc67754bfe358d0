//! An image held in memory: what tests build, and what small archives become.

use std::collections::BTreeMap;
use std::io::{Cursor, Read};
use std::sync::Arc;

use verdict::{Digest, Limits};

use crate::descriptor::{Descriptor, media_type};
use crate::error::ImageError;
use crate::manifest::{ManifestKind, RawManifest};
use crate::store::{Store, Which};

/// Manifests and blobs in memory.
#[derive(Debug, Default, Clone)]
pub struct MemoryStore {
    tags: BTreeMap<String, Digest>,
    manifests: BTreeMap<Digest, RawManifest>,
    blobs: BTreeMap<Digest, Arc<[u8]>>,
}

impl MemoryStore {
    /// Adds a blob and answers its digest.
    pub fn add_blob(&mut self, bytes: impl Into<Arc<[u8]>>) -> Digest {
        let bytes = bytes.into();
        let digest = Digest::of(&bytes);
        self.blobs.insert(digest, bytes);
        digest
    }

    /// Adds a manifest, names it by a tag, and answers its digest.
    pub fn add_manifest(&mut self, tag: &str, manifest: RawManifest) -> Digest {
        let digest = manifest.digest();
        self.manifests.insert(digest, manifest);
        self.tags.insert(tag.to_owned(), digest);
        digest
    }
}

impl Store for MemoryStore {
    fn manifest(&self, which: &Which, _bytes_max: u64) -> Result<Option<RawManifest>, ImageError> {
        let digest = match which {
            Which::Tag(tag) => self.tags.get(tag),
            Which::Digest(digest) => Some(digest),
        };
        Ok(digest.and_then(|digest| self.manifests.get(digest)).cloned())
    }

    fn blob(&self, descriptor: &Descriptor) -> Result<Box<dyn Read + Send>, ImageError> {
        match self.blobs.get(&descriptor.digest) {
            Some(bytes) => Ok(Box::new(Cursor::new(Arc::clone(bytes)))),
            None => Err(ImageError::NotFound(format!("blob {}", descriptor.digest))),
        }
    }

    fn referrers(
        &self,
        subject: &Digest,
        _limits: &Limits,
    ) -> Result<Option<Vec<Descriptor>>, ImageError> {
        let about = self.manifests.iter().filter_map(|(digest, raw)| {
            let ManifestKind::Manifest(manifest) = ManifestKind::parse(raw).ok()? else {
                return None;
            };
            (manifest.subject.as_ref()?.digest == *subject).then(|| Descriptor {
                media_type: media_type::OCI_MANIFEST.to_owned(),
                digest: *digest,
                size: raw.bytes.len() as u64,
                annotations: manifest.annotations,
                platform: None,
                artifact_type: manifest.artifact_type,
            })
        });
        Ok(Some(about.collect()))
    }
}
