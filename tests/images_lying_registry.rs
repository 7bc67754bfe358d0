//! Promise: whatever a registry answers, the image is what its digest says or there is an error
//! that names the fault, soon; and no credential goes where it does not belong.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use oci_image::{Access, Addresses, Credentials, Image, ImageError, Limits, Opener, Platform};
use testkit::image::{BuiltImage, ImageBuilder, LayerBuilder, digest};
use testkit::registry::{Answer, ScriptedRegistry, Seen, answers_of};

fn image() -> BuiltImage {
    ImageBuilder::new().layer(LayerBuilder::new().file("main", vec![7; 300_000])).build()
}

/// A debug build on a busy machine hashes slowly; nothing here is meant to take this long but
/// what never ends.
fn limits() -> Limits {
    Limits { check_ms_max: 6000, ..Limits::default() }
}

fn answers() -> BTreeMap<String, Answer> {
    answers_of(&image(), "fn", "1")
}

fn access(credentials: Credentials) -> Access {
    Access {
        credentials,
        addresses: Addresses::Any,
        silence_time_max: Duration::from_secs(1),
        answer_time_max: Duration::from_secs(3),
        ..Access::default()
    }
}

fn login(registry: &ScriptedRegistry) -> Credentials {
    let mut credentials = Credentials::default();
    let config = serde_json::json!({"auths": {registry.host(): {"auth": "YWRhOmh1bnRlcjI="}}});
    credentials.add(config.to_string().as_bytes()).unwrap();
    credentials
}

fn open(registry: &ScriptedRegistry, credentials: Credentials) -> Result<Image, ImageError> {
    let opener = Opener::new(access(credentials)).unwrap();
    opener.open(&format!("{}/fn:1", registry.host()), &Platform::linux_amd64(), &limits())
}

/// Opens the image and reads its layers to their ends.
fn read(registry: &ScriptedRegistry, credentials: Credentials) -> Result<(), ImageError> {
    let image = open(registry, credentials)?;
    image.layers().iter().try_for_each(|it| image.layer(it)?.finish().map(drop))
}

/// Serves an image with one answer changed, and says what came of it.
fn lie(path: &str, answer: Answer) -> ImageError {
    let mut answers = answers();
    assert!(answers.insert(path.to_owned(), answer).is_some(), "{path} is asked for");
    let registry = ScriptedRegistry::serving(answers);
    let begun = Instant::now();
    let error = read(&registry, Credentials::default()).unwrap_err();
    assert!(begun.elapsed() < Duration::from_secs(10), "{error}: {:?}", begun.elapsed());
    assert!(!error.remedy().is_empty());
    error
}

fn check(path: &str, answer: Answer, expect: &str) {
    let error = lie(path, answer);
    let chain = std::iter::successors(Some(&error as &dyn std::error::Error), |it| it.source());
    let chain = chain.map(ToString::to_string).collect::<Vec<_>>().join(": ");
    assert!(chain.contains(expect), "{chain:?} does not say {expect:?}");
}

fn manifest() -> String {
    "/v2/fn/manifests/1".to_owned()
}

fn config() -> String {
    format!("/v2/fn/blobs/{}", image().config)
}

fn layer() -> String {
    format!("/v2/fn/blobs/{}", image().layers[0])
}

#[test]
fn the_honest_image_is_read() {
    let registry = ScriptedRegistry::serving(answers());
    read(&registry, Credentials::default()).unwrap();
}

#[test]
fn lies_about_content_are_named() {
    let mut swapped = image().blobs[&image().layers[0]].clone();
    let last = swapped.len() - 1;
    swapped[last] ^= 1;
    check(&layer(), Answer::bytes(swapped), "layer 0");
    check(&layer(), Answer::bytes("short"), "layer 0");
    check(&layer(), Answer::endless(), "promised with");
    let other = image().blobs[&image().config].clone().iter().map(|_| b' ').collect::<Vec<_>>();
    check(&config(), Answer::bytes(other), "image configuration was promised as sha256:");
    check(&config(), Answer::bytes("{}"), "image configuration was promised with");
    check(&config(), Answer::endless(), "promised with");
}

#[test]
fn a_digest_is_not_answered_with_another_manifest() {
    let (image, other) = (image(), ImageBuilder::new().build());
    let mut answers = answers_of(&image, "fn", "1");
    let path = format!("/v2/fn/manifests/{}", image.digest());
    let claimed = Answer::bytes(other.manifest.clone())
        .header("content-type", &other.media_type)
        .header("docker-content-digest", &image.digest());
    answers.insert(path, claimed);
    let registry = ScriptedRegistry::serving(answers);
    let opener = Opener::new(access(Credentials::default())).unwrap();
    let name = format!("{}/fn@{}", registry.host(), image.digest());
    let error = opener.open(&name, &Platform::linux_amd64(), &limits()).unwrap_err();
    match error {
        ImageError::WrongDigest { expected, found, .. } => {
            assert_eq!(expected.to_string(), image.digest());
            assert_eq!(found.to_string(), other.digest());
        }
        error => panic!("{error}"),
    }
}

#[test]
fn manifests_of_another_kind_are_refused_by_name() {
    let typed =
        |json: &str, kind: &str| Answer::bytes(json.to_owned()).header("content-type", kind);
    let schema_1 = "application/vnd.docker.distribution.manifest.v1+prettyjws";
    check(&manifest(), typed(r#"{"schemaVersion":1}"#, schema_1), "schema 1");
    check(&manifest(), typed(r#"{"schemaVersion":1,"fsLayers":[]}"#, "text/plain"), "schema 1");
    let index = "application/vnd.oci.image.index.v1+json";
    let bytes = String::from_utf8(image().manifest).unwrap();
    check(&manifest(), typed(&bytes, index), "says it is application/vnd.oci.image.index");
    check(&manifest(), Answer::bytes("<html>"), "manifest is malformed");
    check(&manifest(), Answer::endless(), "manifest_bytes_max");
}

#[test]
fn a_slow_registry_is_left_in_time() {
    let every = Duration::from_millis(20);
    check(&manifest(), Answer::dripping(every), "did not answer in time");
    check(&manifest(), Answer::silent(), "cannot read");
    check(&config(), Answer::silent(), "cannot read");
    check(&layer(), Answer::silent(), "cannot read");
    // Spaces are no gzip header, and end soon; a plain layer of spaces drips to its end.
    let tar = vec![b' '; 1 << 20];
    let plain =
        ImageBuilder::new().layer_bytes(tar.clone(), digest(&tar), testkit::image::Packing::Plain);
    let plain = plain.build();
    let mut answers = answers_of(&plain, "fn", "1");
    answers.insert(format!("/v2/fn/blobs/{}", plain.layers[0]), Answer::dripping(every));
    let error = read(&ScriptedRegistry::serving(answers), Credentials::default()).unwrap_err();
    assert!(matches!(error, ImageError::Limit { limit: "check_ms_max", .. }), "{error}");
}

#[test]
fn a_busy_registry_is_waited_for_as_long_as_it_asks_and_there_is_time() {
    let count = AtomicU32::new(0);
    let honest = answers();
    let registry =
        ScriptedRegistry::start(move |seen| match count.fetch_add(1, Ordering::Relaxed) {
            0 => Answer::status(429).header("retry-after", "1"),
            _ => honest[&seen.path].clone(),
        });
    let begun = Instant::now();
    read(&registry, Credentials::default()).unwrap();
    assert!(begun.elapsed() >= Duration::from_secs(1));

    for wait in ["60", "18446744073709551615", "never"] {
        let busy = Answer::status(429).header("retry-after", wait);
        let error = lie(&manifest(), busy);
        assert!(matches!(error, ImageError::Busy { status: 429, .. }), "{wait}: {error}");
    }
    assert!(matches!(lie(&manifest(), Answer::status(503)), ImageError::Busy { .. }));
    assert!(matches!(lie(&manifest(), Answer::status(403)), ImageError::Unauthorized { .. }));
    assert!(matches!(lie(&manifest(), Answer::status(418)), ImageError::Source { .. }));
}

/// Asks for a token, gives one to ada, and serves the image to who shows it.
fn with_tokens(seen: &Seen, honest: &BTreeMap<String, Answer>) -> Answer {
    if seen.path.starts_with("/token?") {
        let is_ada = seen.authorization.as_deref() == Some("Basic YWRhOmh1bnRlcjI=");
        let token = if is_ada { r#"{"token":"t0k3n","expires_in":300}"# } else { "{}" };
        return Answer::bytes(token).header("content-type", "application/json");
    }
    if seen.authorization.as_deref() == Some("Bearer t0k3n") {
        return honest[&seen.path].clone();
    }
    let challenge = format!(
        "Bearer realm=\"http://{}/token\",service=\"test\",scope=\"repository:fn:push,pull\"",
        seen.host
    );
    Answer::status(401).header("www-authenticate", &challenge)
}

#[test]
fn a_token_is_asked_for_once_and_only_to_pull() {
    let honest = answers();
    let registry = ScriptedRegistry::start(move |seen| with_tokens(seen, &honest));
    read(&registry, login(&registry)).unwrap();
    let seen = registry.seen();
    let tokens: Vec<&Seen> = seen.iter().filter(|it| it.path.starts_with("/token")).collect();
    assert_eq!(tokens.len(), 1, "{seen:?}");
    assert!(tokens[0].path.contains("scope=repository%3Afn%3Apull"), "{}", tokens[0].path);
    assert!(!tokens[0].path.contains("push"));
    let with_password = seen
        .iter()
        .filter(|it| it.authorization.as_deref().is_some_and(|it| it.starts_with("Basic")));
    assert!(with_password.into_iter().all(|it| it.path.starts_with("/token")));
    assert!(read(&registry, Credentials::default()).is_err());
}

#[test]
fn a_redirect_to_another_host_takes_no_credential_along() {
    let storage = ScriptedRegistry::serving(answers());
    let host = storage.host();
    let honest = answers();
    let registry = ScriptedRegistry::start(move |seen| match with_tokens(seen, &honest) {
        _ if seen.path.contains("/blobs/") && seen.authorization.is_some() => {
            Answer::redirect(&format!("http://{host}{}", seen.path))
        }
        answer => answer,
    });
    read(&registry, login(&registry)).unwrap();
    let seen = storage.seen();
    assert_eq!(seen.len(), 2, "{seen:?}");
    assert!(seen.iter().all(|it| it.authorization.is_none()), "{seen:?}");
}

#[test]
fn redirects_without_end_end() {
    let error = lie(&manifest(), Answer::redirect("/v2/fn/manifests/1"));
    assert!(matches!(error, ImageError::Source { .. }), "{error}");
}
