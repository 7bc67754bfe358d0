//! Promise: registries are reached through the proxies that the environment names, this machine
//! and what `no_proxy` names are not.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::time::Duration;

use oci_image::{Access, Addresses, ImageError, Limits, Opener, Platform, Proxies};
use testkit::image::{BuiltImage, ImageBuilder, LayerBuilder};
use testkit::registry::{Answer, ScriptedRegistry, answers_of};

const REGISTRY: &str = "registry.acme.test";

fn image() -> BuiltImage {
    ImageBuilder::new().layer(LayerBuilder::new().file("main", "program")).build()
}

/// A proxy that gives a registry's answers itself, in its name.
fn proxy() -> ScriptedRegistry {
    ScriptedRegistry::serving(answers_of(&image(), "fn", "1"))
}

fn open(name: &str, variables: &[(&str, &str)], insecure: bool) -> Result<(), ImageError> {
    let value = |name: &str| Some(variables.iter().find(|(it, _)| *it == name)?.1.to_owned());
    let access = Access {
        proxies: Proxies::read(value).unwrap(),
        insecure_registries: if insecure { vec![REGISTRY.to_owned()] } else { Vec::new() },
        // A proxy is the operator's own, at whatever address; all else must be public.
        addresses: Addresses::Public,
        answer_time_max: Duration::from_secs(3),
        ..Access::default()
    };
    let image = Opener::new(access)?.open(name, &Platform::linux_amd64(), &Limits::default())?;
    image.layers().iter().try_for_each(|it| image.layer(it)?.finish().map(drop))
}

fn named(proxy: &ScriptedRegistry) -> String {
    proxy.host().replace("127.0.0.1", "localhost")
}

#[test]
fn plain_http_goes_through_its_proxy() {
    let proxy = proxy();
    open(&format!("{REGISTRY}/fn:1"), &[("http_proxy", &named(&proxy))], true).unwrap();
    let seen = proxy.seen();
    assert!(seen.len() >= 3 && seen.iter().all(|it| it.host == REGISTRY), "{seen:?}");
}

#[test]
fn https_asks_its_proxy_for_a_tunnel() {
    let proxy = ScriptedRegistry::start(|_| Answer::status(403));
    let error = open(&format!("{REGISTRY}/fn:1"), &[("HTTPS_PROXY", &named(&proxy))], false);
    assert!(matches!(error, Err(ImageError::Source { .. })), "{error:?}");
    let seen = proxy.seen();
    let tunnel = format!("{REGISTRY}:443");
    assert!(!seen.is_empty() && seen.iter().all(|it| it.host == tunnel), "{seen:?}");
}

#[test]
fn what_no_proxy_names_is_reached_directly_and_so_is_this_machine() {
    let proxy = proxy();
    let variables = [("http_proxy", &*named(&proxy)), ("no_proxy", "acme.test")];
    open(&format!("{REGISTRY}/fn:1"), &variables, true).unwrap_err();
    assert_eq!(proxy.seen(), []);

    // It is not public either: nobody may ask for it from outside.
    let registry = self::proxy();
    open(&format!("{}/fn:1", registry.host()), &[("http_proxy", &named(&proxy))], true)
        .unwrap_err();
    assert_eq!((proxy.seen(), registry.seen()), (Vec::new(), Vec::new()));
}

#[test]
fn only_the_proxy_may_be_at_a_private_address() {
    let (proxy, inner) = (proxy(), self::proxy());
    let name = format!("{}/fn:1", named(&inner));
    open(&name, &[("https_proxy", "http://proxy.acme.test")], true).unwrap_err();
    assert_eq!((proxy.seen(), inner.seen()), (Vec::new(), Vec::new()));
}

/// Its address is let through for its own sake: nobody is to ask its host for more than that.
#[test]
fn the_host_of_the_proxy_is_no_registry() {
    let (proxy, beside) = (proxy(), self::proxy());
    for variables in [
        &[("http_proxy", &*named(&proxy))][..],
        &[("https_proxy", &*named(&proxy)), ("no_proxy", "*")],
    ] {
        open(&format!("{}/fn:1", named(&beside)), variables, true).unwrap_err();
    }
    assert_eq!((proxy.seen(), beside.seen()), (Vec::new(), Vec::new()));
}
