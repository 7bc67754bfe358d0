//! What lies beside a package database: language packages that a distribution's package brought
//! are that package's, and say so; what somebody else put there is not.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use inventory::take;
use oci_image::{Access, Limits, Opener, Platform};
use tempfile::TempDir;
use testkit::image::{ImageBuilder, LayerBuilder};

const SIX: &str = "usr/lib/python3/dist-packages/six-1.16.0.dist-info/METADATA";
const LIST: &str = "var/lib/dpkg/info/python3-six.list";

/// `name version`, and whose each language package is, of an image of these layers.
fn check(layers: Vec<LayerBuilder>, expected: &[&str]) {
    let folder = TempDir::new().unwrap();
    let image = layers.into_iter().fold(ImageBuilder::new(), ImageBuilder::layer).build();
    image.write_layout(folder.path(), "1", &[]);
    let declared = format!("oci:{}:1", folder.path().display());
    let opener = Opener::new(Access::default()).unwrap();
    let image = opener.open(&declared, &Platform::linux_amd64(), &Limits::default()).unwrap();
    let inventory = take(&image).unwrap();
    assert_eq!(inventory.notes, []);
    let packages = inventory.packages.iter().filter(|it| !it.ecosystem.is_distribution());
    let line = |it: &inventory::Package| {
        let owner = it.owned_by.as_deref().unwrap_or("nobody's");
        format!("{} {} {owner}", it.name, it.version)
    };
    assert_eq!(packages.map(line).collect::<Vec<_>>(), expected);
}

fn status(state: &str) -> String {
    format!("Package: python3-six\nStatus: {state}\nVersion: 1.16.0-4\nArchitecture: all\n")
}

fn metadata(version: &str) -> String {
    format!("Name: six\nVersion: {version}\n")
}

/// Debian's six as dpkg installs it.
fn debian() -> LayerBuilder {
    LayerBuilder::new()
        .file("etc/os-release", "ID=debian\nVERSION_ID=12\n")
        .file("var/lib/dpkg/status", status("install ok installed"))
        .file(LIST, format!("/.\n/usr\n/{SIX}\n"))
        .file(SIX, metadata("1.16.0"))
}

const OWNED: &str = "six 1.16.0 pkg:deb/debian/python3-six@1.16.0-4?arch=all&distro=debian-12";

#[test]
fn what_dpkg_installed_is_dpkgs() {
    check(vec![debian()], &[OWNED]);
    check(vec![debian(), LayerBuilder::new().file("app/x", "")], &[OWNED]);
    let own = "usr/local/lib/python3.11/site-packages/six-1.16.0.dist-info/METADATA";
    let both = debian().file(own, metadata("1.16.0"));
    check(vec![both], &[OWNED, "six 1.16.0 nobody's"]);
}

#[test]
fn a_list_may_name_it_by_a_folder_that_is_a_link() {
    let listed = SIX.strip_prefix("usr/").unwrap();
    let linked = debian().symlink("lib", "usr/lib").file(LIST, format!("/.\n/lib\n/{listed}\n"));
    check(vec![linked], &[OWNED]);
    let apart = debian().file(LIST, format!("/.\n/lib\n/{listed}\n"));
    check(vec![apart], &["six 1.16.0 nobody's"]);
}

#[test]
fn what_a_later_layer_put_in_its_place_is_nobodys() {
    let over = LayerBuilder::new().file(SIX, metadata("1.17.0"));
    check(vec![debian(), over], &["six 1.17.0 nobody's"]);
}

#[test]
fn a_list_without_its_package_owns_nothing() {
    let removed =
        LayerBuilder::new().file("var/lib/dpkg/status", status("deinstall ok config-files"));
    check(vec![debian(), removed], &["six 1.16.0 nobody's"]);
    let foreign = LayerBuilder::new()
        .whiteout(LIST)
        .file("var/lib/dpkg/info/other.list", format!("/{SIX}\n"));
    check(vec![debian(), foreign], &["six 1.16.0 nobody's"]);
}

#[test]
fn a_vendors_own_tree_is_nobodys_though_its_package_lists_it() {
    let path = "usr/lib/node_modules/npm/node_modules/a/package.json";
    let layer = debian()
        .file(LIST, format!("/{SIX}\n/{path}\n"))
        .file(path, r#"{"name":"a","version":"1.0.0"}"#);
    check(vec![layer], &["a 1.0.0 nobody's", OWNED]);
}

#[test]
fn distroless_and_alpine_say_it_their_own_way() {
    let sum = "d41d8cd98f00b204e9800998ecf8427e";
    let distroless = LayerBuilder::new()
        .file("var/lib/dpkg/status.d/six", "Package: python3-six\nVersion: 1.16.0-4\n")
        .file("var/lib/dpkg/status.d/six.md5sums", format!("{sum}  {SIX}\n"))
        .file(SIX, metadata("1.16.0"));
    check(vec![distroless], &["six 1.16.0 pkg:deb/python3-six@1.16.0-4"]);
    let folder = "usr/lib/python3.12/site-packages/six-1.16.0.dist-info";
    let alpine = LayerBuilder::new()
        .file("lib/apk/db/installed", format!("P:py3-six\nV:1.16.0-r9\nF:{folder}\nR:METADATA\n"))
        .file(&format!("{folder}/METADATA"), metadata("1.16.0"));
    check(vec![alpine], &["six 1.16.0 pkg:apk/py3-six@1.16.0-r9"]);
}

#[test]
fn a_debian_packages_licences_are_those_of_its_copyright_file() {
    let format = "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n";
    let text = format!("{format}\nFiles: *\nLicense: Expat\n");
    let folder = TempDir::new().unwrap();
    let status = format!(
        "{}\nPackage: prose\nVersion: 1\nStatus: a ok installed\n",
        status("a ok installed")
    );
    let layer = LayerBuilder::new()
        .file("var/lib/dpkg/status", status)
        .file("usr/share/doc/six-common/copyright", text)
        .symlink("usr/share/doc/python3-six", "six-common")
        .file("usr/share/doc/prose/copyright", "License: as you like it\n");
    ImageBuilder::new().layer(layer).build().write_layout(folder.path(), "1", &[]);
    let declared = format!("oci:{}:1", folder.path().display());
    let opener = Opener::new(Access::default()).unwrap();
    let image = opener.open(&declared, &Platform::linux_amd64(), &Limits::default()).unwrap();
    let inventory = take(&image).unwrap();
    let licenses = inventory.packages.iter().map(|it| (it.name.as_str(), it.licenses.join(" ")));
    let expected = [("prose", String::new()), ("python3-six", "Expat".to_owned())];
    assert_eq!(licenses.collect::<Vec<_>>(), expected);
}
