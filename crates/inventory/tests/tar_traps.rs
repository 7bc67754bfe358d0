//! What tars, layers and images may look like (scanning reference §3.1), as GNU tar and builders
//! write them; and that every trap of §3.1 and §3.3 has a test, in whichever crate shows it.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::ffi::OsStr;
use std::fs;
use std::io::{Seek as _, SeekFrom, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::process::Command;

use inventory::{Inventory, take};
use oci_image::{Access, Limits, Opener, Platform};
use tempfile::TempDir;
use testkit::image::{Beside, ImageBuilder, LayerBuilder, Packing, digest, pack};

fn try_take(image: ImageBuilder) -> Result<Inventory, String> {
    let folder = TempDir::new().unwrap();
    image.build().write_layout(folder.path(), "1", &[]);
    let opener = Opener::new(Access::default()).unwrap();
    let declared = format!("oci:{}:1", folder.path().display());
    let image = opener.open(&declared, &Platform::linux_amd64(), &Limits::default()).unwrap();
    take(&image).map_err(|error| {
        std::iter::successors(Some(&error as &dyn std::error::Error), |it| it.source())
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join(": ")
    })
}

/// Compares packages, each as `path name version @layer`; nothing else is told.
fn check(image: ImageBuilder, expected: &[&str]) {
    let inventory = try_take(image).unwrap();
    assert_eq!(inventory.notes, []);
    let packages = inventory.packages.iter();
    let line = |it: &inventory::Package| {
        format!("{} {} {} @{}", it.path, it.name, it.version, it.layer.index)
    };
    assert_eq!(packages.map(line).collect::<Vec<_>>(), expected);
}

fn image(layers: Vec<LayerBuilder>) -> ImageBuilder {
    layers.into_iter().fold(ImageBuilder::new(), ImageBuilder::layer)
}

fn layer() -> LayerBuilder {
    LayerBuilder::new()
}

const A: &str = "app/node_modules/a/package.json";
const SHOWN: &str = "app/node_modules/a/package.json a 1 @0";
const PACKAGE: &str = r#"{"name":"a","version":"1"}"#;

/// A folder as GNU tar stores it.
fn gnu_tar(folder: &Path, arguments: &[&str]) -> Vec<u8> {
    let mut tar = Command::new("tar");
    let output =
        tar.arg("-C").arg(folder).args(arguments).args(["-cf", "-", "."]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

fn write(folder: &Path, path: &OsStr, content: &str) {
    let path = folder.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}

#[test]
fn names_that_no_field_holds_are_read_in_each_format() {
    let folder = TempDir::new().unwrap();
    let deep = format!("{}/node_modules/a/package.json", vec!["d".repeat(150); 6].join("/"));
    write(folder.path(), OsStr::new(&deep), PACKAGE);
    write(folder.path(), OsStr::from_bytes(b"\xff/node_modules/a/package.json"), PACKAGE);
    let linked = format!("{}/node_modules/b/package.json", "l".repeat(200));
    write(folder.path(), OsStr::new(&linked), PACKAGE);
    fs::remove_file(folder.path().join(&linked)).unwrap();
    fs::hard_link(folder.path().join(&deep), folder.path().join(&linked)).unwrap();
    for format in ["gnu", "pax", "oldgnu"] {
        let tar = gnu_tar(folder.path(), &[&format!("--format={format}")]);
        let expected =
            [r"\xff/node_modules/a/package.json", &deep, &linked].map(|it| format!("{it} a 1 @0"));
        let expected = expected.each_ref().map(String::as_str);
        check(ImageBuilder::new().layer_tar(&tar, Packing::Gzip), &expected);
    }
}

#[test]
fn sparse_files_are_read_with_their_holes_in_each_format() {
    let folder = TempDir::new().unwrap();
    write(folder.path(), OsStr::new("lib/apk/db/installed"), "P:a\nV:1\n\n");
    let mut file =
        fs::File::options().write(true).open(folder.path().join("lib/apk/db/installed")).unwrap();
    // Blank lines would be a shorter hole; a line that is one end to the other is none of apk's.
    for (at, text) in [(1 << 20, "\n\nP:b\nV:2\n\n"), (3 << 20, "\n\nP:c\nV:3\n\n")] {
        file.seek(SeekFrom::Start(at)).unwrap();
        file.write_all(text.as_bytes()).unwrap();
    }
    let formats: [&[&str]; 4] = [
        &["--format=gnu"],
        &["--format=pax", "--sparse-version=0.0"],
        &["--format=pax", "--sparse-version=0.1"],
        &["--format=pax", "--sparse-version=1.0"],
    ];
    for format in formats {
        let tar = gnu_tar(folder.path(), &[format, &["--sparse"]].concat());
        assert!(tar.len() < 1 << 20, "{format:?}: {} bytes", tar.len());
        let inventory = try_take(ImageBuilder::new().layer_tar(&tar, Packing::Plain)).unwrap();
        let names: Vec<&str> = inventory.packages.iter().map(|it| it.name.as_str()).collect();
        assert_eq!(names, ["a", "b", "c"], "{format:?}");
    }
}

#[test]
fn a_size_in_base_256_is_a_size() {
    let mut tar = layer().file(A, PACKAGE).file("b/node_modules/b/package.json", PACKAGE).tar();
    let size = u8::try_from(PACKAGE.len()).unwrap();
    tar[124..136].copy_from_slice(&[0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, size]);
    tar[148..156].fill(b' ');
    let sum: u32 = tar[..512].iter().map(|it| u32::from(*it)).sum();
    tar[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    let image = ImageBuilder::new().layer_tar(&tar, Packing::Plain);
    check(image, &[SHOWN, "b/node_modules/b/package.json a 1 @0"]);
}

#[test]
fn an_extended_header_without_end_is_past_a_limit() {
    let folder = TempDir::new().unwrap();
    write(folder.path(), OsStr::new("a"), "");
    let option = format!("--pax-option=comment:={}", "x".repeat(100_000));
    let tar = gnu_tar(folder.path(), &["--format=pax", &option]);
    check(ImageBuilder::new().layer_tar(&tar, Packing::Plain), &[]);
    // The header says a gigabyte, which does not come: nothing is made ready for it.
    let at = tar.chunks(512).position(|it| it.get(156) == Some(&b'x')).unwrap() * 512;
    let mut endless = tar;
    endless[at + 124..at + 136].copy_from_slice(b"10000000000\0");
    endless[at + 148..at + 156].fill(b' ');
    let sum: u32 = endless[at..at + 512].iter().map(|it| u32::from(*it)).sum();
    endless[at + 148..at + 156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    let error = try_take(ImageBuilder::new().layer_tar(&endless, Packing::Plain)).unwrap_err();
    assert!(error.contains("extended_header_bytes_max"), "{error}");
}

#[test]
fn a_torn_layer_has_no_inventory() {
    let tar = layer().file(A, PACKAGE).file("b", vec![7; 9000]).tar();
    let torn = |bytes: &[u8], packing| {
        ImageBuilder::new().layer_bytes(bytes.to_vec(), digest(&tar), packing)
    };
    for packing in [Packing::Plain, Packing::Gzip, Packing::Zstd] {
        let whole = pack(&tar, packing);
        check(torn(&whole, packing), &[SHOWN]);
        for left in [whole.len() - 1, whole.len() / 2, 1] {
            let error = try_take(torn(&whole[..left], packing));
            assert!(error.is_err(), "{packing:?} {left} of {}: {error:?}", whole.len());
        }
    }
}

#[test]
fn a_layer_that_can_be_read_in_pieces_is_a_layer() {
    // estargz: a member of gzip for each entry, a table of contents as the last of them.
    let tar = layer().file(".no.prefetch.landmark", "\n").file(A, PACKAGE);
    let tar = tar.file("stargz.index.json", r#"{"version":1,"entries":[]}"#).tar();
    let members: Vec<u8> = tar.chunks(1024).flat_map(|it| pack(it, Packing::Gzip)).collect();
    check(ImageBuilder::new().layer_bytes(members, digest(&tar), Packing::Gzip), &[SHOWN]);
    // zstd:chunked: the table is a frame that is to be skipped.
    let tar = layer().file(A, PACKAGE).tar();
    let mut frames: Vec<u8> = tar.chunks(1024).flat_map(|it| pack(it, Packing::Zstd)).collect();
    frames.extend([0x50, 0x2a, 0x4d, 0x18, 4, 0, 0, 0]);
    frames.extend(b"toc!");
    check(ImageBuilder::new().layer_bytes(frames, digest(&tar), Packing::Zstd), &[SHOWN]);
}

#[test]
fn layers_may_be_empty_and_the_same_twice() {
    let a = || layer().file(A, PACKAGE);
    check(image(vec![layer(), a(), layer()]), &[&SHOWN.replace("@0", "@1")]);
    check(image(vec![a(), a()]), &[SHOWN]);
    check(image(vec![a(), layer().whiteout("app"), a()]), &[&SHOWN.replace("@0", "@2")]);
    check(image(vec![]), &[]);
}

#[test]
fn a_history_of_another_length_changes_nothing() {
    let step = |is_empty: bool| serde_json::json!({"created_by": "x", "empty_layer": is_empty});
    for history in [vec![], vec![step(true)], vec![step(false), step(true), step(false)]] {
        check(image(vec![layer().file(A, PACKAGE)]).config("history", history), &[SHOWN]);
    }
}

#[test]
fn what_attests_an_image_is_not_taken_for_it() {
    let (image, attestation) =
        (image(vec![layer().file(A, PACKAGE)]).build(), image(vec![]).build());
    let folder = TempDir::new().unwrap();
    let index = Beside::index("1", &[("unknown/unknown", &attestation), ("linux/amd64", &image)]);
    image.write_layout(folder.path(), "alone", &[index]);
    let declared = format!("oci:{}:1", folder.path().display());
    let opener = Opener::new(Access::default()).unwrap();
    let opened = opener.open(&declared, &Platform::linux_amd64(), &Limits::default()).unwrap();
    assert_eq!(take(&opened).unwrap().packages.len(), 1);
}

#[test]
fn marks_of_the_lowest_layer_mean_nothing_and_are_no_files() {
    let marks = layer().whiteout(A).opaque("app").file(".wh.lib", "").whiteout("node_modules/b");
    let inventory = try_take(image(vec![marks.file(A, PACKAGE)])).unwrap();
    assert_eq!((inventory.packages.len(), inventory.notes), (1, vec![]));
    let named_so = layer().file(".wh.p/node_modules/a/package.json", PACKAGE);
    let folder_of_it = try_take(image(vec![named_so])).unwrap();
    assert_eq!(folder_of_it.packages.len(), 1, "only the last part of a name marks");
}

#[test]
fn a_device_in_its_place_takes_a_file_away() {
    // Some tars of overlay file systems have a device 0:0 for what is gone.
    let device = |path: &str| {
        let tar = layer().symlink(path, "").tar();
        let mut tar = tar;
        tar[156] = b'3';
        tar[148..156].fill(b' ');
        let sum: u32 = tar[..512].iter().map(|it| u32::from(*it)).sum();
        tar[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        tar
    };
    for path in [A, "app/node_modules", "app"] {
        let below = image(vec![layer().file(A, PACKAGE)]);
        check(below.layer_tar(&device(path), Packing::Gzip), &[]);
    }
}

#[test]
fn a_database_that_is_overwritten_by_nothing_has_no_packages() {
    let installed = "lib/apk/db/installed";
    let below = || layer().file(installed, "P:a\nV:1\n\n");
    check(image(vec![below()]), &["lib/apk/db/installed a 1 @0"]);
    check(image(vec![below(), layer().file(installed, "")]), &[]);
    check(image(vec![below(), layer().file(installed, "\n")]), &[]);
    check(image(vec![below(), layer().symlink("lib", "usr/lib")]), &[]);
    check(image(vec![below(), layer().symlink("lib/apk/db", "/nowhere")]), &[]);
}

/// What goes wrong in scanners, and the test that shows it does not here.
const TRAPS: &[(&str, &str)] = &[
    // §3.1: squashing
    (
        "whiteouts only of what came before them",
        "a_whiteout_hides_what_is_below_and_not_its_own_layer",
    ),
    (
        "a link that a later whiteout takes away is followed",
        "a_whiteout_takes_a_link_away_before_an_entry_is_led_through_it",
    ),
    ("anything that begins as the opaque mark", "only_the_exact_mark_makes_a_folder_opaque"),
    ("AUFS's own files", "aufs_keeps_its_own_things_to_itself"),
    ("marks of the lowest layer", "marks_of_the_lowest_layer_mean_nothing_and_are_no_files"),
    ("another type without a whiteout", "a_change_of_type_replaces_without_a_mark"),
    ("lib and usr/lib", "parents_are_resolved_through_the_links_below"),
    ("an opaque mark through a link", "an_opaque_mark_is_not_followed_through_a_link"),
    ("hard links by name", "a_hard_link_is_bound_to_the_file_and_not_to_its_name"),
    (
        "hard links forward, across a deleted target",
        "a_hard_link_to_a_file_of_another_kind_of_name_is_read",
    ),
    (
        "hard links to what the layer takes away",
        "a_hard_link_outlives_what_its_own_layer_takes_away",
    ),
    ("names with ./ and /, and twice", "names_are_one_however_they_are_written"),
    ("names that lead out, loops", "entries_that_lead_out_and_loops_of_links_do_no_harm"),
    ("long names, names that are no UTF-8", "names_that_no_field_holds_are_read_in_each_format"),
    ("sparse files", "sparse_files_are_read_with_their_holes_in_each_format"),
    ("base-256 sizes", "a_size_in_base_256_is_a_size"),
    ("huge extended headers", "an_extended_header_without_end_is_past_a_limit"),
    ("devices 0:0", "a_device_in_its_place_takes_a_file_away"),
    ("truncated layers", "a_torn_layer_has_no_inventory"),
    ("gzip members, zstd frames", "gzip_members_and_zstd_frames_are_read_as_one"),
    ("skippable frames", "skippable_frames_are_skipped_and_garbage_is_not"),
    ("estargz, zstd:chunked", "a_layer_that_can_be_read_in_pieces_is_a_layer"),
    ("uncompressed layers", "zstd_plain_and_gzip_layers_are_one"),
    ("foreign layers", "a_foreign_layer_that_is_not_there_is_named"),
    ("empty layers, a layer twice", "layers_may_be_empty_and_the_same_twice"),
    ("attestations in an index", "what_attests_an_image_is_not_taken_for_it"),
    ("a history of another length", "a_history_of_another_length_changes_nothing"),
    (
        "a file overwritten by one without packages",
        "a_database_that_is_overwritten_by_nothing_has_no_packages",
    ),
    (
        "removed and added again",
        "a_package_belongs_to_the_first_layer_of_its_last_unbroken_presence",
    ),
    ("all of it at once", "random_layers_are_squashed_as_umoci_unpacks_them"),
    // §3.3: package databases
    ("dpkg: what is not installed", "only_packages_whose_files_are_there_count"),
    ("dpkg: sources and rebuilds", "the_source_may_have_a_name_and_a_version_of_its_own"),
    ("dpkg: status.d", "distroless_has_a_file_a_package"),
    ("dpkg: lists of files", "what_dpkg_installed_is_dpkgs"),
    ("apk: origins, both places", "a_stanza_is_a_package"),
    ("rpm: SQLite", "sqlite_in_all_its_shapes"),
    ("rpm: NDB", "ndb_records_in_any_order"),
    ("rpm: BDB of either order of bytes", "berkeley_db_in_both_orders_of_bytes"),
    ("rpm: keys", "keys_are_no_packages"),
    ("rpm: epoch, architecture, source", "a_database_has_the_packages_that_rpm_lists"),
    (
        "rpm: packages of another vendor",
        "a_package_of_another_vendor_is_not_judged_by_the_distributions_advisories",
    ),
    ("rpm: a log beside the database", "a_log_beside_the_database_is_told"),
    ("rpm: lists of files", "what_a_package_brought_of_a_language_is_that_packages"),
];

#[test]
fn each_trap_has_its_test() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut text = String::new();
    for folder in ["crates", "tests"] {
        read_into(&root.join(folder), &mut text);
    }
    for (trap, name) in TRAPS {
        let is_there = ["", "    "]
            .iter()
            .any(|indent| text.contains(&format!("#[test]\n{indent}fn {name}()")));
        assert!(is_there, "{trap}: no test {name}");
    }
}

/// The Rust sources below a folder.
fn read_into(folder: &Path, text: &mut String) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("target") {
            read_into(&path, text);
        } else if path.extension().is_some_and(|it| it == "rs") {
            text.push_str(&fs::read_to_string(&path).unwrap());
        }
    }
}
