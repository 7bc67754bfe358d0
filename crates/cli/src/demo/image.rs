//! The image of the demo: three layers from real package metadata, as an OCI layout, with its
//! signature beside it in cosign's legacy layout.

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use oci_image::Digest;
use serde_json::{Value, json};

use super::signer::Signer;

const INSTALLED: &str = include_str!("../../../../demo/image/apk-installed.txt");
const OS_RELEASE: &str = include_str!("../../../../demo/image/os-release.txt");
const METADATA: &str = include_str!("../../../../demo/image/urllib3-METADATA.txt");
const PACKAGE: &str = include_str!("../../../../demo/image/lodash-package.json");

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const LAYER: &str = "application/vnd.oci.image.layer.v1.tar+gzip";
const PAYLOAD: &str = "application/vnd.dev.cosign.simplesigning.v1+json";

/// What is in the image.
pub(super) struct Contents {
    layers: Vec<Vec<(String, String)>>,
    user: &'static str,
    env: Vec<&'static str>,
}

impl Contents {
    /// Old packages, run as root, with a secret in the environment.
    pub(super) fn flawed() -> Self {
        let env = vec!["PATH=/usr/bin:/bin", "DATABASE_PASSWORD=correct-horse-battery"];
        Self { layers: layers(str::to_owned, "1.26.16"), user: "root", env }
    }

    /// The same with the fixed versions, a user of its own and no secret.
    pub(super) fn mended() -> Self {
        let upgraded = |text: &str| {
            text.replace("V:3.3.2-r0", "V:3.3.2-r1")
                .replace("Version: 1.26.16", "Version: 1.26.18")
                .replace(r#""version": "4.17.20""#, r#""version": "4.17.21""#)
        };
        Self { layers: layers(upgraded, "1.26.18"), user: "10001", env: vec!["PATH=/usr/bin:/bin"] }
    }
}

fn layers(edit: impl Fn(&str) -> String, urllib3: &str) -> Vec<Vec<(String, String)>> {
    let python = format!("usr/lib/python3.12/site-packages/urllib3-{urllib3}.dist-info/METADATA");
    vec![
        vec![
            ("etc/os-release".to_owned(), OS_RELEASE.to_owned()),
            ("lib/apk/db/installed".to_owned(), edit(INSTALLED)),
        ],
        vec![(python, edit(METADATA))],
        vec![("home/app/node_modules/lodash/package.json".to_owned(), edit(PACKAGE))],
    ]
}

/// Writes the image as `1` into an OCI layout, and signs it.
pub(super) fn write(folder: &Path, contents: &Contents, signer: &Signer) -> io::Result<()> {
    fs::create_dir_all(folder.join("blobs/sha256"))?;
    let (mut layers, mut diff_ids) = (Vec::new(), Vec::new());
    for files in &contents.layers {
        let tar = tar(files)?;
        let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
        gzip.write_all(&tar)?;
        layers.push(blob(folder, LAYER, &gzip.finish()?)?);
        diff_ids.push(Digest::of(&tar));
    }
    let config = json!({
        "architecture": "amd64", "os": "linux",
        "config": {"User": contents.user, "Env": contents.env, "Entrypoint": ["/usr/bin/hello"]},
        "rootfs": {"type": "layers", "diff_ids": diff_ids},
    });
    let config = blob(folder, CONFIG, &serde_json::to_vec(&config)?)?;
    let image = manifest(folder, &config, &layers)?;
    let digest = image["digest"].as_str().unwrap_or_default();

    let payload = serde_json::to_vec(&json!({
        "critical": {
            "identity": {"docker-reference": "localhost/hello"},
            "image": {"docker-manifest-digest": digest},
            "type": "cosign container image signature",
        },
        "optional": null,
    }))?;
    let mut layer = blob(folder, PAYLOAD, &payload)?;
    let signature = signer.sign(&payload).map_err(io::Error::other)?;
    layer["annotations"] = json!({"dev.cosignproject.cosign/signature": signature});
    let empty = blob(folder, CONFIG, br#"{"rootfs":{"type":"layers","diff_ids":[]}}"#)?;
    let signed = manifest(folder, &empty, &[layer])?;

    let tag = format!("{}.sig", digest.replace(':', "-"));
    let index = json!({
        "schemaVersion": 2,
        "manifests": [named(image.clone(), "1"), named(signed, &tag)],
    });
    fs::write(folder.join("index.json"), serde_json::to_vec(&index)?)?;
    fs::write(folder.join("oci-layout"), br#"{"imageLayoutVersion":"1.0.0"}"#)
}

fn manifest(folder: &Path, config: &Value, layers: &[Value]) -> io::Result<Value> {
    let manifest = json!({
        "schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": layers,
    });
    blob(folder, MANIFEST, &serde_json::to_vec(&manifest)?)
}

/// Writes a blob and answers its descriptor.
fn blob(folder: &Path, media_type: &str, bytes: &[u8]) -> io::Result<Value> {
    let digest = Digest::of(bytes);
    fs::write(folder.join("blobs/sha256").join(digest.hex()), bytes)?;
    Ok(json!({"mediaType": media_type, "digest": digest, "size": bytes.len()}))
}

fn named(mut descriptor: Value, tag: &str) -> Value {
    descriptor["annotations"] = json!({"org.opencontainers.image.ref.name": tag});
    descriptor
}

fn tar(files: &[(String, String)]) -> io::Result<Vec<u8>> {
    let mut tar = tar::Builder::new(Vec::new());
    for (path, text) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(text.len() as u64);
        header.set_mode(0o644);
        tar.append_data(&mut header, path, text.as_bytes())?;
    }
    tar.into_inner()
}
