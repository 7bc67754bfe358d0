//! `docs/schema/inventory.schema.json` is what the types are. Run with `UPDATE_SCHEMAS=1` to write it
//! anew.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;

use oci_image::{Access, Limits, Opener, Platform};
use testkit::image::{ImageBuilder, LayerBuilder};

#[test]
fn the_published_schema_is_the_types() {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/schema/inventory.schema.json");
    let text = serde_json::to_string_pretty(&inventory::schema::inventory()).unwrap() + "\n";
    if std::env::var_os("UPDATE_SCHEMAS").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    let published = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(published, text, "{} is stale: UPDATE_SCHEMAS=1 cargo test", path.display());
}

#[test]
fn a_real_inventory_is_valid_and_one_without_its_packages_is_not() {
    let status = "Package: a\nStatus: install ok installed\nVersion: 1:2-3\nSource: s\n";
    let layer = LayerBuilder::new()
        .file("etc/os-release", "ID=debian\nVERSION_ID=12\n")
        .file("var/lib/dpkg/status", status)
        .file("node_modules/b/package.json", "{");
    let folder = tempfile::tempdir().unwrap();
    ImageBuilder::new().layer(layer).build().write_layout(folder.path(), "1", &[]);
    let declared = format!("oci:{}:1", folder.path().display());
    let opener = Opener::new(Access::default()).unwrap();
    let image = opener.open(&declared, &Platform::linux_amd64(), &Limits::default()).unwrap();
    let mut value = serde_json::to_value(inventory::take(&image).unwrap()).unwrap();
    assert_eq!(value["packages"].as_array().unwrap().len(), 1);
    assert_eq!(value["notes"].as_array().unwrap().len(), 1);
    let schema = inventory::schema::inventory();
    let validator = jsonschema::validator_for(schema.as_value()).unwrap();
    assert!(validator.is_valid(&value), "{:?}", validator.iter_errors(&value).next());
    value.as_object_mut().unwrap().remove("packages");
    assert!(!validator.is_valid(&value));
}
