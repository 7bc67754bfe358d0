//! Images that are made to eat memory: each is bounded, and says which limit it ran into.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::process::Command;

use inventory::take;
use oci_image::{Access, Limits, Opener, Platform};
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;
use testkit::image::{ImageBuilder, LayerBuilder, Packing};

const MEMORY_KB_MAX: u64 = 64 << 10;
const INSTALLED: &str = "lib/apk/db/installed";

/// Runs in a process of its own, so that its memory is its own: says what it ended in, and the
/// most memory that it held.
#[test]
#[ignore = "the others run it"]
fn in_a_process_of_its_own() {
    let declared = std::env::var("HOSTILE_IMAGE").unwrap();
    let opener = Opener::new(Access::default()).unwrap();
    // Smaller than by default, so that tests need not hash what they make by the 100 MB.
    let limits = Limits { file_bytes_max: 8 << 20, ..Limits::default() };
    let image = opener.open(&declared, &Platform::linux_amd64(), &limits).unwrap();
    let said = match take(&image) {
        Ok(inventory) => {
            let notes: Vec<&String> = inventory.notes.iter().map(|it| &it.reason).collect();
            format!("packages={} {notes:?}", inventory.packages.len())
        }
        Err(error) => error.to_string(),
    };
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let peak = status.lines().find_map(|it| it.strip_prefix("VmHWM:")).unwrap();
    println!("\nsaid={said}\npeak={}", peak.trim().trim_end_matches(" kB"));
}

fn check(layer: LayerBuilder, expected: &str) {
    let folder = TempDir::new().unwrap();
    let layer = layer.packing(Packing::Plain);
    ImageBuilder::new().layer(layer).build().write_layout(folder.path(), "1", &[]);
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "in_a_process_of_its_own", "--ignored", "--nocapture"])
        .env("HOSTILE_IMAGE", format!("oci:{}:1", folder.path().display()))
        .output()
        .unwrap();
    let text = String::from_utf8(child.stdout).unwrap();
    let value = |key: &str| text.lines().find_map(|it| it.strip_prefix(key)).unwrap().to_owned();
    let (said, peak) = (value("said="), value("peak=").parse::<u64>().unwrap());
    assert!(said.contains(expected), "{said}");
    assert!(peak <= MEMORY_KB_MAX, "{peak} kB");
}

#[test]
fn a_database_of_one_endless_line() {
    check(LayerBuilder::new().file(INSTALLED, vec![b'P'; 7 << 20]), "holds no apk package");
    let named = [b"P:".to_vec(), vec![b'a'; 7 << 20], b"\nV:1\n".to_vec()].concat();
    check(LayerBuilder::new().file(INSTALLED, named), "line_bytes_max");
}

#[test]
fn a_database_past_the_limit_of_a_file() {
    check(LayerBuilder::new().file(INSTALLED, vec![b'\n'; 9 << 20]), "file_bytes_max");
}

#[test]
fn a_database_of_millions_of_packages() {
    let mut text = String::new();
    for number in 0..60_000 {
        writeln!(text, "P:{number}\nV:1\n").unwrap();
    }
    check(LayerBuilder::new().file(INSTALLED, text), "max = ");
}

#[test]
fn links_without_number() {
    let links = (0..220_000).fold(LayerBuilder::new(), |layer, number| {
        layer.symlink(&format!("l/{number}"), &format!("somewhere/else/{number}"))
    });
    check(links, "tree_bytes_max");
}

#[test]
fn packages_each_in_a_folder_of_its_own() {
    let packages = (0..60_000).fold(LayerBuilder::new(), |layer, number| {
        let text = format!("Name: p{number}\nVersion: 1\n");
        layer.file(&format!("{number}/a/b/x.egg-info"), text)
    });
    check(packages, "tree_bytes_max");
}

/// An rpm database of 80 MB, in 640 packages, by sqlite3. `filler` makes what the headers hold
/// behind what is wanted of them.
fn rpm_database(filler: impl Fn(u32) -> String) -> Vec<u8> {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("rpmdb.sqlite");
    let mut sqlite =
        Command::new("sqlite3").arg(&file).stdin(std::process::Stdio::piped()).spawn().unwrap();
    let mut input = sqlite.stdin.take().unwrap();
    let table = "CREATE TABLE Packages (hnum INTEGER PRIMARY KEY, blob BLOB NOT NULL);";
    writeln!(input, "PRAGMA synchronous=OFF; {table} BEGIN;").unwrap();
    for number in 0..640 {
        let values = format!("{:04}\01\01\0", number);
        let tags = [[1000_u32, 6, 0, 1], [1001, 6, 5, 1], [1002, 6, 7, 1]];
        let sizes = [3, values.len() as u32 + (128 << 10)];
        let words = sizes.iter().chain(tags.as_flattened()).flat_map(|it| it.to_be_bytes());
        let start = hex::encode(words.chain(values.into_bytes()).collect::<Vec<u8>>());
        writeln!(input, "INSERT INTO Packages VALUES ({number}, X'{start}{}');", filler(number))
            .unwrap();
    }
    writeln!(input, "COMMIT;").unwrap();
    drop(input);
    assert!(sqlite.wait().unwrap().success());
    fs::read(file).unwrap()
}

/// Bytes that nothing can deflate, in hexadecimal digits.
fn noise(number: u32, bytes: usize) -> String {
    let hash =
        |at: u32| hex::encode(Sha256::digest([number.to_be_bytes(), at.to_be_bytes()].concat()));
    (0..bytes as u32 / 32).map(hash).collect()
}

#[test]
fn an_rpm_database_of_80_mb_is_read() {
    // Deflates to a third, as the headers of packages do.
    let database = rpm_database(|number| noise(number, 40 << 10) + &"61".repeat(88 << 10));
    assert!(database.len() > 80 << 20);
    let layer = LayerBuilder::new().file("usr/lib/sysimage/rpm/rpmdb.sqlite", database);
    check(layer, "packages=640 []");
}

#[test]
fn an_rpm_database_of_80_mb_of_noise() {
    let database = rpm_database(|number| noise(number, 128 << 10));
    let layer = LayerBuilder::new().file("usr/lib/sysimage/rpm/rpmdb.sqlite", database);
    check(layer, "rpm_held_bytes_max");
}

#[test]
fn a_program_past_the_limit_of_a_file_that_seems_full_of_lists() {
    let program = [b"\x7fELF\x02\x01".to_vec(), b"\x78\x9c\x05\xff".repeat(8 << 20)].concat();
    check(LayerBuilder::new().file_with("bin/a", program, 0o755, 0, 0), "zlib_streams_max");
}

#[test]
fn an_archive_past_the_limit_of_a_file_that_is_none() {
    check(LayerBuilder::new().file("a.jar", b"PK".repeat(16 << 20)), "is no archive");
    let script = [b"#!/bin/sh\n".to_vec(), b"PK\x03".repeat(8 << 20)].concat();
    check(LayerBuilder::new().file("a.jar", script), "is no archive");
}
