//! Which packages come from the base image: the layers decide, and what is merely said does not.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use inventory::{Base, BaseFault, Inventory, NamedBy, Origin, take};
use oci_image::{Access, Addresses, Image, Limits, Opener, Platform};
use tempfile::TempDir;
use testkit::image::{Beside, BuiltImage, ImageBuilder, LayerBuilder, Packing, digest};
use testkit::registry::{Answer, ScriptedRegistry, answers_of};
use verdict::{PinnedImage, Role, Subject};

const NAME: &str = "org.opencontainers.image.base.name";
const DIGEST: &str = "org.opencontainers.image.base.digest";

/// A layer with one npm package.
fn layer(name: &str) -> LayerBuilder {
    let package = format!(r#"{{"name":"{name}","version":"1.0.0"}}"#);
    LayerBuilder::new().file(&format!("app/node_modules/{name}/package.json"), package)
}

fn of(layers: &[&str]) -> ImageBuilder {
    layers.iter().fold(ImageBuilder::new(), |image, name| image.layer(layer(name)))
}

/// A registry, into which images are put once its name is known, and who reads there.
struct World {
    registry: ScriptedRegistry,
    answers: Arc<Mutex<BTreeMap<String, Answer>>>,
    opener: Opener,
}

impl World {
    fn new() -> Self {
        let answers: Arc<Mutex<BTreeMap<String, Answer>>> = Arc::default();
        let kept = Arc::clone(&answers);
        let registry = ScriptedRegistry::start(move |seen| {
            kept.lock().unwrap().get(&seen.path).cloned().unwrap_or(Answer::status(404))
        });
        let access = Access { addresses: Addresses::Any, ..Access::default() };
        Self { registry, answers, opener: Opener::new(access).unwrap() }
    }

    fn put(&self, repository: &str, image: &BuiltImage) {
        self.answers.lock().unwrap().extend(answers_of(image, repository, "1"));
    }

    fn host(&self) -> String {
        self.registry.host()
    }

    fn open(&self, declared: &str) -> Image {
        self.opener.open(declared, &Platform::linux_amd64(), &Limits::default()).unwrap()
    }

    /// What `fn` is built on, where the asker names a base, or nobody but the image does.
    fn ask(&self, base: Option<&BuiltImage>) -> Result<Option<Base>, BaseFault> {
        let base = base.map(|base| PinnedImage {
            repository: format!("{}/base", self.host()),
            digest: base.digest().parse().unwrap(),
        });
        self.ask_of(&self.open(&format!("docker://{}/fn:1", self.host())), base)
    }

    fn ask_of(&self, image: &Image, base: Option<PinnedImage>) -> Result<Option<Base>, BaseFault> {
        let subject = Subject {
            function: None,
            namespace: None,
            declared: "fn".to_owned(),
            image: image.pinned().clone(),
            index: None,
            base,
            platform: Platform::linux_amd64(),
            role: Role::Made,
            place: image.place(),
            generation: None,
        };
        Base::of(image, &subject, &self.opener)
    }

    /// The inventory of `fn`, told apart by a base that the asker names.
    fn inventory(&self, base: &BuiltImage) -> Inventory {
        let base = self.ask(Some(base)).unwrap().unwrap();
        take(&self.open(&format!("docker://{}/fn:1", self.host()))).unwrap().on(base)
    }
}

/// A registry with this base and what is made on it.
fn world(base: &BuiltImage, made: &BuiltImage) -> World {
    let world = World::new();
    world.put("base", base);
    world.put("fn", made);
    world
}

#[test]
fn what_lies_in_the_bases_layers_comes_from_it_and_the_rest_is_own() {
    let (base, made) = (of(&["a", "b"]).build(), of(&["a", "b", "c"]).build());
    let world = world(&base, &made);
    let found = world.ask(Some(&base)).unwrap().unwrap();
    assert_eq!((found.layers, found.named_by), (2, NamedBy::Asker));
    assert_eq!(found.image.digest.to_string(), base.digest());

    let inventory = world.inventory(&base);
    let told: Vec<_> = inventory.packages.iter().map(|it| (&*it.name, it.origin)).collect();
    let (of_base, own) = (Some(Origin::Base), Some(Origin::Own));
    assert_eq!(told, [("a", of_base), ("b", of_base), ("c", own)]);
    assert_eq!(inventory.base, Some(found));
}

#[test]
fn a_package_of_the_base_that_a_later_layer_replaces_is_own() {
    let base = of(&["a"]).build();
    let newer = LayerBuilder::new()
        .file("app/node_modules/a/package.json", r#"{"name":"a","version":"2.0.0"}"#);
    let made = of(&["a"]).layer(newer).build();
    let inventory = world(&base, &made).inventory(&base);
    let told: Vec<_> = inventory.packages.iter().map(|it| (&*it.version, it.origin)).collect();
    assert_eq!(told, [("2.0.0", Some(Origin::Own))]);
}

#[test]
fn a_layer_that_was_packed_anew_is_the_same_layer() {
    let base = ImageBuilder::new().layer(layer("a").packing(Packing::Zstd)).build();
    let made = ImageBuilder::new().layer(layer("a").packing(Packing::Plain)).layer(layer("b"));
    let found = world(&base, &made.build()).ask(Some(&base));
    assert_eq!(found.unwrap().unwrap().layers, 1);
}

#[test]
fn layers_that_are_not_the_lowest_in_their_order_prove_nothing() {
    let made = of(&["a", "b"]).build();
    let check = |base: &BuiltImage| {
        let found = world(base, &made).ask(Some(base));
        assert!(matches!(found, Err(BaseFault::NotBelow(_))), "{found:?}");
    };
    check(&of(&["b"]).build()); // the same layer, at another place
    check(&of(&["b", "a"]).build()); // all of them, in another order
    check(&of(&["a", "c"]).build()); // its lowest only
    check(&of(&["a", "b", "c"]).build()); // it is the image that is the base
    check(&of(&[]).build()); // a base without a layer brought nothing
    check(&made); // itself
}

#[test]
fn the_annotation_is_believed_where_the_layers_bear_it_out() {
    let base = of(&["a"]).build();
    for (name, repository) in [(Some("base:1"), "base"), (Some("base"), "base"), (None, "fn")] {
        let world = World::new();
        world.put(repository, &base);
        let made = of(&["a", "b"]).annotation(DIGEST, &base.digest());
        world.put(
            "fn",
            &match name {
                Some(name) => made.annotation(NAME, &format!("{}/{name}", world.host())).build(),
                None => made.build(),
            },
        );
        let found = world.ask(None).unwrap().unwrap();
        assert_eq!((found.layers, found.named_by), (1, NamedBy::Annotation));
        let expect = format!("{}/{repository}@{}", world.host(), base.digest());
        assert_eq!(found.image.to_string(), expect);
    }
}

#[test]
fn an_annotation_that_names_an_index_means_its_image_of_the_same_platform() {
    let (base, foreign) = (of(&["a"]).build(), of(&["x"]).build());
    let index = Beside::index("1", &[("linux/arm64", &foreign), ("linux/amd64", &base)]);
    let world = World::new();
    world.put("fn", &base);
    let answer = Answer::bytes(index.manifest.clone()).header("content-type", &index.media_type);
    world.answers.lock().unwrap().insert(format!("/v2/fn/manifests/{}", index.digest()), answer);
    world.put("fn", &of(&["a", "b"]).annotation(DIGEST, &index.digest()).build());
    assert_eq!(world.ask(None).unwrap().unwrap().image.digest.to_string(), base.digest());
}

#[test]
fn an_annotation_that_lies_is_not_believed() {
    let other = of(&["b"]).build();
    let world = World::new();
    world.put("fn", &other);
    world.put("fn", &of(&["a", "b"]).annotation(DIGEST, &other.digest()).build());
    let found = world.ask(None);
    assert!(matches!(found, Err(BaseFault::NotBelow(_))), "{found:?}");

    world.put("fn", &of(&["a"]).annotation(DIGEST, &digest(b"nothing")).build());
    let found = world.ask(None);
    assert!(matches!(found, Err(BaseFault::Unread(..))), "{found:?}");

    world.put("fn", &of(&["a"]).annotation(DIGEST, "sha256:12").build());
    let found = world.ask(None);
    assert!(matches!(found, Err(BaseFault::Digest(..))), "{found:?}");
}

#[test]
fn an_image_sends_nobody_to_another_registry() {
    let (world, elsewhere, base) = (World::new(), World::new(), of(&["a"]).build());
    elsewhere.put("base", &base);
    for name in [format!("{}/base:1", elsewhere.host()), "alpine:3".into(), "a b\n".into()] {
        let made = of(&["a", "b"]).annotation(DIGEST, &base.digest()).annotation(NAME, &name);
        world.put("fn", &made.build());
        let found = world.ask(None);
        assert!(matches!(found, Err(BaseFault::Elsewhere(_))), "{found:?}");
    }
    assert_eq!(elsewhere.registry.seen(), []);
}

#[test]
fn an_image_of_a_layout_may_have_its_base_beside_it_and_nowhere_else() {
    let (world, folder) = (World::new(), TempDir::new().unwrap());
    let base = of(&["a"]).build();
    world.put("base", &base);
    let name = format!("{}/base:1", world.host());
    let made = of(&["a", "b"]).annotation(DIGEST, &base.digest()).annotation(NAME, &name);
    made.build().write_layout(folder.path(), "1", &[]);
    let image = world.open(&format!("oci:{}:1", folder.path().display()));
    assert!(matches!(world.ask_of(&image, None), Err(BaseFault::Unread(..))));
    assert_eq!(world.registry.seen(), []);

    for (path, bytes) in base.layout_files("base", &[]) {
        if path.starts_with("blobs/") {
            std::fs::write(folder.path().join(path), bytes).unwrap();
        }
    }
    assert_eq!(world.ask_of(&image, None).unwrap().unwrap().layers, 1);
}

#[test]
fn labels_and_names_without_a_digest_say_nothing() {
    let world = World::new();
    let labels = serde_json::json!({DIGEST: of(&["a"]).build().digest(), NAME: "alpine"});
    world.put("fn", &of(&["a", "b"]).run("Labels", labels).annotation(NAME, "alpine:3").build());
    assert_eq!(world.ask(None).unwrap(), None);
}
