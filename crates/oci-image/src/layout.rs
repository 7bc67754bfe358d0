//! OCI layouts (image-spec, image-layout.md), as a folder or in a tar.

use std::io::Read;

use verdict::{Digest, Limits};

use crate::descriptor::{Descriptor, media_type};
use crate::error::ImageError;
use crate::files::Files;
use crate::manifest::{Index, ManifestKind, RawManifest};
use crate::store::{Store, Which};

/// The annotation that names a manifest of a layout.
const REF_NAME: &str = "org.opencontainers.image.ref.name";
/// The same as containerd and `docker save` write it, with the repository.
const FULL_NAME: &str = "io.containerd.image.name";

/// How many manifests are looked at for the one that is wanted.
const MANIFESTS_MAX: usize = 64;
/// How many manifests are looked at for those that are about another.
const REFERRERS_MAX: usize = 256;

/// An OCI layout.
#[derive(Debug)]
pub(crate) struct Layout {
    files: Files,
    index: Index,
    raw: RawManifest,
}

impl Layout {
    /// Reads the layout's index, of at most `bytes_max` bytes.
    pub(crate) fn open(files: Files, bytes_max: u64) -> Result<Self, ImageError> {
        let missing = || ImageError::NotFound(format!("index.json of {}", files.name()));
        let bytes =
            files.read("index.json", (bytes_max, "manifest_bytes_max"))?.ok_or_else(missing)?;
        let raw = RawManifest { media_type: None, bytes };
        match ManifestKind::parse(&raw)? {
            ManifestKind::Index(index) => Ok(Self { files, index, raw }),
            ManifestKind::Manifest(_) => {
                Err(ImageError::Confused("index.json is no image index".to_owned()))
            }
        }
    }

    /// Which manifest `tag` means; without one the only image of the layout, or, if its manifests
    /// differ by platform alone, all of them as one index.
    pub(crate) fn choose(&self, tag: Option<&str>) -> Result<Which, ImageError> {
        if let Some(tag) = tag {
            let named = self.index.manifests.iter().find(|it| is_named(it, tag));
            return named.map(|it| Which::Digest(it.digest)).ok_or_else(|| self.no_such(tag));
        }
        let images: Vec<&Descriptor> =
            self.index.manifests.iter().filter(|it| !is_artifact(it)).collect();
        match images.as_slice() {
            [] => Err(ImageError::NotFound(format!("an image in {}", self.files.name()))),
            [only] => Ok(Which::Digest(only.digest)),
            [first, rest @ ..] if rest.iter().all(|it| it.digest == first.digest) => {
                Ok(Which::Digest(first.digest))
            }
            many if many.iter().all(|it| it.platform.is_some()) => {
                Ok(Which::Digest(self.raw.digest()))
            }
            many => {
                let tags: Vec<&str> = many.iter().filter_map(|it| name_of(it)).collect();
                let why = format!("it holds several images, add one of :{}", tags.join(", :"));
                Err(ImageError::Name { text: self.files.name(), why })
            }
        }
    }

    /// The manifest of the image with this configuration, among the first few.
    pub(crate) fn with_config(
        &self,
        config: &Digest,
        bytes_max: u64,
    ) -> Result<Option<Which>, ImageError> {
        let mut waiting: Vec<Digest> = self.index.manifests.iter().map(|it| it.digest).collect();
        waiting.reverse();
        for _ in 0..MANIFESTS_MAX {
            let Some(digest) = waiting.pop() else { break };
            let which = Which::Digest(digest);
            // Of an index that was saved for one platform, only that one's manifest is here.
            let Some(raw) = self.manifest(&which, bytes_max)? else { continue };
            match ManifestKind::parse(&raw)? {
                ManifestKind::Manifest(it) if it.config.digest == *config => {
                    return Ok(Some(which));
                }
                ManifestKind::Manifest(_) => {}
                ManifestKind::Index(it) => waiting.extend(it.manifests.iter().map(|it| it.digest)),
            }
        }
        Ok(None)
    }

    fn no_such(&self, tag: &str) -> ImageError {
        let tags: Vec<&str> = self.index.manifests.iter().filter_map(name_of).collect();
        let has = if tags.is_empty() { "no tags".to_owned() } else { tags.join(", ") };
        ImageError::NotFound(format!("tag {tag:?} in {} (it has {has})", self.files.name()))
    }
}

impl Store for Layout {
    fn manifest(&self, which: &Which, bytes_max: u64) -> Result<Option<RawManifest>, ImageError> {
        let digest = match which {
            Which::Digest(digest) if *digest == self.raw.digest() => {
                return Ok(Some(self.raw.clone()));
            }
            Which::Digest(digest) => *digest,
            Which::Tag(tag) => match self.index.manifests.iter().find(|it| is_named(it, tag)) {
                Some(descriptor) => descriptor.digest,
                None => return Ok(None),
            },
        };
        let read = self.files.read(&blob_path(&digest), (bytes_max, "manifest_bytes_max"))?;
        match read {
            // A tag's manifest must be the one that the index names: Image only knows the tag.
            Some(bytes) if Digest::of(&bytes) != digest => Err(ImageError::WrongDigest {
                what: format!("manifest in {}", self.files.name()),
                expected: digest,
                found: Digest::of(&bytes),
            }),
            Some(bytes) => Ok(Some(RawManifest { media_type: None, bytes })),
            None => Ok(None),
        }
    }

    fn blob(&self, descriptor: &Descriptor) -> Result<Box<dyn Read + Send>, ImageError> {
        let missing =
            || ImageError::NotFound(format!("blob {} in {}", descriptor.digest, self.files.name()));
        let (_, file) = self.files.open(&blob_path(&descriptor.digest))?.ok_or_else(missing)?;
        Ok(file.0)
    }

    /// A layout keeps no list: its first manifests are looked at for those that name the subject.
    fn referrers(
        &self,
        subject: &Digest,
        limits: &Limits,
    ) -> Result<Option<Vec<Descriptor>>, ImageError> {
        let mut about = Vec::new();
        let others = self.index.manifests.iter().filter(|it| it.digest != *subject);
        for descriptor in others.take(REFERRERS_MAX) {
            let which = Which::Digest(descriptor.digest);
            let Some(raw) = self.manifest(&which, limits.manifest_bytes_max)? else { continue };
            // What is no manifest is about nothing, and must not hide what is.
            let Ok(ManifestKind::Manifest(manifest)) = ManifestKind::parse(&raw) else { continue };
            let names = manifest.subject.is_some_and(|it| it.digest == *subject);
            if names || is_saved_by_cosign(descriptor) {
                about.push(descriptor.clone());
            }
        }
        Ok(Some(about))
    }
}

fn blob_path(digest: &Digest) -> String {
    format!("blobs/sha256/{}", digest.hex())
}

fn name_of(descriptor: &Descriptor) -> Option<&str> {
    descriptor.annotations.get(REF_NAME).map(String::as_str)
}

/// skopeo writes a tag, `docker save` a whole name beside it; either may be asked for.
fn is_named(descriptor: &Descriptor, tag: &str) -> bool {
    let is = |key: &str| descriptor.annotations.get(key).is_some_and(|name| name == tag);
    is(REF_NAME) || is(FULL_NAME)
}

/// `cosign save` writes what is attached to its one image without a name or a subject.
fn is_saved_by_cosign(descriptor: &Descriptor) -> bool {
    let kind = descriptor.annotations.get("kind").map(String::as_str).unwrap_or_default();
    matches!(kind, "dev.cosignproject.cosign/sigs" | "dev.cosignproject.cosign/atts")
}

/// Signatures and attestations lie in the layout beside the image that they are about.
fn is_artifact(descriptor: &Descriptor) -> bool {
    let artifact_tag = |name: &str| {
        name.starts_with("sha256-") && [".sig", ".att", ".sbom"].iter().any(|it| name.ends_with(it))
    };
    // go-containerregistry writes an image's configuration type there.
    let image = |it: &str| [media_type::OCI_CONFIG, media_type::DOCKER_CONFIG].contains(&it);
    name_of(descriptor).is_some_and(artifact_tag)
        || descriptor.artifact_type.as_deref().is_some_and(|it| !image(it))
        || is_saved_by_cosign(descriptor)
        || descriptor.annotations.contains_key("vnd.docker.reference.type")
}
