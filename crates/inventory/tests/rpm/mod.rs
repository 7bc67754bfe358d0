//! Packages built and installed by Debian's rpm, and images of its databases.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::LazyLock;

use inventory::{Inventory, Package, take};
use oci_image::{Access, Limits, Opener, Platform};
use tempfile::TempDir;
use testkit::image::{ImageBuilder, LayerBuilder, Packing};

/// What rpm prints of a package, and we of ours.
const FORMAT: &str = "%{NAME} %|EPOCH?{%{EPOCH}:}|%{VERSION}-%{RELEASE} %{ARCH} %{SOURCERPM} %{VENDOR}, %{LICENSE}\n";

/// A source package, and what is built from it.
const SPEC: &str = "\
Name: alpha
Epoch: 2
Version: 1.2.3
Release: 4.fc43
Vendor: Acme Packages
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
mkdir -p %{buildroot}/usr/lib/python3.14/site-packages/beta-9.dist-info
echo > %{buildroot}/usr/lib/python3.14/site-packages/beta-9.dist-info/METADATA
cp /proc/self/status %{buildroot}/usr/bin/perl
for number in $(seq 2000); do
  echo $number > %{buildroot}/usr/share/doc/alpha/a-page-of-documentation-$number.html
done
%files
/usr/bin/perl
%files -n python3-beta
/usr/lib/python3.14
%files docs
/usr/share/doc/alpha
";

/// Runs a program of rpm's in a folder.
pub(crate) fn rpm(program: &str, folder: &Path, arguments: &[&str]) -> Output {
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
    output
}

/// The packages of [`SPEC`], built once, in cargo's folder for what tests make.
static BUILT: LazyLock<PathBuf> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(env!("CARGO_CRATE_NAME"));
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("alpha.spec"), SPEC).unwrap();
    let plain = ["--define", "__os_install_post %{nil}", "-bb", "--quiet", "alpha.spec"];
    rpm("rpmbuild", &folder, &plain);
    folder.join("built")
});

/// Installs packages into a folder's database, and reads it.
pub(crate) fn install(folder: &Path, names: &[&str]) -> Vec<u8> {
    let files: Vec<String> =
        names.iter().map(|it| format!("{}/{it}.rpm", BUILT.display())).collect();
    let mut arguments = vec!["--force-debian", "--justdb", "--nodeps", "-U"];
    arguments.extend(files.iter().map(String::as_str));
    rpm("rpm", folder, &arguments);
    fs::read(folder.join("db/rpmdb.sqlite")).unwrap()
}

/// The inventory of an image of these layers.
pub(crate) fn inventory(layers: Vec<LayerBuilder>) -> Inventory {
    let folder = TempDir::new().unwrap();
    let layers = layers.into_iter().map(|it| it.packing(Packing::Plain));
    let image = layers.fold(ImageBuilder::new(), ImageBuilder::layer).build();
    image.write_layout(folder.path(), "1", &[]);
    let opener = Opener::new(Access::default()).unwrap();
    let declared = format!("oci:{}:1", folder.path().display());
    take(&opener.open(&declared, &Platform::linux_amd64(), &Limits::default()).unwrap()).unwrap()
}

/// What rpm lists in a folder's database of a format, without keys, which are no packages.
pub(crate) fn listed(folder: &Path, format: &str) -> Vec<String> {
    let format = format!("_db_backend {format}");
    let query = ["--force-debian", "--define", &format, "-qa", "--qf", FORMAT];
    let text = String::from_utf8(rpm("rpm", folder, &query).stdout).unwrap();
    let packages = text.lines().filter(|it| !it.starts_with("gpg-pubkey "));
    // An epoch of 0 is none.
    let mut lines: Vec<String> = packages.map(|it| it.replace(" 0:", " ")).collect();
    lines.sort_unstable();
    lines
}

/// What an inventory lists, in rpm's words.
pub(crate) fn lines(inventory: &Inventory) -> Vec<String> {
    inventory.packages.iter().map(line).collect()
}

fn line(package: &Package) -> String {
    let Package { name, version, architecture, source, licenses, vendor, .. } = package;
    let source = source.as_ref().map(|it| format!("{}-{}.src.rpm", it.name, it.version));
    let [architecture, source, vendor] =
        [architecture, &source, vendor].map(|it| it.as_deref().unwrap_or("(none)"));
    format!("{name} {version} {architecture} {source} {vendor}, {}", licenses.join(" "))
}
