//! Promise: an image of a real container daemon is read as any other, and a bare name means the
//! daemon's image if it has one, else the registry's; which of the two it was can be told.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use oci_image::{Access, Addresses, Daemon, Image, ImageError, Limits, Opener, Place, Platform};
use testkit::dockerd::Dockerd;
use testkit::image::{Flavour, ImageBuilder, LayerBuilder};
use testkit::registry::Registry;

fn open(socket: &std::path::Path, name: &str) -> Result<Image, ImageError> {
    let daemon = Some(Daemon::at(socket));
    let access = Access { daemon, addresses: Addresses::Any, ..Access::default() };
    Opener::new(access).unwrap().open(name, &Platform::linux_amd64(), &Limits::default())
}

#[test]
fn an_image_is_found_in_the_daemon_and_else_in_the_registry() {
    let (dockerd, registry) = (Dockerd::start(), Registry::start());
    let folder = tempfile::tempdir().unwrap();
    let built = ImageBuilder::new()
        .flavour(Flavour::Docker)
        .layer(LayerBuilder::new().file("main", vec![7; 100_000]))
        .layer(LayerBuilder::new().file("etc/os-release", "ID=alpine\n"))
        .build();
    let (archive, layout) = (folder.path().join("a.tar"), folder.path().join("layout"));
    built.write_docker_archive(&archive, "acme/fn:1");
    dockerd.load(&archive);

    let socket = dockerd.socket();
    for name in ["docker-daemon:acme/fn:1", "acme/fn:1", "docker.io/acme/fn:1"] {
        let image = open(&socket, name).unwrap();
        assert_eq!(image.place(), Place::Local, "{name}");
        assert_eq!(image.pinned().repository, "docker.io/acme/fn");
        assert_eq!(image.config_digest().to_string(), built.config, "docker's image id");
        let layers = image.layers().iter().map(|it| image.layer(it).unwrap().finish().unwrap());
        assert_eq!(layers.count(), 2);
    }

    let oci = ImageBuilder::new().layer(LayerBuilder::new().file("main", "x")).build();
    oci.write_layout(&layout, "v1", &[]);
    registry.push(&layout, "v1", "fn:1");
    let name = format!("{}/fn:1", registry.host());
    let image = open(&socket, &name).unwrap();
    assert_eq!(image.place(), Place::Registry);
    assert_eq!(image.pinned().digest.to_string(), oci.digest());
    let error = open(&socket, &format!("docker-daemon:{name}")).unwrap_err();
    assert!(matches!(error, ImageError::NotFound(_)), "{error}");

    drop(dockerd);
    assert_eq!(open(&socket, &name).unwrap().place(), Place::Registry, "without a daemon too");
}
