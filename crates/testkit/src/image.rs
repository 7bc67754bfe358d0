//! Images built in code: layers entry by entry, then written as OCI layout, OCI archive, Docker
//! archive, or handed over as parts for a store in memory.

mod layer;

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

pub use self::layer::{LayerBuilder, Packing, pack};

/// Which family of media types the image is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flavour {
    /// OCI image-spec.
    Oci,
    /// Docker schema 2.
    Docker,
}

/// An image as it is put together.
pub struct ImageBuilder {
    layers: Vec<StoredLayer>,
    config: Value,
    annotations: BTreeMap<String, String>,
    flavour: Flavour,
}

struct StoredLayer {
    bytes: Vec<u8>,
    diff_id: String,
    packing: Packing,
}

/// A finished image: its documents and blobs.
#[derive(Debug, Clone)]
pub struct BuiltImage {
    /// The manifest.
    pub manifest: Vec<u8>,
    /// The manifest's media type.
    pub media_type: String,
    /// The configuration and layers, by digest.
    pub blobs: BTreeMap<String, Vec<u8>>,
    /// The digests of the stored layers, lowest first.
    pub layers: Vec<String>,
    /// The digest of the configuration.
    pub config: String,
}

/// `sha256:<hex>` of these bytes.
pub fn digest(bytes: &[u8]) -> String {
    format!("sha256:{}", hex::encode(Sha256::digest(bytes)))
}

impl Default for ImageBuilder {
    fn default() -> Self {
        Self::new()
    }
}

impl ImageBuilder {
    /// An image for linux/amd64 without layers, run as user 10001.
    pub fn new() -> Self {
        let config = json!({
            "architecture": "amd64", "os": "linux",
            "config": {"User": "10001", "Env": ["PATH=/usr/bin:/bin"], "Entrypoint": ["/main"]},
            "rootfs": {"type": "layers", "diff_ids": []},
            "history": [],
        });
        Self { layers: Vec::new(), config, annotations: BTreeMap::new(), flavour: Flavour::Oci }
    }

    /// Written in these media types.
    #[must_use]
    pub fn flavour(mut self, flavour: Flavour) -> Self {
        self.flavour = flavour;
        self
    }

    /// One more layer on top.
    #[must_use]
    pub fn layer(self, layer: LayerBuilder) -> Self {
        let packing = layer.packing;
        self.layer_tar(&layer.tar(), packing)
    }

    /// One more layer on top, from its tar.
    #[must_use]
    pub fn layer_tar(self, tar: &[u8], packing: Packing) -> Self {
        self.layer_bytes(pack(tar, packing), digest(tar), packing)
    }

    /// One more layer on top, whose stored bytes and diff_id are the caller's lies.
    #[must_use]
    pub fn layer_bytes(mut self, bytes: Vec<u8>, diff_id: String, packing: Packing) -> Self {
        self.layers.push(StoredLayer { bytes, diff_id, packing });
        self
    }

    /// Changes the configuration's top level (`architecture`, `history`, …).
    #[must_use]
    pub fn config(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.config[key] = value.into();
        self
    }

    /// Changes what the image runs (`User`, `Env`, `Labels`, …).
    #[must_use]
    pub fn run(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.config["config"][key] = value.into();
        self
    }

    /// Notes something in the manifest.
    #[must_use]
    pub fn annotation(mut self, key: &str, value: &str) -> Self {
        self.annotations.insert(key.to_owned(), value.to_owned());
        self
    }

    /// The finished image.
    pub fn build(self) -> BuiltImage {
        let mut config = self.config;
        config["rootfs"]["diff_ids"] = self.layers.iter().map(|it| it.diff_id.clone()).collect();
        let config = serde_json::to_vec(&config).unwrap();
        let types = MediaTypes::of(self.flavour);
        let describe = |media_type: &str, bytes: &[u8]| json!({"mediaType": media_type, "size": bytes.len(), "digest": digest(bytes)});
        let layers: Vec<Value> =
            self.layers.iter().map(|it| describe(types.layer(it.packing), &it.bytes)).collect();
        let mut manifest = json!({
            "schemaVersion": 2,
            "mediaType": types.manifest,
            "config": describe(types.config, &config),
            "layers": layers,
        });
        if !self.annotations.is_empty() {
            manifest["annotations"] = json!(self.annotations);
        }
        let digests = self.layers.iter().map(|it| digest(&it.bytes)).collect();
        let config_digest = digest(&config);
        let mut blobs = BTreeMap::from([(config_digest.clone(), config)]);
        blobs.extend(self.layers.into_iter().map(|it| (digest(&it.bytes), it.bytes)));
        BuiltImage {
            manifest: serde_json::to_vec(&manifest).unwrap(),
            media_type: types.manifest.to_owned(),
            blobs,
            layers: digests,
            config: config_digest,
        }
    }
}

struct MediaTypes {
    manifest: &'static str,
    config: &'static str,
    layers: [&'static str; 3],
}

impl MediaTypes {
    fn of(flavour: Flavour) -> Self {
        match flavour {
            Flavour::Oci => Self {
                manifest: "application/vnd.oci.image.manifest.v1+json",
                config: "application/vnd.oci.image.config.v1+json",
                layers: [
                    "application/vnd.oci.image.layer.v1.tar",
                    "application/vnd.oci.image.layer.v1.tar+gzip",
                    "application/vnd.oci.image.layer.v1.tar+zstd",
                ],
            },
            Flavour::Docker => Self {
                manifest: "application/vnd.docker.distribution.manifest.v2+json",
                config: "application/vnd.docker.container.image.v1+json",
                layers: [
                    "application/vnd.docker.image.rootfs.diff.tar",
                    "application/vnd.docker.image.rootfs.diff.tar.gzip",
                    "application/vnd.oci.image.layer.v1.tar+zstd",
                ],
            },
        }
    }

    fn layer(&self, packing: Packing) -> &'static str {
        self.layers[packing as usize]
    }
}

impl BuiltImage {
    /// The digest of the manifest.
    pub fn digest(&self) -> String {
        digest(&self.manifest)
    }

    /// The descriptor of the manifest.
    pub fn descriptor(&self) -> Value {
        json!({
            "mediaType": self.media_type,
            "size": self.manifest.len(),
            "digest": self.digest(),
        })
    }

    /// Every file of an OCI layout with this image under `tag`, and more manifests beside it,
    /// each with its tag and blobs (signatures).
    pub fn layout_files(&self, tag: &str, beside: &[Beside]) -> BTreeMap<String, Vec<u8>> {
        let blob_path = |digest: &str| format!("blobs/{}", digest.replace(':', "/"));
        let tagged = |mut descriptor: Value, tag: &str| {
            descriptor["annotations"] = json!({"org.opencontainers.image.ref.name": tag});
            descriptor
        };
        let mut files = BTreeMap::from([(
            "oci-layout".to_owned(),
            br#"{"imageLayoutVersion":"1.0.0"}"#.to_vec(),
        )]);
        let mut manifests = vec![tagged(self.descriptor(), tag)];
        let mut put = |bytes: &[u8]| files.insert(blob_path(&digest(bytes)), bytes.to_vec());
        put(&self.manifest);
        self.blobs.values().for_each(|bytes| drop(put(bytes)));
        for other in beside {
            put(&other.manifest);
            other.blobs.iter().for_each(|bytes| drop(put(bytes)));
            manifests.push(tagged(
                json!({
                    "mediaType": other.media_type,
                    "size": other.manifest.len(),
                    "digest": digest(&other.manifest),
                }),
                &other.tag,
            ));
        }
        let index = json!({
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.index.v1+json",
            "manifests": manifests,
        });
        files.insert("index.json".to_owned(), serde_json::to_vec(&index).unwrap());
        files
    }

    /// Writes an OCI layout.
    pub fn write_layout(&self, folder: &Path, tag: &str, beside: &[Beside]) {
        for (path, bytes) in self.layout_files(tag, beside) {
            let path = folder.join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, bytes).unwrap();
        }
    }

    /// Writes an OCI archive: a layout in a tar.
    pub fn write_oci_archive(&self, file: &Path, tag: &str, beside: &[Beside]) {
        write_tar(file, self.layout_files(tag, beside));
    }

    /// Writes a Docker archive as `docker save` wrote them before it knew OCI: `manifest.json`,
    /// and the layers as plain tars.
    pub fn write_docker_archive(&self, file: &Path, tag: &str) {
        let mut files = BTreeMap::new();
        let config = format!("{}.json", &self.config["sha256:".len()..]);
        files.insert(config.clone(), self.blobs[&self.config].clone());
        let mut layers = Vec::new();
        for digest in &self.layers {
            let path = format!("{}/layer.tar", &digest["sha256:".len()..]);
            files.insert(path.clone(), self.blobs[digest].clone());
            layers.push(path);
        }
        let manifest = json!([{"Config": config, "RepoTags": [tag], "Layers": layers}]);
        files.insert("manifest.json".to_owned(), serde_json::to_vec(&manifest).unwrap());
        write_tar(file, files);
    }
}

/// A manifest that lies beside an image in its repository.
#[derive(Debug, Clone)]
pub struct Beside {
    /// Its tag.
    pub tag: String,
    /// Its media type.
    pub media_type: String,
    /// Its bytes.
    pub manifest: Vec<u8>,
    /// Its blobs.
    pub blobs: Vec<Vec<u8>>,
}

impl Beside {
    /// An index of these images, by platform (`linux/amd64`).
    pub fn index(tag: &str, images: &[(&str, &BuiltImage)]) -> Self {
        let list = |(platform, image): &(&str, &BuiltImage)| {
            let (os, architecture) = platform.split_once('/').unwrap();
            let mut descriptor = image.descriptor();
            descriptor["platform"] = json!({"os": os, "architecture": architecture});
            descriptor
        };
        let media_type = "application/vnd.oci.image.index.v1+json".to_owned();
        let manifests: Vec<Value> = images.iter().map(list).collect();
        let index = json!({"schemaVersion": 2, "mediaType": media_type, "manifests": manifests});
        let manifest = serde_json::to_vec(&index).unwrap();
        Self { tag: tag.to_owned(), media_type, manifest, blobs: Vec::new() }
    }

    /// The digest of the manifest.
    pub fn digest(&self) -> String {
        digest(&self.manifest)
    }
}

impl From<crate::signer::SignatureManifest> for Beside {
    fn from(signed: crate::signer::SignatureManifest) -> Self {
        let media_type = "application/vnd.oci.image.manifest.v1+json".to_owned();
        Self { tag: signed.tag, media_type, manifest: signed.manifest, blobs: signed.blobs }
    }
}

fn write_tar(file: &Path, files: BTreeMap<String, Vec<u8>>) {
    let mut tar = tar::Builder::new(std::fs::File::create(file).unwrap());
    for (path, bytes) in files {
        let mut header = tar::Header::new_ustar();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        tar.append_data(&mut header, path, &bytes[..]).unwrap();
    }
    tar.into_inner().unwrap().flush().unwrap();
}
