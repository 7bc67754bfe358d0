//! Images that are made to eat memory.

use std::io::Write as _;
use std::path::Path;

use oci_image::Limits;
use testkit::image::{LayerBuilder, Packing};

use crate::Measured;
use crate::image::{Deflating, layout_of};
use crate::part::Part;

pub(crate) fn measure() -> Vec<Measured> {
    vec![
        many_files(),
        bomb(),
        database("a package database of 80 MB", "20000 packages", &status_of(20_000, 4_000)),
        database("a package database of one line of 200 MB", "limit", &one_line()),
    ]
}

fn check(what: &str, layout: &Path, limits: Limits, said: &str, memory_max: f64) -> Measured {
    let cost = Part { limits, ..Part::new("scan", layout) }.run();
    println!("{what}: {:.1} s, {:.0} MB, {}", cost.wall_s, cost.memory_mb, cost.said);
    let mut measured = Measured::at_most(what, cost.memory_mb, memory_max, "MB");
    measured.holds &= cost.said.contains(said);
    measured
}

fn many_files() -> Measured {
    let layout = layout_of("files", || {
        let mut layer = Deflating::default();
        let tar = LayerBuilder::new().packing(Packing::Plain).file("f", "").tar();
        let mut header = tar[..512].to_vec();
        for number in 0..3_000_000 {
            let name = format!("srv/{:03}/{number:08}", number / 10_000);
            header[..name.len()].copy_from_slice(name.as_bytes());
            header[148..156].fill(b' ');
            let sum: u32 = header.iter().map(|&it| u32::from(it)).sum();
            header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
            layer.write_all(&header).expect("memory");
        }
        layer.write_all(&[0; 1024]).expect("memory");
        layer.image()
    });
    let limits = Limits { entries_max: 4_000_000, ..Limits::default() };
    check("3 million empty files in one layer, memory", &layout, limits, "0 packages", 200.0)
}

/// Zeros without end, as members of gzip that are all alike.
fn bomb() -> Measured {
    let layout = layout_of("bomb", || {
        let mut member = Deflating::default();
        let zeros = vec![0; 1 << 20];
        (0..64).for_each(|_| member.write_all(&zeros).expect("memory"));
        let mut layer = Deflating::default();
        let mut header =
            LayerBuilder::new().packing(Packing::Plain).file("f", "").tar()[..512].to_vec();
        header[124..136].copy_from_slice(format!("{:011o}\0", 7_u64 << 30).as_bytes());
        header[148..156].fill(b' ');
        let sum: u32 = header.iter().map(|&it| u32::from(it)).sum();
        header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        layer.write_all(&header).expect("memory");
        layer.followed_by(&member.packed(), 320)
    });
    check("a bomb of 20 GB of zeros, memory", &layout, Limits::default(), "limit", 64.0)
}

fn database(what: &str, said: &str, status: &[u8]) -> Measured {
    let name = said.replace(' ', "-");
    let layout = layout_of(&name, || {
        let mut layer = Deflating::default();
        let tar =
            LayerBuilder::new().packing(Packing::Plain).file("var/lib/dpkg/status", status).tar();
        layer.write_all(&tar).expect("memory");
        layer.image()
    });
    let limits =
        Limits { file_bytes_max: 256 << 20, compression_ratio_max: 10_000, ..Limits::default() };
    check(&format!("{what}, memory"), &layout, limits, said, 64.0)
}

fn status_of(packages: usize, description: usize) -> Vec<u8> {
    let mut text = Vec::new();
    for number in 0..packages {
        let description = format!("{number} words ").repeat(description / 12);
        let stanza = format!(
            "Package: p{number}\nStatus: install ok installed\nArchitecture: all\nVersion: 1\n\
             Description: {description}\n\n"
        );
        text.extend_from_slice(stanza.as_bytes());
    }
    text
}

fn one_line() -> Vec<u8> {
    let mut text = b"Package: ".to_vec();
    text.resize(200_000_000, b'a');
    text.extend_from_slice(b"\nStatus: install ok installed\nVersion: 1\n");
    text
}
