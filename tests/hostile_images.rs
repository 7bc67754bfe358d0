//! Promise: every hostile image ends in undecided or an error that names the limit or the fault,
//! in at most 10 s and 64 MB. Each is built here and judged by the program itself.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test fails by panicking, and says what a case costs"
)]

mod hostile;

use std::io::Write as _;

use hostile::Hostile;
use serde_json::{Value, json};
use testkit::image::{BuiltImage, ImageBuilder, LayerBuilder, Packing, digest, pack};

const MIB: usize = 1 << 20;
const ANY_RATIO: u64 = 4_000_000_000;

/// An image whose only layer is these stored bytes.
fn stored(bytes: Vec<u8>, packing: Packing) -> BuiltImage {
    let lie = digest(b"what the layer inflates to is never reached");
    ImageBuilder::new().layer_bytes(bytes, lie, packing).build()
}

fn sound() -> BuiltImage {
    ImageBuilder::new().layer(LayerBuilder::new().file("main", vec![7; 10_000])).build()
}

/// The header of a file that goes on for nearly 8 GiB, then zeros: `times` members or frames, each
/// of 4 MiB.
fn bomb(packing: Packing, times: usize) -> Vec<u8> {
    let mut header = tar::Header::new_gnu();
    header.set_path("zeros").unwrap();
    header.set_size((8 << 30) - 512);
    header.set_mode(0o644);
    header.set_cksum();
    let mut bytes = pack(header.as_bytes(), packing);
    let zeros = pack(&vec![0; 4 * MIB], packing);
    (0..times).for_each(|_| bytes.extend_from_slice(&zeros));
    bytes
}

#[test]
fn a_bomb_is_found_by_its_ratio() {
    for packing in [Packing::Gzip, Packing::Zstd] {
        Hostile::layout(&stored(bomb(packing, 2100), packing)).check("compression_ratio_max");
    }
}

/// Its ratio is allowed: what ends it is the limit on all that is inflated, 4 GiB.
#[test]
fn a_bomb_just_under_the_ratio_ends_at_the_limit() {
    let frame = pack(&vec![0; 4 * MIB], Packing::Zstd);
    let padding = 4 * MIB / 190 - frame.len();
    // A skippable frame (RFC 8878, 3.1.2): bytes that inflate to nothing.
    let mut skipped = vec![0x50, 0x2a, 0x4d, 0x18];
    skipped.extend_from_slice(&u32::try_from(padding).unwrap().to_le_bytes());
    skipped.resize(8 + padding, 0);
    let mut bytes = bomb(Packing::Zstd, 0);
    (0..1100).for_each(|_| bytes.extend([&frame[..], &skipped].concat()));
    Hostile::layout(&stored(bytes, Packing::Zstd)).check("inflated_bytes_max");
}

#[test]
fn a_bomb_that_may_have_any_ratio_is_found_by_all_layers_together() {
    let tar = vec![0; 2 * MIB];
    let (bytes, diff_id) = (pack(&tar, Packing::Zstd), digest(&tar));
    let image = (0..8).fold(ImageBuilder::new(), |image, _| {
        image.layer_bytes(bytes.clone(), diff_id.clone(), Packing::Zstd)
    });
    Hostile::layout(&image.build())
        .limit("compression_ratio_max", ANY_RATIO)
        .limit("inflated_bytes_max", 5 << 20)
        .check("inflated_bytes_max");
}

#[test]
fn a_layer_that_takes_too_long_is_left() {
    Hostile::layout(&stored(bomb(Packing::Zstd, 2100), Packing::Zstd))
        .limit("compression_ratio_max", ANY_RATIO)
        .limit("check_ms_max", 1000)
        .check("did not answer within");
}

#[test]
fn a_window_larger_than_memory_is_refused() {
    let mut encoder = zstd::Encoder::new(Vec::new(), 1).unwrap();
    encoder.window_log(27).unwrap();
    (0..40).for_each(|_| encoder.write_all(&[0; MIB]).unwrap());
    let bytes = encoder.finish().unwrap();
    Hostile::layout(&stored(bytes, Packing::Zstd)).check("zstd window bytes");
}

#[test]
fn members_without_content_end() {
    let member = pack(b"", Packing::Gzip);
    let image = stored(member.repeat(200_000), Packing::Gzip);
    Hostile::layout(&image).check("diff_id");
}

#[test]
fn lies_about_a_layer_are_named() {
    let image = sound();
    let layer = image.layers[0].clone();
    let bytes = image.blobs[&layer].clone();
    let swapped = pack(&[1; 20_000], Packing::Gzip);
    let path = format!("blobs/{}", layer.replace(':', "/"));
    let lie = |bytes: &[u8]| Hostile::layout(&image).put(&path, bytes);
    lie(&swapped).check("layer 0");
    lie(&bytes[..bytes.len() - 9]).check("cannot be inflated");
    lie(&[&bytes[..], b"x"].concat()).check("was promised with");
    Hostile::layout(&stored(vec![b'x'; 5000], Packing::Gzip)).check("cannot be inflated");
    Hostile::layout(&stored(vec![b'x'; 5000], Packing::Zstd)).check("cannot be inflated");
    Hostile::layout(&stored(vec![b'x'; 5120], Packing::Plain)).check("layer 0");
    let trailing = [&bytes[..], b"trailing garbage"].concat();
    Hostile::layout(&stored(trailing, Packing::Gzip)).check("cannot be inflated");
}

#[test]
fn a_million_entries_are_too_many() {
    let entry = LayerBuilder::new().file("a", b"").tar();
    let entries = pack(&entry[..512].repeat(10_000), Packing::Zstd);
    Hostile::layout(&stored(entries.repeat(101), Packing::Zstd))
        .limit("compression_ratio_max", ANY_RATIO)
        .check("entries_max");
}

#[test]
fn names_cost_no_more_memory_than_the_bar() {
    let name = |number| format!("{number}{}", "x".repeat(3900));
    let tar = (0..7_000).fold(LayerBuilder::new(), |layer, number| layer.dir(&name(number))).tar();
    Hostile::layout(&stored(pack(&tar, Packing::Zstd), Packing::Zstd))
        .limit("compression_ratio_max", ANY_RATIO)
        .check("undecided");
}

#[test]
fn a_package_database_larger_than_memory_is_not_read() {
    let package = b"P:musl\nV:1.2.5-r9\nA:x86_64\nL:MIT\no:musl\n\n";
    let database = package.repeat(2 * MIB / package.len());
    let layer = LayerBuilder::new().packing(Packing::Zstd).file("lib/apk/db/installed", database);
    Hostile::layout(&ImageBuilder::new().layer(layer).build())
        .limit("compression_ratio_max", ANY_RATIO)
        .limit("file_bytes_max", 1 << 20)
        .check("file_bytes_max");
}

#[test]
fn paths_out_of_the_image_or_too_deep_or_too_long_are_refused() {
    let one = |path: &str| {
        let layer = LayerBuilder::new().file(path, b"x");
        Hostile::layout(&ImageBuilder::new().layer(layer).build())
    };
    one("../../etc/passwd").check("leads out of it");
    one("a/../../etc/passwd").check("leads out of it");
    one(&"a/".repeat(200)).check("path_depth_max");
    one(&"a".repeat(5000)).check("path_bytes_max");
}

#[test]
fn links_that_go_in_circles_end() {
    let layer = LayerBuilder::new()
        .symlink("lib", "usr/lib")
        .symlink("usr/lib", "/lib")
        .symlink("var/lib/dpkg", "../../var/lib/dpkg")
        .symlink("a", "b")
        .symlink("b", "a")
        .file("lib/apk/db/installed", "P:musl\nV:1\n\n")
        .hardlink("h", "h");
    Hostile::layout(&ImageBuilder::new().layer(layer).build()).check("undecided");
}

#[test]
fn documents_that_are_not_documents_are_named() {
    let deep = "[".repeat(200_000);
    let wide = format!("[{}0]", "0,".repeat(1_900_000));
    for json in ["", "{", "nonsense", "null", "[]", &deep, &wide] {
        Hostile::layout(&sound()).put("index.json", json).check("manifest");
        check_manifest(json.as_bytes(), "manifest");
        check_config(json.as_bytes(), "image configuration");
    }
    let wide = format!("{{\"history\":[{}{{}}]}}", "{},".repeat(2_600_000));
    check_config(wide.as_bytes(), "image configuration");
    check_config(&vec![b' '; 9 * MIB], "config_bytes_max");
    check_manifest(&vec![b' '; 5 * MIB], "manifest_bytes_max");
}

#[test]
fn documents_that_contradict_themselves_are_named() {
    let check = |change: &dyn Fn(&mut Value), expect: &str| {
        let mut manifest: Value = serde_json::from_slice(&sound().manifest).unwrap();
        change(&mut manifest);
        check_manifest(manifest.to_string().as_bytes(), expect);
    };
    check(&|it| it["schemaVersion"] = json!(1), "schema 1");
    check(&|it| it["manifests"] = json!([]), "either a config and layers, or manifests");
    check(&|it| it["mediaType"] = json!("application/vnd.oci.image.index.v1+json"), "says it is");
    check(&|it| it["Layers"] = json!([]), "which some take for");
    check(&|it| it["layers"] = json!([]), "diff_ids");
    check(&|it| it["layers"][0]["mediaType"] = json!("text/plain"), "no tar layer");
    check(&|it| it["layers"][0]["size"] = json!(u64::MAX), "layer_bytes_max");
    check(&|it| it["layers"][0]["size"] = json!(-1), "malformed");
    check(&|it| it["layers"][0]["digest"] = json!("sha256:../../../etc/passwd"), "malformed");
    check(&|it| it["config"]["size"] = json!(3), "was promised with");
    let many = |it: &mut Value| it["layers"] = vec![it["layers"][0].clone(); 300].into();
    check(&many, "layers_max");
}

#[test]
fn an_index_in_an_index_is_not_followed() {
    let platform = json!({"os": "linux", "architecture": "amd64"});
    let (mut bytes, mut files) = (sound().manifest, Hostile::layout(&sound()));
    for _ in 0..50 {
        let path = format!("blobs/{}", digest(&bytes).replace(':', "/"));
        let child = json!({
            "mediaType": "application/vnd.oci.image.index.v1+json", "digest": digest(&bytes),
            "size": bytes.len(), "platform": platform,
            "annotations": {"org.opencontainers.image.ref.name": "v1"},
        });
        files = files.put(&path, &bytes);
        bytes = json!({"schemaVersion": 2, "manifests": [child]}).to_string().into_bytes();
    }
    files.put("index.json", &bytes).check("another index");
}

#[test]
fn a_layout_does_not_lead_out_of_itself() {
    let image = sound();
    let hostile = Hostile::layout(&image);
    let layer = hostile.blob(&image.layers[0]);
    std::fs::remove_file(&layer).unwrap();
    std::os::unix::fs::symlink("/etc/passwd", &layer).unwrap();
    hostile.check("leads out of the layout");

    std::fs::remove_file(&layer).unwrap();
    let made = std::process::Command::new("mkfifo").arg(&layer).status().unwrap();
    assert!(made.success());
    hostile.check("not a regular file");

    std::fs::remove_file(&layer).unwrap();
    hostile.check("does not exist");
}

#[test]
fn archives_are_bounded_too() {
    let entry = LayerBuilder::new().file("a", b"").tar();
    let many = entry[..512].repeat(25_000);
    let long = LayerBuilder::new().file(&"a".repeat(100_000), b"").tar();
    let truncated = &LayerBuilder::new().file("index.json", vec![b'x'; 5000]).tar()[..2000];
    for (bytes, expect) in [
        (many.as_slice(), "entries of an archive"),
        (long.as_slice(), "bytes of an extended header"),
        (truncated, "archive.tar"),
        (b"garbage, and nothing that could be a tar".as_slice(), "archive.tar"),
    ] {
        let hostile = Hostile::empty().put("archive.tar", bytes);
        let path = hostile.folder.path().join("archive.tar");
        hostile.check_at(&format!("oci-archive:{}", path.display()), expect);
        hostile.check_at(&format!("docker-archive:{}", path.display()), expect);
    }
}

/// A layout whose manifest is these bytes, properly named by its index.
fn check_manifest(bytes: &[u8], expect: &str) {
    let mut image = sound();
    image.manifest = bytes.to_vec();
    Hostile::layout(&image).check(expect);
}

/// A layout whose configuration is these bytes, properly named by its manifest.
fn check_config(bytes: &[u8], expect: &str) {
    let mut image = sound();
    let mut manifest: Value = serde_json::from_slice(&image.manifest).unwrap();
    manifest["config"]["digest"] = digest(bytes).into();
    manifest["config"]["size"] = bytes.len().into();
    image.blobs.insert(digest(bytes), bytes.to_vec());
    image.manifest = serde_json::to_vec(&manifest).unwrap();
    Hostile::layout(&image).check(expect);
}
