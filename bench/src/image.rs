//! The image that scanning is measured on: Debian bookworm, minbase and a handful of packages
//! (about 100 MB as gzip), made once into target/bench by mmdebstrap.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use testkit::image::{ImageBuilder, Packing};

const PACKAGES: &str = "python3,git,perl,openssl,curl";

/// The layout, made if it is not there yet.
pub(crate) fn debian() -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/bench");
    let layout = folder.join("debian");
    if layout.join("index.json").exists() {
        return layout;
    }
    fs::create_dir_all(&folder).expect("a folder below target");
    let tar = folder.join("debian.tar");
    if !tar.exists() {
        println!("making a Debian root filesystem ({PACKAGES}) once, into {}", tar.display());
        let status = Command::new("mmdebstrap")
            .args(["--quiet", "--variant=minbase"])
            .arg(format!("--include={PACKAGES}"))
            .args(["bookworm".as_ref(), tar.as_os_str()])
            .status()
            .expect("mmdebstrap: `make tools` installs it");
        assert!(status.success(), "mmdebstrap failed");
    }
    let bytes = fs::read(&tar).expect("the root filesystem");
    ImageBuilder::new().layer_tar(&bytes, Packing::Gzip).build().write_layout(&layout, "1", &[]);
    layout
}
