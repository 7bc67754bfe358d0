//! The images that scanning is measured on, made once into target/bench.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest as _, Sha256};
use testkit::image::{BuiltImage, ImageBuilder, LayerBuilder, Packing};

const PACKAGES: &str = "python3,git,perl,openssl,curl";
const LARGE_PACKAGES: &str = "python3,git,perl,openssl,curl,nodejs,npm,default-jdk,golang";
/// How many layers the large image has: what a Dockerfile of some steps makes.
const LARGE_LAYERS: usize = 6;

/// Debian bookworm, minbase and a handful of packages (about 100 MB as gzip).
pub(crate) fn debian() -> PathBuf {
    layout_of("debian", || {
        let tar = rootfs("debian.tar", PACKAGES);
        ImageBuilder::new().layer_tar(&tar, Packing::Gzip).build()
    })
}

/// The same with languages, in layers of about the same size.
pub(crate) fn large() -> PathBuf {
    layout_of("large", || {
        let tar = rootfs("large.tar", LARGE_PACKAGES);
        let layers = split(&tar, LARGE_LAYERS);
        let add = |image: ImageBuilder, layer: &Vec<u8>| image.layer_tar(layer, Packing::Gzip);
        layers.iter().fold(ImageBuilder::new(), add).build()
    })
}

/// The large one as one layer.
pub(crate) fn large_in_one() -> PathBuf {
    layout_of("large-in-one", || {
        let tar = rootfs("large.tar", LARGE_PACKAGES);
        ImageBuilder::new().layer_tar(&tar, Packing::Gzip).build()
    })
}

/// As much as Alpine's minirootfs holds: a database of 15 packages, some hundred links to one
/// program, a C library.
pub(crate) fn alpine_like() -> PathBuf {
    layout_of("alpine-like", || {
        let package = |number: usize| {
            let files = (0..20).map(|file| format!("R:file{number}.{file}\n")).collect::<String>();
            format!(
                "P:package{number}\nV:1.{number}-r0\nA:x86_64\nL:MIT\no:package{number}\nF:usr/bin\n{files}\n"
            )
        };
        let database: String = (0..15).map(package).collect();
        let program = fs::read("/bin/bash").expect("a program");
        let layer = LayerBuilder::new()
            .file("lib/apk/db/installed", database)
            .file("etc/os-release", "ID=alpine\nVERSION_ID=3.20.3\n")
            .file_with("bin/busybox", &program, 0o755, 0, 0)
            .file_with("lib/libc.so", &program, 0o755, 0, 0);
        let link = |layer: LayerBuilder, number| {
            layer.symlink(&format!("usr/bin/applet{number}"), "/bin/busybox")
        };
        ImageBuilder::new().layer((0..300).fold(layer, link)).build()
    })
}

/// The layout of this name, made if it is not there yet.
pub(crate) fn layout_of(name: &str, make: impl FnOnce() -> BuiltImage) -> PathBuf {
    let layout = folder().join(name);
    if !layout.join("index.json").exists() {
        println!("making the image {name} once, into {}", layout.display());
        make().write_layout(&layout, "1", &[]);
    }
    layout
}

fn folder() -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/bench");
    fs::create_dir_all(&folder).expect("a folder below target");
    folder
}

fn rootfs(name: &str, packages: &str) -> Vec<u8> {
    let tar = folder().join(name);
    if !tar.exists() {
        let status = Command::new("mmdebstrap")
            .args(["--quiet", "--variant=minbase"])
            .arg(format!("--include={packages}"))
            .args(["bookworm".as_ref(), tar.as_os_str()])
            .status()
            .expect("mmdebstrap: `make tools` installs it");
        assert!(status.success(), "mmdebstrap failed");
    }
    fs::read(&tar).expect("the root filesystem")
}

/// A tar as several, each of whole entries: laid over each other they are what it was.
fn split(tar: &[u8], parts: usize) -> Vec<Vec<u8>> {
    let (mut layers, mut start, mut at) = (Vec::new(), 0, 0);
    while at + 512 <= tar.len() && tar[at] != 0 {
        let begun = at;
        loop {
            let digits = std::str::from_utf8(&tar[at + 124..at + 135]).expect("a size");
            let size = usize::from_str_radix(digits.trim_matches(['\0', ' ']), 8).expect("a size");
            // Extended headers go with the entry that they speak of.
            let goes_on = matches!(tar[at + 156], b'x' | b'g' | b'L' | b'K');
            at += 512 + size.next_multiple_of(512);
            if !goes_on {
                break;
            }
        }
        if begun - start > tar.len() / parts {
            layers.push([&tar[start..begun], &[0; 1024]].concat());
            start = begun;
        }
    }
    layers.push([&tar[start..at], &[0; 1024]].concat());
    layers
}

/// A layer that is deflated while it is made, for it is large only inflated.
pub(crate) struct Deflating {
    gzip: GzEncoder<Vec<u8>>,
    inflated: Sha256,
}

impl Default for Deflating {
    fn default() -> Self {
        let gzip = GzEncoder::new(Vec::new(), Compression::fast());
        Self { gzip, inflated: Sha256::new() }
    }
}

impl Write for Deflating {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.inflated.update(bytes);
        self.gzip.write_all(bytes)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Deflating {
    /// An image of this layer.
    pub(crate) fn image(self) -> BuiltImage {
        let diff_id = format!("sha256:{}", hex::encode(self.inflated.clone().finalize()));
        ImageBuilder::new().layer_bytes(self.packed(), diff_id, Packing::Gzip).build()
    }

    /// An image of this layer and of so many further members of gzip. It does not have the digest
    /// that it promises inflated: nobody is to inflate it so far.
    pub(crate) fn followed_by(self, member: &[u8], times: usize) -> BuiltImage {
        let diff_id = format!("sha256:{}", "0".repeat(64));
        let mut bytes = self.packed();
        (0..times).for_each(|_| bytes.extend_from_slice(member));
        ImageBuilder::new().layer_bytes(bytes, diff_id, Packing::Gzip).build()
    }

    pub(crate) fn packed(self) -> Vec<u8> {
        self.gzip.finish().expect("memory")
    }
}
