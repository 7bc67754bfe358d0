//! A real Debian root filesystem, made by mmdebstrap, has the packages that dpkg-query lists.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use inventory::{Ecosystem, take};
use oci_image::{Access, Limits, Opener, Platform};
use tempfile::TempDir;
use testkit::image::{ImageBuilder, Packing};

/// What dpkg-query prints of a package, and we of ours.
const FORMAT: &str =
    "${Package} ${Version} ${Architecture} ${source:Package} ${db:Status-Status}\n";

/// The root filesystem, made once into target/fixtures.
fn rootfs() -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/fixtures");
    let tar = folder.join("debian-bookworm-minbase.tar");
    if !tar.exists() {
        fs::create_dir_all(&folder).unwrap();
        let fresh = folder.join(format!("debian.{}.tar", std::process::id()));
        let arguments = ["--quiet", "--variant=minbase", "bookworm"];
        run(Command::new("mmdebstrap").args(arguments).arg(&fresh));
        fs::rename(&fresh, &tar).unwrap();
    }
    tar
}

fn run(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn listed_by_dpkg(tar: &Path, folder: &Path) -> Vec<String> {
    run(Command::new("tar").arg("-xf").arg(tar).arg("-C").arg(folder).arg("./var/lib/dpkg"));
    let admin = format!("--admindir={}", folder.join("var/lib/dpkg").display());
    let list = run(Command::new("dpkg-query").args([&admin, "-W", "-f", FORMAT]));
    let installed = list.lines().filter_map(|it| it.strip_suffix(" installed"));
    let mut lines: Vec<String> = installed.map(str::to_owned).collect();
    lines.sort();
    lines
}

#[test]
fn a_debian_root_has_the_packages_that_dpkg_lists() {
    let tar = rootfs();
    let folder = TempDir::new().unwrap();
    let expected = listed_by_dpkg(&tar, folder.path());
    assert!(expected.len() > 50, "{} packages", expected.len());

    let layout = folder.path().join("image");
    let bytes = fs::read(&tar).unwrap();
    ImageBuilder::new().layer_tar(&bytes, Packing::Plain).build().write_layout(&layout, "1", &[]);
    let opener = Opener::new(Access::default()).unwrap();
    let declared = format!("oci:{}:1", layout.display());
    let image = opener.open(&declared, &Platform::linux_amd64(), &Limits::default()).unwrap();
    let inventory = take(&image).unwrap();

    assert_eq!(inventory.notes, []);
    let os = inventory.os_release.unwrap();
    assert_eq!((os.id.as_str(), os.version_id.as_str()), ("debian", "12"));
    // perl and others are there, and are the packages' that brought them.
    let binaries = inventory.packages.iter().filter(|it| it.ecosystem == Ecosystem::Binary);
    assert_eq!(binaries.map(|it| &it.path).collect::<Vec<_>>(), Vec::<&String>::new());
    let of_dpkg = inventory.packages.iter().filter(|it| it.ecosystem == Ecosystem::Dpkg);
    let mut found: Vec<String> = of_dpkg
        .map(|it| {
            assert!(it.purl.contains("&distro=debian-12"), "{}", it.purl);
            let architecture = it.architecture.as_deref().unwrap();
            format!("{} {} {architecture} {}", it.name, it.version, it.source_or_self().0)
        })
        .collect();
    found.sort();
    assert_eq!(found, expected);
    let paths: Vec<&str> = inventory.files.iter().map(|it| it.path.as_str()).collect();
    assert!(paths.contains(&"usr/bin/passwd") || paths.contains(&"bin/su"), "{paths:?}");
}
