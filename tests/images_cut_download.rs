//! Promise: a layer whose download breaks off goes on where it broke, and is the layer that its
//! digest promised or an error that says how far it came.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::time::{Duration, Instant};

use oci_image::{Access, Addresses, ImageError, Limits, Opener, Platform};
use testkit::image::{BuiltImage, ImageBuilder, LayerBuilder, Packing};
use testkit::registry::{Answer, ScriptedRegistry, Seen, answers_of};

/// A program that does not get much smaller by being packed.
fn image() -> BuiltImage {
    let content: Vec<u8> =
        (0..300_000_u32).map(|it| (it.wrapping_mul(2_654_435_761) >> 20) as u8).collect();
    let layer = LayerBuilder::new().file("main", content).packing(Packing::Gzip);
    ImageBuilder::new().layer(layer).build()
}

fn limits() -> Limits {
    Limits { check_ms_max: 6000, ..Limits::default() }
}

/// A registry whose answers to questions for the layer are these.
fn registry(layer: impl Fn(&Seen, &[u8]) -> Answer + Send + Sync + 'static) -> ScriptedRegistry {
    let image = image();
    let (path, bytes) = layer_of(&image);
    let answers = answers_of(&image, "fn", "1");
    ScriptedRegistry::start(move |seen| match answers.get(&seen.path) {
        Some(_) if seen.path == path => layer(seen, &bytes),
        Some(answer) => answer.clone(),
        None => Answer::status(404),
    })
}

fn layer_of(image: &BuiltImage) -> (String, Vec<u8>) {
    let digest = &image.layers[0];
    (format!("/v2/fn/blobs/{digest}"), image.blobs[digest].clone())
}

fn read(registry: &ScriptedRegistry) -> Result<(), ImageError> {
    let access = Access {
        addresses: Addresses::Any,
        silence_time_max: Duration::from_secs(1),
        answer_time_max: Duration::from_secs(3),
        ..Access::default()
    };
    let name = format!("{}/fn:1", registry.host());
    let image = Opener::new(access)?.open(&name, &Platform::linux_amd64(), &limits())?;
    image.layers().iter().try_for_each(|it| image.layer(it)?.finish().map(drop))
}

/// What the layer was asked for, by the first byte.
fn asked(registry: &ScriptedRegistry) -> Vec<Option<usize>> {
    let (path, _) = layer_of(&image());
    registry.seen().into_iter().filter(|it| it.path == path).map(|it| it.from).collect()
}

fn check_fails(registry: &ScriptedRegistry, expect: &str) {
    let begun = Instant::now();
    let error = read(registry).unwrap_err();
    let chain = std::iter::successors(Some(&error as &dyn std::error::Error), |it| it.source());
    let chain = chain.map(ToString::to_string).collect::<Vec<_>>().join(": ");
    assert!(chain.contains(expect), "{chain:?} does not say {expect:?}");
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
}

/// `step` bytes, and then the connection breaks.
fn in_steps(seen: &Seen, bytes: &[u8], step: usize) -> Answer {
    let from = seen.from.unwrap_or(0);
    let end = bytes.len().min(from + step);
    let part = bytes[from..end].to_vec();
    let answer = if end == bytes.len() { Answer::bytes(part) } else { Answer::cut(part) };
    if seen.from.is_some() { answer.part(from, bytes.len()) } else { answer }
}

#[test]
fn a_download_goes_on_where_it_broke() {
    let step = layer_of(&image()).1.len() / 4 + 1;
    let registry = registry(move |seen, bytes| in_steps(seen, bytes, step));
    read(&registry).unwrap();
    assert_eq!(asked(&registry), [None, Some(step), Some(2 * step), Some(3 * step)]);
}

#[test]
fn a_connection_that_breaks_after_the_last_byte_is_not_asked_again() {
    let registry = registry(|_, bytes| Answer::cut(bytes.to_vec()));
    read(&registry).unwrap();
    assert_eq!(asked(&registry), [None]);
}

#[test]
fn one_that_breaks_before_the_first_byte_begins_anew() {
    let first = std::sync::atomic::AtomicBool::new(true);
    let registry =
        registry(move |_, bytes| match first.swap(false, std::sync::atomic::Ordering::Relaxed) {
            true => Answer::cut(""),
            false => Answer::bytes(bytes.to_vec()),
        });
    read(&registry).unwrap();
    assert_eq!(asked(&registry), [None, None]);
}

#[test]
fn one_that_always_breaks_is_left() {
    let registry = registry(|seen, bytes| match seen.from {
        None => Answer::cut(bytes[..1000].to_vec()),
        Some(from) => Answer::cut("").part(from, bytes.len()),
    });
    check_fails(&registry, "it broke off after 1000 of ");
    assert_eq!(asked(&registry), [None, Some(1000), Some(1000), Some(1000)]);
}

#[test]
fn one_that_drips_and_breaks_is_left_in_time() {
    let registry = registry(|seen, bytes| in_steps(seen, bytes, 1));
    check_fails(&registry, "check_ms_max");
}

#[test]
fn a_registry_that_knows_no_parts_is_told_of() {
    let registry = registry(|_, bytes| Answer::cut(bytes[..1000].to_vec()));
    check_fails(&registry, "it broke off after 1000 of ");
    let registry = self::registry(|seen, bytes| match seen.from {
        None => Answer::cut(bytes[..1000].to_vec()),
        Some(_) => Answer::status(416),
    });
    check_fails(&registry, "asked for the rest, it answers 416");
}

#[test]
fn a_part_of_elsewhere_is_not_taken() {
    let registry = registry(|seen, bytes| match seen.from {
        None => Answer::cut(bytes[..1000].to_vec()),
        Some(_) => Answer::bytes(bytes[500..].to_vec()).part(500, bytes.len()),
    });
    check_fails(&registry, "it goes on elsewhere");
}

#[test]
fn a_rest_of_other_bytes_has_the_wrong_digest() {
    let registry = registry(|seen, bytes| match seen.from {
        None => Answer::cut(bytes[..1000].to_vec()),
        Some(from) => {
            let mut rest = bytes[from..].to_vec();
            // The last of gzip's own length, which the decoder checks too.
            let last = rest.len() - 1;
            rest[last] ^= 1;
            Answer::bytes(rest).part(from, bytes.len())
        }
    });
    check_fails(&registry, "layer 0");
}

#[test]
fn a_rest_that_is_too_long_is_left_in_time() {
    let registry = registry(|seen, bytes| match seen.from {
        None => Answer::cut(bytes[..1000].to_vec()),
        Some(from) => Answer::endless().part(from, bytes.len()),
    });
    check_fails(&registry, "layer 0");
}

#[test]
fn a_rest_that_never_comes_does_not_hold_the_reader() {
    let registry = registry(|seen, bytes| match seen.from {
        None => Answer::cut(bytes[..1000].to_vec()),
        Some(from) => Answer::dripping(Duration::from_millis(50)).part(from, bytes.len()),
    });
    check_fails(&registry, "layer 0");
}
