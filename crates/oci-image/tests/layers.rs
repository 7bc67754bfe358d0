//! Layers as builders store them, read to the last byte: members, frames, padding.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::{Cursor, Read};
use std::sync::Arc;

use oci_image::{
    Descriptor, Image, ImageError, Layer, LayerReader, Limits, MemoryStore, Place, Platform,
    RawManifest, Store, Which,
};
use testkit::image::{BuiltImage, ImageBuilder, LayerBuilder, Packing, digest, pack};

fn open(image: BuiltImage, limits: &Limits) -> Image {
    let (store, which) = held(image);
    open_in(store, &which, limits)
}

fn held(image: BuiltImage) -> (MemoryStore, Which) {
    let mut store = MemoryStore::default();
    for bytes in image.blobs.into_values() {
        store.add_blob(bytes);
    }
    let raw = RawManifest { media_type: Some(image.media_type), bytes: image.manifest };
    let which = Which::Digest(store.add_manifest("v1", raw));
    (store, which)
}

fn open_in(store: impl Store + 'static, which: &Which, limits: &Limits) -> Image {
    let platform = Platform::linux_amd64();
    Image::open(Arc::new(store), "r.io/a", which, Place::Local, &platform, limits).unwrap()
}

fn tar() -> Vec<u8> {
    LayerBuilder::new().file("main", vec![7; 100_000]).tar()
}

/// What a layer that is stored in these pieces, one packed after the other, inflates to.
fn inflate(pieces: &[&[u8]], packing: Packing, between: &[u8]) -> Result<Vec<u8>, ImageError> {
    let whole: Vec<u8> = pieces.concat();
    let packed: Vec<Vec<u8>> = pieces.iter().map(|it| pack(it, packing)).collect();
    let stored = packed.join(between);
    let image = ImageBuilder::new().layer_bytes(stored, digest(&whole), packing).build();
    let here = read(open(image.clone(), &Limits::default()), Image::layer);
    let ahead = read(open(image, &Limits::default()), Image::layer_ahead);
    assert_eq!(format!("{here:?}"), format!("{ahead:?}"));
    here
}

type Opening = fn(&Image, &Layer) -> Result<LayerReader, ImageError>;

fn read(image: Image, opening: Opening) -> Result<Vec<u8>, ImageError> {
    let mut bytes = Vec::new();
    let read = opening(&image, &image.layers()[0])?.read_to_end(&mut bytes);
    read.map(|_| bytes).map_err(|error| ImageError::from_io(error, "layer"))
}

/// Whether a layer is inflated here or ahead, what is wrong with it is said in the same words.
fn check_fails(image: BuiltImage, limits: Limits, expect: &str) {
    for opening in [Image::layer as Opening, Image::layer_ahead] {
        let error = read(open(image.clone(), &limits), opening).unwrap_err();
        assert!(error.to_string().contains(expect), "{error}");
        // Who passes over a fault is not told that all was well.
        let image = open(image.clone(), &limits);
        let mut reader = opening(&image, &image.layers()[0]).unwrap();
        while reader.read(&mut [0; 64 << 10]).is_ok() {}
        reader.finish().unwrap_err();
    }
}

#[test]
fn a_layer_that_is_not_what_was_promised_fails_here_and_ahead() {
    let (tar, limits) =
        (LayerBuilder::new().file("main", vec![7; 3_000_000]).tar(), Limits::default());
    let wrong = digest(b"something else");
    let image =
        |bytes, diff_id| ImageBuilder::new().layer_bytes(bytes, diff_id, Packing::Gzip).build();
    check_fails(image(pack(&tar, Packing::Gzip), wrong), limits, "layer 0 inflated (diff_id)");
    let mut torn = pack(&tar, Packing::Gzip);
    torn.truncate(torn.len() / 2);
    check_fails(image(torn, digest(&tar)), limits, "layer 0 cannot be inflated");

    let bomb = vec![0; 40 << 20];
    let image = image(pack(&bomb, Packing::Gzip), digest(&bomb));
    check_fails(image.clone(), limits, "compression_ratio_max");
    let little = Limits { inflated_bytes_max: 1 << 20, ..limits };
    check_fails(image, little, "inflated_bytes_max");
}

const PACKINGS: [Packing; 3] = [Packing::Plain, Packing::Gzip, Packing::Zstd];

#[test]
fn each_packing_is_held_to_the_digest_of_what_it_inflates_to() {
    for packing in PACKINGS {
        let image = ImageBuilder::new().layer_bytes(pack(&tar(), packing), digest(b"x"), packing);
        check_fails(image.build(), Limits::default(), "layer 0 inflated (diff_id)");
    }
}

/// A store whose layers are not what they are called by.
struct Lying(MemoryStore, Vec<u8>);

impl Store for Lying {
    fn manifest(&self, which: &Which, max: u64) -> Result<Option<RawManifest>, ImageError> {
        self.0.manifest(which, max)
    }

    fn blob(&self, descriptor: &Descriptor) -> Result<Box<dyn Read + Send>, ImageError> {
        match descriptor.compression() {
            Some(_) => Ok(Box::new(Cursor::new(self.1.clone()))),
            None => self.0.blob(descriptor),
        }
    }
}

#[test]
fn stored_bytes_that_inflate_to_the_same_are_not_the_same() {
    let stored = pack(&noise(600_000), Packing::Gzip);
    let mut other = stored.clone();
    other[9] ^= 1; // the system that gzip ran on
    let image = ImageBuilder::new().layer_bytes(stored, digest(&noise(600_000)), Packing::Gzip);
    let (store, which) = held(image.build());
    let image = open_in(Lying(store, other), &which, &Limits::default());
    for opening in [Image::layer as Opening, Image::layer_ahead] {
        let error = opening(&image, &image.layers()[0]).unwrap().finish().unwrap_err();
        let is_it = matches!(&error, ImageError::WrongDigest { what, .. } if what == "layer 0");
        assert!(is_it, "{error}");
    }
}

/// Bytes that cannot be compressed.
fn noise(length: usize) -> Vec<u8> {
    let next = |state: &u64| Some(state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1));
    let states = std::iter::successors(Some(42), next);
    states.map(|it| (it >> 56) as u8).take(length).collect()
}

#[test]
fn layers_of_many_buffers_are_read_whatever_they_are_made_of() {
    // What cannot be compressed fills more buffers stored than inflated, what can be fewer, and
    // members of nothing fill them without anything that is inflated.
    let nothing = pack(b"", Packing::Gzip).repeat(30_000);
    let (hard, easy) = (noise(900_001), vec![7; 3_000_000]);
    for packing in PACKINGS {
        let whole = [hard.as_slice(), &easy, &hard].concat();
        assert_eq!(inflate(&[&whole], packing, b"").unwrap(), whole);
    }
    let whole = [hard.as_slice(), &easy].concat();
    assert_eq!(inflate(&[&hard, &easy], Packing::Gzip, &nothing).unwrap(), whole);
}

#[test]
fn gzip_members_and_zstd_frames_are_read_as_one() {
    let tar = tar();
    let (first, rest) = tar.split_at(7000);
    for packing in [Packing::Gzip, Packing::Zstd] {
        assert_eq!(inflate(&[&tar], packing, b"").unwrap(), tar);
        assert_eq!(inflate(&[first, b"", rest], packing, b"").unwrap(), tar);
    }
}

#[test]
fn skippable_frames_are_skipped_and_garbage_is_not() {
    let tar = tar();
    let (first, rest) = tar.split_at(7000);
    let skippable = [0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, b'x', b'y', b'z'];
    assert_eq!(inflate(&[first, rest], Packing::Zstd, &skippable).unwrap(), tar);
    for packing in [Packing::Gzip, Packing::Zstd] {
        let error = inflate(&[first, rest], packing, b"garbage!").unwrap_err();
        assert!(matches!(error, ImageError::Inflate { index: 0, .. }), "{error}");
    }
}

#[test]
fn the_limit_on_inflated_bytes_is_of_all_layers_and_reading_twice_is_no_more() {
    let layer = |content| LayerBuilder::new().file("a", vec![content; 50_000]);
    let image = ImageBuilder::new().layer(layer(1)).layer(layer(2)).build();
    let image = open(image, &Limits { inflated_bytes_max: 80_000, ..Limits::default() });
    let [first, second] = image.layers() else { unreachable!() };
    let read = |layer| image.layer(layer).unwrap().finish();
    read(first).unwrap();
    read(first).unwrap();
    let error = read(second).unwrap_err();
    assert!(matches!(error, ImageError::Limit { limit: "inflated_bytes_max", .. }), "{error}");
}

#[test]
fn a_foreign_layer_that_is_not_there_is_named() {
    let mut image = ImageBuilder::new().layer(LayerBuilder::new().file("a", b"b")).build();
    let manifest = String::from_utf8(image.manifest).unwrap();
    image.manifest =
        manifest.replace("layer.v1.tar+gzip", "layer.nondistributable.v1.tar+gzip").into_bytes();
    let layer = image.layers[0].clone();
    image.blobs.remove(&layer);
    let image = open(image, &Limits::default());
    let error = image.layer(&image.layers()[0]).map(drop).unwrap_err();
    assert!(matches!(error, ImageError::ForeignLayer { index: 0 }), "{error}");
}

#[test]
fn a_manifest_of_another_size_than_its_index_says_is_refused() {
    let image = ImageBuilder::new().build();
    let mut store = MemoryStore::default();
    for bytes in image.blobs.values() {
        store.add_blob(bytes.clone());
    }
    let mut child = image.descriptor();
    child["size"] = 7.into();
    let index = serde_json::json!({"schemaVersion": 2, "manifests": [child]});
    let raw = |bytes| RawManifest { media_type: None, bytes };
    store.add_manifest("child", raw(image.manifest));
    let which = Which::Digest(store.add_manifest("v1", raw(serde_json::to_vec(&index).unwrap())));
    let (platform, limits) = (Platform::linux_amd64(), Limits::default());
    let opened = Image::open(Arc::new(store), "a", &which, Place::Local, &platform, &limits);
    assert!(matches!(opened, Err(ImageError::WrongSize { expected: 7, .. })), "{opened:?}");
}
