//! Real databases, written by Debian's rpm: they have the packages that `rpm -qa` lists.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use inventory::{Ecosystem, Inventory, Package, take};
use oci_image::{Access, Limits, Opener, Platform};
use tempfile::TempDir;
use testkit::image::{ImageBuilder, LayerBuilder, Packing};

const DATABASE: &str = "var/lib/rpm/rpmdb.sqlite";
const FEDORA: &str = "ID=fedora\nVERSION_ID=43\n";
/// What rpm prints of a package, and we of ours.
const FORMAT: &str =
    "%{NAME} %|EPOCH?{%{EPOCH}:}|%{VERSION}-%{RELEASE} %{ARCH} %{SOURCERPM} %{LICENSE}\n";

/// A source package, and what is built from it.
const SPEC: &str = "\
Name: alpha
Epoch: 2
Version: 1.2.3
Release: 4.fc43
Summary: one
AutoReqProv: no
License: MIT and (GPLv2+ or BSD)
%description
one
%package -n python3-beta
Epoch: 0
Summary: two
License: LicenseRef-Ours
Version: 9~rc1^git5
%description -n python3-beta
two
%package docs
Summary: three
AutoReqProv: no
BuildArch: noarch
%description docs
three
%install
mkdir -p %{buildroot}/usr/bin %{buildroot}/usr/share/doc/alpha
cp /proc/self/status %{buildroot}/usr/bin/perl
for number in $(seq 2000); do
  echo $number > %{buildroot}/usr/share/doc/alpha/a-page-of-documentation-$number.html
done
%files
/usr/bin/perl
%files -n python3-beta
%files docs
/usr/share/doc/alpha
";

/// Runs a program of rpm's in a folder.
fn rpm(program: &str, folder: &Path, arguments: &[&str]) -> String {
    let define = |name: &str, place: &str| format!("{name} {}", folder.join(place).display());
    let output = Command::new(program)
        .args(["--define", &define("_topdir", "top"), "--define", &define("_rpmdir", "built")])
        .args(["--define", "_build_name_fmt %%{NAME}.rpm", "--define", "_db_backend sqlite"])
        .args(["--define", "_build_id_links none", "--define", &define("_dbpath", "db")])
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// The packages of [`SPEC`], built once, in cargo's folder for what tests make.
static BUILT: LazyLock<PathBuf> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("rpm");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("alpha.spec"), SPEC).unwrap();
    let plain = ["--define", "__os_install_post %{nil}", "-bb", "--quiet", "alpha.spec"];
    rpm("rpmbuild", &folder, &plain);
    folder.join("built")
});

/// Installs packages into a folder's database, and reads it.
fn install(folder: &Path, names: &[&str]) -> Vec<u8> {
    let files: Vec<String> =
        names.iter().map(|it| format!("{}/{it}.rpm", BUILT.display())).collect();
    let mut arguments = vec!["--force-debian", "--justdb", "--nodeps", "-U"];
    arguments.extend(files.iter().map(String::as_str));
    rpm("rpm", folder, &arguments);
    fs::read(folder.join("db/rpmdb.sqlite")).unwrap()
}

fn inventory(layers: Vec<LayerBuilder>) -> Inventory {
    let folder = TempDir::new().unwrap();
    let layers = layers.into_iter().map(|it| it.packing(Packing::Plain));
    let image = layers.fold(ImageBuilder::new(), ImageBuilder::layer).build();
    image.write_layout(folder.path(), "1", &[]);
    let opener = Opener::new(Access::default()).unwrap();
    let declared = format!("oci:{}:1", folder.path().display());
    take(&opener.open(&declared, &Platform::linux_amd64(), &Limits::default()).unwrap()).unwrap()
}

fn line(package: &Package) -> String {
    let Package { name, version, architecture, source, licenses, .. } = package;
    let source = source.as_ref().map(|it| format!("{}-{}.src.rpm", it.name, it.version)).unwrap();
    let architecture = architecture.as_ref().unwrap();
    format!("{name} {version} {architecture} {source} {}", licenses.join(" "))
}

#[test]
fn a_database_has_the_packages_that_rpm_lists() {
    let folder = TempDir::new().unwrap();
    let database = install(folder.path(), &["alpha", "alpha-docs", "python3-beta"]);
    let listed = rpm("rpm", folder.path(), &["--force-debian", "-qa", "--qf", FORMAT]);
    // An epoch of 0 is none.
    let listed = listed.replace(" 0:", " ");
    let mut listed: Vec<&str> = listed.lines().collect();
    listed.sort_unstable();
    assert_eq!(listed.len(), 3);

    let layer = LayerBuilder::new().file("etc/os-release", FEDORA).file(DATABASE, &database);
    let found = inventory(vec![layer]);
    assert_eq!(found.notes, []);
    assert_eq!(found.packages.iter().map(line).collect::<Vec<_>>(), listed);
    let purls: Vec<&str> = found.packages.iter().map(|it| it.purl.as_str()).collect();
    let upstream = "upstream=alpha-1.2.3-4.fc43.src.rpm";
    let on = "distro=fedora-43";
    let expected = [
        format!("pkg:rpm/fedora/alpha@1.2.3-4.fc43?arch=x86_64&{on}&epoch=2&{upstream}"),
        format!("pkg:rpm/fedora/alpha-docs@1.2.3-4.fc43?arch=noarch&{on}&epoch=2&{upstream}"),
        format!("pkg:rpm/fedora/python3-beta@9~rc1%5Egit5-4.fc43?arch=x86_64&{on}&{upstream}"),
    ];
    assert_eq!(purls, expected);
}

#[test]
fn a_package_belongs_to_the_layer_that_installed_it_and_goes_with_the_database() {
    let folder = TempDir::new().unwrap();
    let lower = install(folder.path(), &["alpha"]);
    let upper = install(folder.path(), &["python3-beta"]);
    let layers = || {
        let layer = |database| LayerBuilder::new().file(DATABASE, database);
        vec![layer(&lower), LayerBuilder::new().file("app", b"x"), layer(&upper)]
    };
    let found = inventory(layers());
    let layer_of = |it: &Package| (it.name.clone(), it.layer.index);
    let expected = [("alpha".to_owned(), 0), ("python3-beta".to_owned(), 2)];
    assert_eq!(found.packages.iter().map(layer_of).collect::<Vec<_>>(), expected);

    let mut gone = layers();
    gone.push(LayerBuilder::new().whiteout(DATABASE));
    assert_eq!(inventory(gone).packages, []);
}

#[test]
fn a_database_is_found_through_a_link_that_leads_to_it() {
    let folder = TempDir::new().unwrap();
    let database = install(folder.path(), &["alpha"]);
    let link = LayerBuilder::new()
        .symlink("var/lib/rpm", "../../opt/rpm")
        .file("opt/rpm/rpmdb.sqlite", &database);
    let found = inventory(vec![link]);
    assert_eq!(
        found.packages.iter().map(|it| &*it.path).collect::<Vec<_>>(),
        ["opt/rpm/rpmdb.sqlite"]
    );
}

#[test]
fn a_program_that_a_package_lists_is_that_packages() {
    let folder = TempDir::new().unwrap();
    let database = install(folder.path(), &["alpha"]);
    let perl = fs::read("/usr/bin/perl").unwrap();
    let layer = |path: &str| {
        LayerBuilder::new().file_with(path, &perl, 0o755, 0, 0).file(DATABASE, &database)
    };
    let programs = |path: &str| {
        let found = inventory(vec![layer(path)]);
        found.packages.into_iter().filter(|it| it.ecosystem == Ecosystem::Binary).count()
    };
    assert_eq!(programs("usr/bin/perl"), 0);
    assert_eq!(programs("usr/local/bin/perl"), 1);
}

#[test]
fn a_log_beside_the_database_is_told() {
    let folder = TempDir::new().unwrap();
    let database = install(folder.path(), &["alpha"]);
    let layer = || LayerBuilder::new().file(DATABASE, &database);
    for log in ["var/lib/rpm/rpmdb.sqlite-wal", "var/lib/rpm/rpmdb.sqlite-journal"] {
        assert_eq!(inventory(vec![layer().file(log, b"")]).notes, []);
        let found = inventory(vec![layer().file(log, b"\x37\x7f\x06\x82")]);
        let notes: Vec<&str> = found.notes.iter().map(|it| it.path.as_str()).collect();
        assert_eq!(notes, [log]);
        assert_eq!(found.packages.len(), 1);
    }
}
