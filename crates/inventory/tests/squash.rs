//! Each trap of squashing by name (scanning reference §3.1), through real layouts.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use inventory::{Inventory, take};
use oci_image::{Access, ImageError, Limits, Opener, Platform};
use tempfile::TempDir;
use testkit::image::{ImageBuilder, LayerBuilder, Packing};

fn try_take(layers: Vec<LayerBuilder>) -> Result<Inventory, ImageError> {
    take_image(layers.into_iter().fold(ImageBuilder::new(), ImageBuilder::layer))
}

fn take_image(image: ImageBuilder) -> Result<Inventory, ImageError> {
    let folder = TempDir::new().unwrap();
    let image = image.build();
    image.write_layout(folder.path(), "1", &[]);
    let opener = Opener::new(Access::default()).unwrap();
    let declared = format!("oci:{}:1", folder.path().display());
    take(&opener.open(&declared, &Platform::linux_amd64(), &Limits::default())?)
}

/// Compares packages, each as `path name version @layer`.
fn check(layers: Vec<LayerBuilder>, expected: &[&str]) {
    let inventory = try_take(layers).unwrap();
    let mut found: Vec<String> = inventory
        .packages
        .iter()
        .map(|it| format!("{} {} {} @{}", it.path, it.name, it.version, it.layer.index))
        .collect();
    found.sort();
    assert_eq!(found, expected);
}

fn layer() -> LayerBuilder {
    LayerBuilder::new()
}

fn npm(name: &str, version: &str) -> String {
    format!(r#"{{"name":"{name}","version":"{version}"}}"#)
}

/// An apk database of these packages, each `name version`.
fn apk(packages: &[&str]) -> String {
    let stanza = |it: &&str| {
        let (name, version) = it.split_once(' ').unwrap();
        format!("P:{name}\nV:{version}\n\n")
    };
    packages.iter().map(stanza).collect()
}

const A: &str = "app/node_modules/a/package.json";
const INSTALLED: &str = "lib/apk/db/installed";

#[test]
fn a_whiteout_hides_what_is_below_and_not_its_own_layer() {
    check(vec![layer().file(A, npm("a", "1")), layer().whiteout("app/node_modules/a")], &[]);
    check(vec![layer().file(A, npm("a", "1")), layer().whiteout(A)], &[]);
    let added_again = layer().file(A, npm("a", "2")).whiteout("app");
    check(
        vec![layer().file(A, npm("a", "1")), added_again],
        &["app/node_modules/a/package.json a 2 @1"],
    );
    check(
        vec![layer().whiteout("app").file(A, npm("a", "1"))],
        &["app/node_modules/a/package.json a 1 @0"],
    );
}

#[test]
fn only_the_exact_mark_makes_a_folder_opaque() {
    let below =
        || layer().file(A, npm("a", "1")).file("app/node_modules/b/package.json", npm("b", "1"));
    let own = "app/node_modules/c/package.json";
    check(
        vec![below(), layer().file(own, npm("c", "1")).opaque("app/node_modules")],
        &["app/node_modules/c/package.json c 1 @1"],
    );
    check(
        vec![below(), layer().file("app/node_modules/.wh..wh..opqX", "")],
        &["app/node_modules/a/package.json a 1 @0", "app/node_modules/b/package.json b 1 @0"],
    );
    check(
        vec![below(), layer().file("app/node_modules/.wh.", "")],
        &["app/node_modules/a/package.json a 1 @0", "app/node_modules/b/package.json b 1 @0"],
    );
}

#[test]
fn a_change_of_type_replaces_without_a_mark() {
    let below = || layer().file(A, npm("a", "1"));
    check(vec![below(), layer().file("app", "x")], &[]);
    check(vec![below(), layer().symlink("app", "elsewhere")], &[]);
    check(vec![below(), layer().file(A, "")], &[]);
    check(vec![below(), layer().dir(A)], &[]);
    let to_dir = vec![layer().symlink("app", "srv"), layer().dir("app/").file(A, npm("a", "1"))];
    check(to_dir, &["app/node_modules/a/package.json a 1 @1"]);
}

#[test]
fn parents_are_resolved_through_the_links_below() {
    let merged = |link: &str| layer().dir("usr/lib").symlink("lib", link);
    for link in ["usr/lib", "/usr/lib", "./usr/../usr/lib"] {
        check(
            vec![merged(link), layer().file(INSTALLED, apk(&["musl 1"]))],
            &["usr/lib/apk/db/installed musl 1 @1"],
        );
    }
    let above =
        vec![layer().symlink("lib", "../../../usr/lib"), layer().file(INSTALLED, apk(&["musl 1"]))];
    check(above, &["usr/lib/apk/db/installed musl 1 @1"]);
}

#[test]
fn an_opaque_mark_is_not_followed_through_a_link() {
    let below =
        layer().file("srv/node_modules/a/package.json", npm("a", "1")).symlink("app", "srv");
    check(
        vec![below, layer().dir("app").opaque("app")],
        &["srv/node_modules/a/package.json a 1 @0"],
    );
}

#[test]
fn an_opaque_mark_is_followed_through_a_link_of_its_own_layer() {
    // containerd and umoci alike; and to umoci a file is no folder that hides anything.
    let below = || layer().file("srv/node_modules/a/package.json", npm("a", "1"));
    check(vec![below(), layer().symlink("app", "srv").opaque("app")], &[]);
    check(
        vec![below(), layer().opaque("app").symlink("app", "srv")],
        &["srv/node_modules/a/package.json a 1 @0"],
    );
    let package = "srv/node_modules/a/package.json";
    check(vec![below(), layer().opaque(package)], &["srv/node_modules/a/package.json a 1 @0"]);
}

#[test]
fn a_hard_link_is_bound_to_the_file_and_not_to_its_name() {
    let linked = || {
        layer()
            .file("cache/node_modules/a/package.json", npm("a", "1"))
            .hardlink(A, "cache/node_modules/a/package.json")
    };
    check(vec![linked(), layer().whiteout("cache")], &["app/node_modules/a/package.json a 1 @0"]);
    check(
        vec![linked(), layer().file("cache/node_modules/a/package.json", npm("a", "2"))],
        &["app/node_modules/a/package.json a 1 @0", "cache/node_modules/a/package.json a 2 @1"],
    );
}

#[test]
fn a_hard_link_to_a_file_of_another_kind_of_name_is_read() {
    let one = vec![layer().file("store/42", npm("a", "1")).hardlink(A, "store/42")];
    check(one, &["app/node_modules/a/package.json a 1 @0"]);
    let below = vec![layer().file("store/42", npm("a", "1")), layer().hardlink(A, "store/42")];
    check(below, &["app/node_modules/a/package.json a 1 @1"]);
    let forward = vec![layer().hardlink(A, "store/42").file("store/42", npm("a", "1"))];
    check(forward, &["app/node_modules/a/package.json a 1 @0"]);
    let gone = vec![
        layer().file("store/42", npm("a", "1")).hardlink(A, "store/42"),
        layer().whiteout("store"),
    ];
    check(gone, &["app/node_modules/a/package.json a 1 @0"]);
}

#[test]
fn a_fixed_place_may_be_a_link_to_anywhere() {
    let link = layer().file("data/packages", apk(&["musl 1"])).symlink(INSTALLED, "/data/packages");
    check(vec![link], &["data/packages musl 1 @0"]);
}

#[test]
fn a_fixed_folder_may_be_a_link_to_anywhere() {
    let status = "Package: base\nVersion: 1\n";
    let behind = layer().file("data/status.d/base", status).symlink("var/lib/dpkg", "../../data");
    check(vec![behind], &["data/status.d/base base 1 @0"]);
}

#[test]
fn fixed_places_may_lead_to_one_path_or_above_each_other() {
    let usr = || layer().symlink("usr/lib", "/").symlink("etc/os-release", "/");
    let database = layer().file("usr/lib/apk/db/installed", apk(&["musl 1"]));
    check(vec![usr(), database], &["apk/db/installed musl 1 @1"]);
    let etc = layer().symlink("etc", "/x/y").symlink("usr/lib/os-release", "/x/y");
    let inventory = try_take(vec![etc, layer().file("etc/os-release", "ID=alpine\n")]).unwrap();
    assert_eq!(inventory.os_release.unwrap().id, "alpine");
}

#[test]
fn a_hard_link_outlives_what_its_own_layer_takes_away() {
    let cached = "cache/node_modules/a/package.json";
    let moved = layer().whiteout("cache").hardlink(A, cached);
    check(
        vec![layer().file(cached, npm("a", "1")), moved],
        &["app/node_modules/a/package.json a 1 @1"],
    );
}

#[test]
fn a_hard_link_means_what_has_the_name_when_it_comes() {
    // Nobody asks for it by its own name, and later in the layer something else has that.
    let below = || layer().file("store", npm("a", "1"));
    let shown = ["app/node_modules/a/package.json a 1 @1"];
    check(vec![below(), layer().hardlink(A, "store").symlink("store", "elsewhere")], &shown);
    check(vec![below(), layer().hardlink(A, "store").file("store", npm("a", "2"))], &shown);
    check(vec![below(), layer().hardlink(A, "store").whiteout("store")], &shown);
    // Held for its mode, and replaced by one that is not held.
    let powerful = layer().file_with("bin/su", "x", 0o4755, 0, 0);
    let replaced = layer().file("bin/su", "y").hardlink("bin/sudo", "bin/su");
    assert!(try_take(vec![powerful, replaced]).unwrap().files.is_empty());
}

#[test]
fn a_mode_that_a_hard_link_gives_is_told() {
    let mut tar = layer().file(A, npm("a", "1")).hardlink("bin/su", A).tar();
    let header = &mut tar[1024..1536];
    header[100..108].copy_from_slice(b"0004755\0");
    header[148..156].fill(b' ');
    let sum: u32 = header.iter().map(|it| u32::from(*it)).sum();
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    let inventory = take_image(ImageBuilder::new().layer_tar(&tar, Packing::Plain)).unwrap();
    let paths: Vec<&str> = inventory.files.iter().map(|it| it.path.as_str()).collect();
    assert_eq!(paths, [A, "bin/su"]);
}

#[test]
fn a_hard_link_to_nothing_is_a_note() {
    let inventory = try_take(vec![layer().hardlink(A, "nowhere")]).unwrap();
    assert!(inventory.notes[0].reason.contains("not there"), "{:?}", inventory.notes);
}

#[test]
fn a_whiteout_takes_a_link_away_before_an_entry_is_led_through_it() {
    let below = layer().dir("srv").symlink("app", "srv");
    let above = layer().file(A, npm("a", "1")).whiteout("app");
    check(vec![below, above], &["app/node_modules/a/package.json a 1 @1"]);
}

#[test]
fn links_that_make_a_path_endlessly_deep_are_past_the_limit() {
    let down = "d/".repeat(45);
    let mut deep = layer();
    let mut at = String::new();
    for _ in 0..30 {
        deep = deep.symlink(&format!("{at}l"), &down);
        at += "l/";
    }
    let error = try_take(vec![deep]).unwrap_err();
    assert!(error.to_string().contains("path_depth_max"), "{error}");
}

#[test]
fn names_are_one_however_they_are_written() {
    check(
        vec![
            layer().file("./app/node_modules/a/package.json", npm("a", "1")),
            layer().file("/app/node_modules/a/package.json", npm("a", "2")),
        ],
        &["app/node_modules/a/package.json a 2 @1"],
    );
    let long = format!("{}/node_modules/a/package.json", "d".repeat(150));
    check(vec![layer().file(&long, npm("a", "1"))], &[&format!("{long} a 1 @0")]);
    let twice = layer().file(A, npm("a", "1")).file(A, npm("a", "2"));
    check(vec![twice], &["app/node_modules/a/package.json a 2 @0"]);
}

#[test]
fn aufs_keeps_its_own_things_to_itself() {
    let plink = layer()
        .file(".wh..wh.plnk/node_modules/a/package.json", npm("a", "1"))
        .file(".wh..wh.aufs", "");
    check(vec![layer().file(A, npm("a", "1")), plink], &["app/node_modules/a/package.json a 1 @0"]);
}

#[test]
fn a_package_belongs_to_the_first_layer_of_its_last_unbroken_presence() {
    let db = |packages: &[&str]| layer().file(INSTALLED, apk(packages));
    check(
        vec![
            db(&["a 1", "b 1"]),
            db(&["a 1", "b 2", "c 1"]),
            db(&["a 1", "c 1"]),
            db(&["a 1", "b 2", "c 1"]),
        ],
        &[
            "lib/apk/db/installed a 1 @0",
            "lib/apk/db/installed b 2 @3",
            "lib/apk/db/installed c 1 @1",
        ],
    );
    check(
        vec![db(&["a 1"]), layer().whiteout("lib/apk"), db(&["a 1"])],
        &["lib/apk/db/installed a 1 @2"],
    );
    let in_one = layer().whiteout("lib/apk").file(INSTALLED, apk(&["a 1"]));
    check(vec![db(&["a 1"]), in_one], &["lib/apk/db/installed a 1 @0"]);
}

#[test]
fn zstd_plain_and_gzip_layers_are_one() {
    for packing in [Packing::Plain, Packing::Gzip, Packing::Zstd] {
        check(
            vec![layer().packing(packing).file(A, npm("a", "1"))],
            &["app/node_modules/a/package.json a 1 @0"],
        );
    }
}

#[test]
fn what_cannot_be_read_is_a_note_until_it_is_overwritten() {
    let broken = || layer().file(A, "{");
    let inventory = try_take(vec![broken()]).unwrap();
    assert_eq!(inventory.notes.len(), 1);
    assert_eq!(inventory.notes[0].path, A);
    assert!(try_take(vec![broken(), layer().file(A, npm("a", "1"))]).unwrap().notes.is_empty());
    assert!(try_take(vec![broken(), layer().whiteout(A)]).unwrap().notes.is_empty());
}

#[test]
fn files_whose_mode_gives_power_away_are_listed() {
    let powerful = layer()
        .file_with("bin/su", "x", 0o4755, 0, 0)
        .file_with("opt/tool", "x", 0o777, 1, 2)
        .file_with("bin/ls", "x", 0o755, 0, 0);
    let inventory =
        try_take(vec![powerful, layer().file_with("bin/su", "x", 0o755, 0, 0)]).unwrap();
    let paths: Vec<&str> = inventory.files.iter().map(|it| it.path.as_str()).collect();
    assert_eq!(paths, ["opt/tool"]);
}

#[test]
fn entries_that_lead_out_and_loops_of_links_do_no_harm() {
    let out = try_take(vec![layer().file("../../etc/passwd", "x")]).unwrap_err();
    assert!(out.to_string().contains("leads out"), "{out}");
    let looped = layer()
        .symlink("a", "b")
        .symlink("b", "a")
        .file("a/node_modules/x/package.json", npm("x", "1"));
    let looped = try_take(vec![looped]).unwrap_err();
    assert!(looped.to_string().contains("symbolic links"), "{looped}");
    let deep = try_take(vec![layer().file(&"d/".repeat(200), "x")]).unwrap_err();
    assert!(deep.to_string().contains("path_depth_max"), "{deep}");
}

#[test]
fn the_distribution_is_named_through_a_link() {
    let os = layer()
        .file("usr/lib/os-release", "ID=alpine\nVERSION_ID=3.20.3\n")
        .symlink("etc/os-release", "../usr/lib/os-release");
    let inventory = try_take(vec![os.file(INSTALLED, apk(&["musl 1"]))]).unwrap();
    assert_eq!(inventory.os_release.unwrap().id, "alpine");
    assert_eq!(inventory.packages[0].purl, "pkg:apk/alpine/musl@1?distro=alpine-3.20.3");
}
