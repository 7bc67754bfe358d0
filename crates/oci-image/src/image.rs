//! An image: a verified manifest and configuration, and layers that verify themselves as they
//! are read.

use std::sync::Arc;
use std::time::Duration;

use verdict::{Digest, Limits, PinnedImage, Place, Platform, Resolved};

use crate::config::Config;
use crate::descriptor::Descriptor;
use crate::document::CONFIG;
use crate::error::ImageError;
use crate::layer::LayerReader;
use crate::ledger::Ledger;
use crate::manifest::{Index, Manifest, ManifestKind, RawManifest};
use crate::repository::{Repository, find_manifest, read_verified};
use crate::store::{Store, Which};

/// An image of one platform, pinned by digest.
pub struct Image {
    pinned: PinnedImage,
    place: Place,
    platform: Platform,
    manifest: Box<Manifest>,
    config: Config,
    config_json: Vec<u8>,
    layers: Vec<Layer>,
    index: Option<Digest>,
    limits: Limits,
    ledger: Arc<Ledger>,
    store: Arc<dyn Store>,
}

/// One layer of an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layer {
    /// Its index, from 0 at the bottom.
    pub index: u32,
    /// Its blob as it is stored.
    pub descriptor: Descriptor,
    /// The digest of its tar, inflated.
    pub diff_id: Digest,
}

impl Image {
    /// Opens the image that `which` names in a store: resolves it to a digest, picks the platform
    /// out of an index, and reads and verifies manifest and configuration.
    ///
    /// # Errors
    /// When it does not exist, is past a limit, or is not what it promises to be.
    pub fn open(
        store: Arc<dyn Store>,
        repository: &str,
        which: &Which,
        place: Place,
        platform: &Platform,
        limits: &Limits,
    ) -> Result<Self, ImageError> {
        let name = match which {
            Which::Tag(tag) => format!("{repository}:{tag}"),
            Which::Digest(digest) => format!("{repository}@{digest}"),
        };
        let raw = fetch_manifest(&*store, which, &name, limits)?;
        let (raw, manifest, index) = match ManifestKind::parse(&raw)? {
            ManifestKind::Manifest(manifest) => (raw, manifest, None),
            ManifestKind::Index(index) => {
                let child = choose(&index, platform)?;
                let which = Which::Digest(child.digest);
                let child_raw = fetch_manifest(&*store, &which, &name, limits)?;
                same_size(child, &child_raw, &name)?;
                match ManifestKind::parse(&child_raw)? {
                    ManifestKind::Manifest(manifest) => (child_raw, manifest, Some(raw.digest())),
                    ManifestKind::Index(_) => {
                        let text = "index names another index for the platform";
                        return Err(ImageError::Confused(text.to_owned()));
                    }
                }
            }
        };
        let pinned = PinnedImage { repository: repository.to_owned(), digest: raw.digest() };
        let max = (limits.config_bytes_max, "config_bytes_max");
        let time = Duration::from_millis(limits.check_ms_max);
        let config_json =
            read_verified(&*store, &manifest.config, "image configuration", max, time)?;
        let config: Config = CONFIG.parse(&config_json)?;
        let layers = pair_layers(&manifest, &config, limits)?;
        let platform = match (config.os.as_str(), config.architecture.as_str()) {
            ("", _) | (_, "") => platform.clone(),
            (os, architecture) => Platform {
                os: os.to_owned(),
                architecture: architecture.to_owned(),
                variant: config.variant.clone(),
            },
        };
        let (ledger, limits) = (Arc::new(Ledger::new(layers.len(), limits)), *limits);
        Ok(Self {
            pinned,
            place,
            platform,
            manifest,
            config,
            config_json,
            layers,
            index,
            limits,
            ledger,
            store,
        })
    }

    /// The image's name and digest.
    pub fn pinned(&self) -> &PinnedImage {
        &self.pinned
    }

    /// What its name was resolved to.
    pub fn resolved(&self) -> Resolved {
        Resolved { image: self.pinned.clone(), index: self.index, place: self.place }
    }

    /// Gives an image that was saved under another spelling the name that it was asked by.
    pub(crate) fn rename(&mut self, repository: &str) {
        repository.clone_into(&mut self.pinned.repository);
    }

    /// Where it lies.
    pub fn place(&self) -> Place {
        self.place
    }

    /// The platform that its configuration names.
    pub fn platform(&self) -> &Platform {
        &self.platform
    }

    /// Its manifest.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Its configuration.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Its configuration as it is stored.
    pub fn config_json(&self) -> &[u8] {
        &self.config_json
    }

    /// The digest of its configuration: what Docker calls the image id.
    pub fn config_digest(&self) -> Digest {
        self.manifest.config.digest
    }

    /// Its layers, lowest first.
    pub fn layers(&self) -> &[Layer] {
        &self.layers
    }

    /// The digest of the index that it was picked from, if it was.
    pub fn index(&self) -> Option<Digest> {
        self.index
    }

    /// The limits that it is read under.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Opens a layer: its tar, inflated, hashed against both of its digests and counted against
    /// the limits as it is read. Read it to its end with [`LayerReader::finish`]: only then is it
    /// known to be whole. All layers together are read within the limit `check_ms_max`, counted
    /// from the first that is opened.
    ///
    /// # Errors
    /// When it is no tar layer, is past a limit, or the store does not have it.
    pub fn layer(&self, layer: &Layer) -> Result<LayerReader, ImageError> {
        LayerReader::open(&*self.store, layer, &self.limits, Arc::clone(&self.ledger))
    }

    /// The same, inflated in a thread of its own while it is read: for whoever has a core to spare.
    ///
    /// # Errors
    /// As [`layer`](Self::layer).
    pub fn layer_ahead(&self, layer: &Layer) -> Result<LayerReader, ImageError> {
        self.layer(layer).map(LayerReader::ahead)
    }

    /// Counts a layer that was read before, under these limits, and need not be read again.
    ///
    /// # Errors
    /// When all layers together are past a limit.
    pub fn count_layer(&self, layer: &Layer, inflated_bytes: u64) -> Result<(), ImageError> {
        self.ledger.count(layer.index, inflated_bytes)
    }

    /// The repository that it lies in, for what is attached to it.
    pub fn repository(&self) -> Repository {
        Repository::new(Arc::clone(&self.store), &self.pinned.repository, &self.limits)
    }
}

impl std::fmt::Debug for Image {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Image({})", self.pinned)
    }
}

fn fetch_manifest(
    store: &dyn Store,
    which: &Which,
    name: &str,
    limits: &Limits,
) -> Result<RawManifest, ImageError> {
    find_manifest(store, which, name, limits)?.ok_or_else(|| ImageError::NotFound(name.to_owned()))
}

fn same_size(child: &Descriptor, raw: &RawManifest, name: &str) -> Result<(), ImageError> {
    let (expected, found) = (child.size, raw.bytes.len() as u64);
    if found == expected {
        return Ok(());
    }
    Err(ImageError::WrongSize { what: format!("manifest of {name}"), expected, found })
}

fn choose<'i>(index: &'i Index, wanted: &Platform) -> Result<&'i Descriptor, ImageError> {
    let candidates = || index.manifests.iter().filter(|it| !is_attestation(it));
    let matches = |it: &&Descriptor| match &it.platform {
        Some(has) => {
            has.os == wanted.os
                && has.architecture == wanted.architecture
                && (wanted.variant.is_none() || has.variant == wanted.variant)
        }
        None => false,
    };
    let only = || {
        let mut all = candidates();
        all.next().filter(|it| it.platform.is_none() && all.next().is_none())
    };
    candidates().find(matches).or_else(only).ok_or_else(|| ImageError::NoPlatform {
        wanted: wanted.to_string(),
        found: candidates()
            .filter_map(|it| it.platform.as_ref())
            .map(|it| format!("{}/{}", it.os, it.architecture))
            .collect::<Vec<_>>()
            .join(", "),
    })
}

// BuildKit lists attestations in the index beside the images, under the platform unknown/unknown.
fn is_attestation(descriptor: &Descriptor) -> bool {
    descriptor.annotations.contains_key("vnd.docker.reference.type")
        || descriptor.platform.as_ref().is_some_and(|it| it.os == "unknown")
}

fn pair_layers(
    manifest: &Manifest,
    config: &Config,
    limits: &Limits,
) -> Result<Vec<Layer>, ImageError> {
    let (layers, diff_ids) = (&manifest.layers, &config.rootfs.diff_ids);
    if layers.len() > limits.layers_max as usize {
        let what = format!("an image of {} layers", layers.len());
        return Err(ImageError::Limit { what, limit: "layers_max", max: limits.layers_max.into() });
    }
    if layers.len() != diff_ids.len() {
        let (layers, diff_ids) = (layers.len(), diff_ids.len());
        let text =
            format!("manifest has {layers} layers and the configuration {diff_ids} diff_ids");
        return Err(ImageError::Confused(text));
    }
    let pair = |(index, (descriptor, diff_id)): (u32, (&Descriptor, &Digest))| Layer {
        index,
        descriptor: descriptor.clone(),
        diff_id: *diff_id,
    };
    Ok((0..).zip(layers.iter().zip(diff_ids)).map(pair).collect())
}
