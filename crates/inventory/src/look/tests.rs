//! Layers walked at the same time, kept, or laid from what was kept, give the inventory that they
//! give as they stream by.

use std::fs;
use std::path::Path;

use oci_image::{Access, Image, Limits, Opener, Platform};
use proptest::prelude::*;
use tempfile::TempDir;
use testkit::image::{ImageBuilder, LayerBuilder, Packing};

use super::Layers;
use crate::cache::LayerCache;
use crate::take::{take_from, take_with};

#[derive(Debug, Clone)]
enum Act {
    File(String, u32),
    Program(String),
    Symlink(String, String),
    HardLink(String, String),
    Whiteout(String),
    Opaque(String),
}

fn path() -> impl Strategy<Value = String> {
    let names = ["a", "b", "lib", "usr", "p.egg-info", "q.egg-info"];
    let name = prop::sample::select(names.to_vec());
    prop::collection::vec(name, 1..4).prop_map(|parts| parts.join("/"))
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        6 => (path(), prop::sample::select(vec![0o644, 0o4755, 0o777]))
            .prop_map(|(path, mode)| Act::File(path, mode)),
        1 => path().prop_map(Act::Program),
        3 => (path(), path()).prop_map(|(path, target)| Act::Symlink(path, target)),
        3 => (path(), path()).prop_map(|(path, target)| Act::HardLink(path, target)),
        2 => path().prop_map(Act::Whiteout),
        1 => path().prop_map(Act::Opaque),
    ]
}

fn layer(acts: &[Act]) -> LayerBuilder {
    let layer = LayerBuilder::new().packing(Packing::Plain);
    acts.iter().enumerate().fold(layer, |layer, (at, act)| match act {
        Act::File(path, mode) => {
            layer.file_with(path, format!("Name: n\nVersion: {at}\n"), *mode, 0, 0)
        }
        Act::Program(path) => {
            let bytes = fs::read("/bin/true").unwrap();
            layer.file_with(path, bytes, 0o755, 0, 0)
        }
        Act::Symlink(path, target) => layer.symlink(path, target),
        Act::HardLink(path, target) => layer.hardlink(path, target),
        Act::Whiteout(path) => layer.whiteout(path),
        Act::Opaque(path) => layer.dir(path).opaque(path),
    })
}

fn open(folder: &Path, limits: &Limits) -> Image {
    let opener = Opener::new(Access::default()).unwrap();
    let declared = format!("oci:{}:1", folder.display());
    opener.open(&declared, &Platform::linux_amd64(), limits).unwrap()
}

fn said(image: &Image, cache: Option<&LayerCache>, walkers: usize) -> String {
    format!("{:?}", take_from(image, &Layers::new(image, cache, walkers)))
}

fn written(folder: &Path, layers: Vec<LayerBuilder>) -> Image {
    let image = layers.into_iter().fold(ImageBuilder::new(), ImageBuilder::layer).build();
    image.write_layout(folder, "1", &[]);
    open(folder, &Limits::default())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whichever_way_layers_come_the_inventory_is_the_same(
        stack in prop::collection::vec(prop::collection::vec(act(), 1..7), 1..6),
    ) {
        let folder = TempDir::new().unwrap();
        let image = written(&folder.path().join("image"), stack.iter().map(|it| layer(it)).collect());
        let cache = LayerCache::open(&folder.path().join("cache")).unwrap();
        let serial = said(&image, None, 0);
        prop_assert_eq!(&said(&image, None, 1), &serial);
        prop_assert_eq!(&said(&image, None, 4), &serial);
        let mut ahead = Layers::new(&image, None, 4);
        ahead.ahead_bytes_min = 0;
        prop_assert_eq!(&format!("{:?}", take_from(&image, &ahead)), &serial);
        prop_assert_eq!(&said(&image, Some(&cache), 2), &serial);
        prop_assert_eq!(&said(&image, Some(&cache), 2), &serial);
    }
}

const A: &str = "app/node_modules/a/package.json";

fn npm(version: u32) -> LayerBuilder {
    LayerBuilder::new().file(A, format!(r#"{{"name":"a","version":"{version}"}}"#))
}

#[test]
fn a_kept_layer_is_not_read_and_one_that_is_damaged_is_read_anew() {
    let folder = TempDir::new().unwrap();
    let image = written(&folder.path().join("image"), vec![npm(1), npm(2)]);
    let cache = LayerCache::open(&folder.path().join("cache")).unwrap();
    let first = take_with(&image, Some(&cache)).unwrap();
    assert_eq!(cache.stored().unwrap().layers, 2);

    let blobs = folder.path().join("image/blobs/sha256");
    for layer in image.layers() {
        let blob = blobs.join(layer.descriptor.digest.hex());
        fs::rename(&blob, blob.with_extension("away")).unwrap();
    }
    assert_eq!(take_with(&image, Some(&cache)).unwrap(), first);
    // Under other limits it might end otherwise.
    let narrow = Limits { file_bytes_max: 3, ..Limits::default() };
    assert!(take_with(&open(&folder.path().join("image"), &narrow), Some(&cache)).is_err());

    for kept in fs::read_dir(cache.folder()).unwrap() {
        let path = kept.unwrap().path();
        let mut bytes = fs::read(&path).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        fs::write(&path, bytes).unwrap();
    }
    assert!(take_with(&image, Some(&cache)).is_err());
    for layer in image.layers() {
        let blob = blobs.join(layer.descriptor.digest.hex());
        fs::rename(blob.with_extension("away"), &blob).unwrap();
    }
    assert_eq!(take_with(&image, Some(&cache)).unwrap(), first);
}

#[test]
fn a_layer_that_is_not_what_was_promised_is_not_kept() {
    let folder = TempDir::new().unwrap();
    let image = written(&folder.path().join("image"), vec![npm(1)]);
    let blob =
        folder.path().join("image/blobs/sha256").join(image.layers()[0].descriptor.digest.hex());
    let mut bytes = fs::read(&blob).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    fs::write(&blob, bytes).unwrap();
    let cache = LayerCache::open(&folder.path().join("cache")).unwrap();
    assert!(take_with(&image, Some(&cache)).is_err());
    assert_eq!(cache.stored().unwrap().bytes, 0);
}

#[test]
fn what_was_not_used_for_the_longest_time_goes_first() {
    let folder = TempDir::new().unwrap();
    let cache = LayerCache::open_bounded(&folder.path().join("cache"), 1200).unwrap();
    for version in 0..30 {
        let at = folder.path().join(format!("image{version}"));
        take_with(&written(&at, vec![npm(version)]), Some(&cache)).unwrap();
        let stored = cache.stored().unwrap();
        assert!(stored.layers > 0 && stored.bytes <= 1200, "{stored:?}");
    }
    let last = open(&folder.path().join("image29"), &Limits::default());
    assert!(cache.has(&last, &last.layers()[0]));
    assert!(cache.clear().unwrap().layers > 0);
    assert_eq!(cache.stored().unwrap().layers, 0);
}

#[test]
fn a_folder_that_others_may_write_to_is_not_used() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = TempDir::new().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
    let error = LayerCache::open(folder.path()).unwrap_err();
    assert!(error.to_string().contains("written by others"), "{error}");
}

#[test]
fn what_all_layers_inflate_to_is_bounded_also_when_they_are_kept() {
    let folder = TempDir::new().unwrap();
    let big = |byte| LayerBuilder::new().packing(Packing::Plain).file("a", vec![byte; 100_000]);
    let limits = Limits { inflated_bytes_max: 150_000, ..Limits::default() };
    let cache = LayerCache::open(&folder.path().join("cache")).unwrap();
    for byte in [1, 2] {
        let at = folder.path().join(format!("one{byte}"));
        written(&at, vec![big(byte)]);
        take_with(&open(&at, &limits), Some(&cache)).unwrap();
    }
    let both = folder.path().join("both");
    written(&both, vec![big(1), big(2)]);
    let error = take_with(&open(&both, &limits), Some(&cache)).unwrap_err();
    assert!(error.to_string().contains("inflated_bytes_max"), "{error}");
}
