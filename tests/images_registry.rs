//! Promise: an image in a real registry is opened by tag and by digest, whole and as it was
//! pushed; who may not read it is told so, and a registry that is not there is no empty one.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use oci_image::{
    Access, Addresses, Credentials, Image, ImageError, Limits, Opener, Place, Platform, Which,
};
use testkit::image::{BuiltImage, ImageBuilder, LayerBuilder, Packing};
use testkit::registry::{PASSWORD, Registry, USER};

fn image() -> BuiltImage {
    ImageBuilder::new()
        .layer(LayerBuilder::new().dir("etc").file("etc/os-release", "ID=alpine\n"))
        .layer(LayerBuilder::new().packing(Packing::Plain).whiteout("etc/os-release"))
        .layer(LayerBuilder::new().file("main", vec![7; 300_000]))
        .build()
}

fn opener(credentials: Credentials) -> Opener {
    Opener::new(Access { credentials, addresses: Addresses::Any, ..Access::default() }).unwrap()
}

fn login(registry: &Registry, user: &str, password: &str) -> Credentials {
    let mut credentials = Credentials::default();
    let entry = serde_json::json!({"username": user, "password": password});
    let config = serde_json::json!({"auths": {registry.host(): entry}});
    credentials.add(config.to_string().as_bytes()).unwrap();
    credentials
}

fn open(opener: &Opener, name: &str) -> Result<Image, ImageError> {
    opener.open(name, &Platform::linux_amd64(), &Limits::default())
}

fn push(registry: &Registry, image: &BuiltImage, name: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    image.write_layout(folder.path(), "v1", &[]);
    registry.push(folder.path(), "v1", name);
    folder
}

/// All layers read to their end: every digest and size is right.
fn inflated(image: &Image) -> Vec<u64> {
    image.layers().iter().map(|it| image.layer(it).unwrap().finish().unwrap()).collect()
}

fn rule(error: &ImageError) -> &'static str {
    assert!(!error.remedy().is_empty());
    error.rule().id
}

#[test]
fn a_pushed_image_is_the_same_by_tag_by_digest_and_in_its_layout() {
    let registry = Registry::start();
    let built = image();
    let layout = push(&registry, &built, "acme/fn:1");
    let opener = opener(Credentials::default());
    let name = format!("{}/acme/fn", registry.host());

    let by_tag = open(&opener, &format!("{name}:1")).unwrap();
    let by_digest = open(&opener, &format!("docker://{name}@{}", built.digest())).unwrap();
    let local = open(&opener, &format!("oci:{}:v1", layout.path().display())).unwrap();

    assert_eq!(by_tag.pinned().to_string(), format!("{name}@{}", built.digest()));
    assert_eq!(by_tag.pinned(), by_digest.pinned());
    assert_eq!(by_tag.pinned().digest, local.pinned().digest);
    assert_eq!((by_tag.place(), local.place()), (Place::Registry, Place::Local));
    assert_eq!(by_tag.config(), local.config());
    assert_eq!(by_tag.layers(), local.layers());
    assert_eq!(inflated(&by_tag), inflated(&local));
}

#[test]
fn an_image_in_docker_media_types_is_read_too() {
    let registry = Registry::start();
    let built = image();
    let folder = tempfile::tempdir().unwrap();
    built.write_layout(folder.path(), "v1", &[]);
    registry.push_as_docker(folder.path(), "v1", "fn:latest");
    let image = open(&opener(Credentials::default()), &format!("{}/fn", registry.host())).unwrap();
    let docker = "application/vnd.docker.distribution.manifest.v2+json";
    assert_eq!(image.manifest().media_type.as_deref(), Some(docker));
    assert_eq!(image.config_digest().to_string(), built.config);
    assert_eq!(inflated(&image).len(), 3);
}

#[test]
fn what_is_not_there_is_told_apart_from_what_cannot_be_asked() {
    let registry = Registry::start();
    let _layout = push(&registry, &image(), "fn:1");
    let opener = opener(Credentials::default());
    let host = registry.host();
    let error = open(&opener, &format!("{host}/fn:2")).unwrap_err();
    assert!(matches!(error, ImageError::NotFound(_)), "{error}");
    let image = open(&opener, &format!("{host}/fn:1")).unwrap();
    assert_eq!(image.repository().manifest(&Which::Tag("sha256-x.sig".to_owned())).unwrap(), None);

    drop(registry);
    let error = open(&opener, &format!("{host}/fn:1")).unwrap_err();
    assert!(matches!(error, ImageError::Source { .. }), "{error}");
    assert_eq!(rule(&error), "image-unreachable");
    let asked = image.repository().manifest(&Which::Tag("sha256-x.sig".to_owned()));
    assert!(asked.is_err(), "a registry that is down has no signatures: {asked:?}");
}

#[test]
fn a_login_opens_what_is_closed_without_one() {
    let registry = Registry::start_with_login();
    let built = image();
    let _layout = push(&registry, &built, "acme/fn:1");
    let name = format!("{}/acme/fn:1", registry.host());

    for credentials in [Credentials::default(), login(&registry, USER, "wrong")] {
        let error = open(&opener(credentials), &name).unwrap_err();
        assert!(matches!(error, ImageError::Unauthorized { .. }), "{error}");
        assert_eq!(rule(&error), "image-unreachable");
        assert!(error.remedy().contains("docker login"));
    }
    let image = open(&opener(login(&registry, USER, PASSWORD)), &name).unwrap();
    assert_eq!(image.pinned().digest.to_string(), built.digest());
    assert_eq!(inflated(&image).len(), 3);
}

#[test]
fn a_name_that_came_over_the_network_does_not_reach_this_machine() {
    let registry = Registry::start();
    let _layout = push(&registry, &image(), "fn:1");
    let opener = Opener::new(Access::default()).unwrap();
    let port = registry.host().split_once(':').unwrap().1.to_owned();
    for host in [registry.host(), format!("localhost:{port}"), format!("[::1]:{port}")] {
        let error = open(&opener, &format!("{host}/fn:1")).unwrap_err();
        assert!(matches!(error, ImageError::Source { .. }), "{host}: {error}");
        let chain = format!("{:?}", error);
        assert!(chain.contains("NotPublic"), "{host}: {chain}");
    }
}

#[test]
fn checks_on_blocking_threads_read_side_by_side() {
    let registry = Registry::start();
    let _layout = push(&registry, &image(), "fn:1");
    let name = format!("{}/fn:1", registry.host());
    let opener = std::sync::Arc::new(opener(Credentials::default()));
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let readers: Vec<_> = (0..8)
        .map(|_| {
            let (opener, name) = (opener.clone(), name.clone());
            runtime.spawn_blocking(move || inflated(&open(&opener, &name).unwrap()))
        })
        .collect();
    for reader in readers {
        assert_eq!(runtime.block_on(reader).unwrap().len(), 3);
    }
}
