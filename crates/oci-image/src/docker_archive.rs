//! What `docker save` writes, without the layout that newer Dockers put beside it (that one goes
//! first, see `open.rs`): `manifest.json` names a configuration and layer tars. There is no
//! manifest, so one is made of them, always the same for the same bytes; the image's digest is
//! that manifest's.

use std::collections::BTreeMap;
use std::io::Read;
use std::time::{Duration, Instant};

use serde::Deserialize;
use verdict::{Digest, Limits};

use crate::config::Config;
use crate::descriptor::{Descriptor, media_type};
use crate::document::{CONFIG, SAVED};
use crate::error::ImageError;
use crate::files::Files;
use crate::manifest::{Manifest, RawManifest};
use crate::reference::Reference;
use crate::store::{Store, Which};

/// A Docker archive.
#[derive(Debug)]
pub(crate) struct DockerArchive {
    files: Files,
    manifest: RawManifest,
    paths: BTreeMap<Digest, String>,
    config: Digest,
    repository: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Saved {
    config: String,
    #[serde(default)]
    repo_tags: Option<Vec<String>>,
    layers: Vec<String>,
}

impl DockerArchive {
    /// Reads the archive's list and finds the image `name`; without one the only image of it.
    pub(crate) fn open(
        files: Files,
        name: Option<&str>,
        limits: &Limits,
    ) -> Result<Self, ImageError> {
        let missing = || ImageError::NotFound(format!("manifest.json of {}", files.name()));
        let json = files
            .read("manifest.json", (limits.manifest_bytes_max, "manifest_bytes_max"))?
            .ok_or_else(missing)?;
        let saved: Vec<Saved> = SAVED.parse(&json)?;
        let saved = choose(saved, name, &files)?;
        let no_config = || ImageError::NotFound(format!("{} of {}", saved.config, files.name()));
        let config_json = files
            .read(&saved.config, (limits.config_bytes_max, "config_bytes_max"))?
            .ok_or_else(no_config)?;
        let config: Config = CONFIG.parse(&config_json)?;
        let mut paths = BTreeMap::new();
        let config_digest = Digest::of(&config_json);
        paths.insert(config_digest, saved.config.clone());
        let (count, diff_ids) = (saved.layers.len(), config.rootfs.diff_ids.len());
        if count != diff_ids {
            let text = format!("archive has {count} layers and its image {diff_ids} diff_ids");
            return Err(ImageError::Confused(text));
        }
        let max = limits.layers_max;
        if count > max as usize {
            let (what, limit) = (format!("an image of {count} layers"), "layers_max");
            return Err(ImageError::Limit { what, limit, max: max.into() });
        }
        let mut layers = Vec::with_capacity(count);
        let begun = Instant::now();
        for (path, diff_id) in saved.layers.iter().zip(&config.rootfs.diff_ids) {
            let layer = describe(&files, path, diff_id, limits, begun)?;
            paths.insert(layer.digest, path.clone());
            layers.push(layer);
        }
        let size = config_json.len() as u64;
        let manifest = manifest(plain(media_type::DOCKER_CONFIG, config_digest, size), layers)?;
        let repository = first_name(saved.repo_tags.as_deref());
        Ok(Self { files, manifest, paths, config: config_digest, repository })
    }

    /// The digest of the image's configuration.
    pub(crate) fn config(&self) -> Digest {
        self.config
    }

    /// The digest of the manifest that was made.
    pub(crate) fn which(&self) -> Which {
        Which::Digest(self.manifest.digest())
    }

    /// The repository that the archive names.
    pub(crate) fn repository(&self) -> Option<&str> {
        self.repository.as_deref()
    }
}

impl Store for DockerArchive {
    fn manifest(&self, which: &Which, _bytes_max: u64) -> Result<Option<RawManifest>, ImageError> {
        let is_it = *which == self.which();
        Ok(is_it.then(|| self.manifest.clone()))
    }

    fn blob(&self, descriptor: &Descriptor) -> Result<Box<dyn Read + Send>, ImageError> {
        let missing =
            || ImageError::NotFound(format!("blob {} in {}", descriptor.digest, self.files.name()));
        let path = self.paths.get(&descriptor.digest).ok_or_else(missing)?;
        let (_, file) = self.files.open(path)?.ok_or_else(missing)?;
        Ok(file.0)
    }
}

fn choose(saved: Vec<Saved>, name: Option<&str>, files: &Files) -> Result<Saved, ImageError> {
    let names: Vec<String> =
        saved.iter().flat_map(|it| it.repo_tags.iter().flatten()).cloned().collect();
    let count = saved.len();
    let chosen = match name {
        None if count == 1 => saved.into_iter().next(),
        None => None,
        Some(name) => saved
            .into_iter()
            .find(|it| it.repo_tags.iter().flatten().any(|tag| tag == name || is_same(tag, name))),
    };
    let names = names.join(", ");
    chosen.ok_or_else(|| match name {
        Some(name) => {
            ImageError::NotFound(format!("{name:?} in {} (it has {names})", files.name()))
        }
        None => {
            let why = format!("it holds {count} images, add one of: {names}");
            ImageError::Name { text: files.name(), why }
        }
    })
}

fn is_same(one: &str, other: &str) -> bool {
    match (one.parse::<Reference>(), other.parse::<Reference>()) {
        (Ok(one), Ok(other)) => one.name() == other.name() && one.which() == other.which(),
        _ => false,
    }
}

fn first_name(tags: Option<&[String]>) -> Option<String> {
    tags?.first()?.parse::<Reference>().ok().map(|it| it.name())
}

/// A layer that is stored as a plain tar has its diff_id for a digest; a compressed one is hashed.
fn describe(
    files: &Files,
    path: &str,
    diff_id: &Digest,
    limits: &Limits,
    begun: Instant,
) -> Result<Descriptor, ImageError> {
    let missing = || ImageError::NotFound(format!("layer {path} of {}", files.name()));
    let (size, mut file) = files.open(path)?.ok_or_else(missing)?;
    let over = |limit, max| ImageError::Limit { what: format!("layer {path}"), limit, max };
    if size > limits.layer_bytes_max {
        return Err(over("layer_bytes_max", limits.layer_bytes_max));
    }
    let wrong = |error| ImageError::from_io(error, format!("layer {path} of {}", files.name()));
    let mut magic = Vec::new();
    file.by_ref().take(4).read_to_end(&mut magic).map_err(wrong)?;
    let kind = match magic.as_slice() {
        [0x1f, 0x8b, ..] => "application/vnd.docker.image.rootfs.diff.tar.gzip",
        [0x28, 0xb5, 0x2f, 0xfd] => "application/vnd.oci.image.layer.v1.tar+zstd",
        _ => return Ok(plain("application/vnd.docker.image.rootfs.diff.tar", *diff_id, size)),
    };
    let mut sha256 = verdict::Sha256::default();
    sha256.update(&magic);
    let mut buffer = vec![0; 64 << 10];
    loop {
        // Layers are named by the archive, the same one as often as it likes.
        if begun.elapsed() > Duration::from_millis(limits.check_ms_max) {
            return Err(over("check_ms_max", limits.check_ms_max));
        }
        match file.read(&mut buffer).map_err(wrong)? {
            0 => break,
            read => sha256.update(&buffer[..read]),
        }
    }
    Ok(plain(kind, sha256.finish(), size))
}

fn plain(media_type: &str, digest: Digest, size: u64) -> Descriptor {
    let (media_type, annotations) = (media_type.to_owned(), BTreeMap::new());
    Descriptor { media_type, digest, size, annotations, platform: None, artifact_type: None }
}

fn manifest(config: Descriptor, layers: Vec<Descriptor>) -> Result<RawManifest, ImageError> {
    let media_type = Some(media_type::DOCKER_MANIFEST.to_owned());
    let manifest = Manifest {
        schema_version: 2,
        media_type: media_type.clone(),
        artifact_type: None,
        config,
        layers,
        subject: None,
        annotations: BTreeMap::new(),
    };
    let bytes = serde_json::to_vec(&manifest)
        .map_err(|source| ImageError::Json { what: "manifest of the archive", source })?;
    Ok(RawManifest { media_type, bytes })
}
