//! Images built in code: layers entry by entry, then written as OCI layout, OCI archive, Docker
//! archive, or handed over as parts for a store in memory.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// How a layer's tar is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packing {
    /// As it is.
    Plain,
    /// gzip.
    Gzip,
    /// zstd.
    Zstd,
}

/// Which family of media types the image is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flavour {
    /// OCI image-spec.
    Oci,
    /// Docker schema 2.
    Docker,
}

/// A layer as it is put together.
pub struct LayerBuilder {
    tar: tar::Builder<Vec<u8>>,
    packing: Packing,
}

/// An image as it is put together.
pub struct ImageBuilder {
    layers: Vec<StoredLayer>,
    config: Value,
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

impl Default for LayerBuilder {
    fn default() -> Self {
        Self::new()
    }
}

impl LayerBuilder {
    /// A layer without entries, to be stored with gzip.
    pub fn new() -> Self {
        Self { tar: tar::Builder::new(Vec::new()), packing: Packing::Gzip }
    }

    /// Stores it like that.
    #[must_use]
    pub fn packing(mut self, packing: Packing) -> Self {
        self.packing = packing;
        self
    }

    /// A file of mode 0644, owned by root.
    #[must_use]
    pub fn file(self, path: &str, content: impl AsRef<[u8]>) -> Self {
        self.file_with(path, content, 0o644, 0, 0)
    }

    /// A file of this mode and owner.
    #[must_use]
    pub fn file_with(
        self,
        path: &str,
        content: impl AsRef<[u8]>,
        mode: u32,
        uid: u64,
        gid: u64,
    ) -> Self {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(tar::EntryType::Regular);
        header.set_mode(mode);
        header.set_uid(uid);
        header.set_gid(gid);
        self.entry(header, path, content.as_ref())
    }

    /// A folder.
    #[must_use]
    pub fn dir(self, path: &str) -> Self {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(tar::EntryType::Directory);
        header.set_mode(0o755);
        self.entry(header, path, &[])
    }

    /// A symbolic link.
    #[must_use]
    pub fn symlink(self, path: &str, target: &str) -> Self {
        self.link(path, target, tar::EntryType::Symlink)
    }

    /// A hard link; `target` is a path from the root.
    #[must_use]
    pub fn hardlink(self, path: &str, target: &str) -> Self {
        self.link(path, target, tar::EntryType::Link)
    }

    /// The mark that takes `path` of the layers below away.
    #[must_use]
    pub fn whiteout(self, path: &str) -> Self {
        let marked = match path.rsplit_once('/') {
            Some((folder, name)) => format!("{folder}/.wh.{name}"),
            None => format!(".wh.{path}"),
        };
        self.file(&marked, [])
    }

    /// The mark that hides all that the layers below have in this folder.
    #[must_use]
    pub fn opaque(self, folder: &str) -> Self {
        self.file(&format!("{folder}/.wh..wh..opq"), [])
    }

    /// An entry with a header of the caller's; name, size and checksum are filled in. The name is
    /// written as it is, so that it may be hostile.
    #[must_use]
    pub fn entry(mut self, mut header: tar::Header, path: &str, content: &[u8]) -> Self {
        header.set_size(content.len() as u64);
        header.set_mtime(0);
        self.name(&mut header, path);
        header.set_cksum();
        self.tar.append(&header, content).unwrap();
        self
    }

    fn link(self, path: &str, target: &str, kind: tar::EntryType) -> Self {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(kind);
        header.set_mode(0o777);
        let field = &mut header.as_gnu_mut().unwrap().linkname;
        assert!(target.len() < field.len(), "a link target of {} bytes", target.len());
        field[..target.len()].copy_from_slice(target.as_bytes());
        self.entry(header, path, &[])
    }

    // A name that does not fit goes before its entry, as GNU tar writes it.
    fn name(&mut self, header: &mut tar::Header, path: &str) {
        let bytes = path.as_bytes();
        let field = &mut header.as_gnu_mut().unwrap().name;
        if bytes.len() <= field.len() {
            field[..bytes.len()].copy_from_slice(bytes);
            return;
        }
        field.copy_from_slice(&bytes[..100]);
        let mut long = tar::Header::new_gnu();
        long.set_entry_type(tar::EntryType::GNULongName);
        long.as_gnu_mut().unwrap().name[..13].copy_from_slice(b"././@LongLink");
        long.set_size(bytes.len() as u64 + 1);
        long.set_cksum();
        let content = [bytes, &[0]].concat();
        self.tar.append(&long, &content[..]).unwrap();
    }

    /// The layer's tar.
    pub fn tar(self) -> Vec<u8> {
        self.tar.into_inner().unwrap()
    }
}

/// Stores a tar like that.
pub fn pack(tar: &[u8], packing: Packing) -> Vec<u8> {
    match packing {
        Packing::Plain => tar.to_vec(),
        Packing::Gzip => {
            let level = flate2::Compression::default();
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), level);
            encoder.write_all(tar).unwrap();
            encoder.finish().unwrap()
        }
        Packing::Zstd => zstd::encode_all(tar, 1).unwrap(),
    }
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
        Self { layers: Vec::new(), config, flavour: Flavour::Oci }
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

    /// The finished image.
    pub fn build(self) -> BuiltImage {
        let mut config = self.config;
        config["rootfs"]["diff_ids"] = self.layers.iter().map(|it| it.diff_id.clone()).collect();
        let config = serde_json::to_vec(&config).unwrap();
        let types = MediaTypes::of(self.flavour);
        let describe = |media_type: &str, bytes: &[u8]| json!({"mediaType": media_type, "size": bytes.len(), "digest": digest(bytes)});
        let layers: Vec<Value> =
            self.layers.iter().map(|it| describe(types.layer(it.packing), &it.bytes)).collect();
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": types.manifest,
            "config": describe(types.config, &config),
            "layers": layers,
        });
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
