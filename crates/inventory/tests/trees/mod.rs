//! Trees that package managers installed, and the inventory of an image that holds one.

use std::path::Path;
use std::process::Command;

use inventory::{Inventory, take};
use oci_image::{Access, Limits, Opener, Platform};
use tempfile::TempDir;
use testkit::image::{ImageBuilder, Packing};

/// What a program wrote, which must succeed.
pub(crate) fn run(command: &mut Command) -> Vec<u8> {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// The inventory of an image of one layer that holds this folder, without what is named.
pub(crate) fn inventory_of(folder: &Path, without: &str) -> Inventory {
    let mut tar = Command::new("tar");
    tar.arg(format!("--exclude={without}")).arg("-C").arg(folder).args(["-cf", "-", "."]);
    let layout = TempDir::new().unwrap();
    let image = ImageBuilder::new().layer_tar(&run(&mut tar), Packing::Plain).build();
    image.write_layout(layout.path(), "1", &[]);
    let opener = Opener::new(Access::default()).unwrap();
    let declared = format!("oci:{}:1", layout.path().display());
    let image = opener.open(&declared, &Platform::linux_amd64(), &Limits::default()).unwrap();
    let inventory = take(&image).unwrap();
    assert_eq!(inventory.notes, []);
    inventory
}

/// What is told of the packages, as JSON, without the layer, whose digests are of the day.
pub(crate) fn golden(inventory: &Inventory) -> String {
    let mut packages = serde_json::to_value(&inventory.packages).unwrap();
    for package in packages.as_array_mut().unwrap() {
        package.as_object_mut().unwrap().remove("layer").unwrap();
    }
    serde_json::to_string_pretty(&packages).unwrap()
}
