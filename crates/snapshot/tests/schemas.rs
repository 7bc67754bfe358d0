//! `docs/schema/` is what the types are. Run with `UPDATE_SCHEMAS=1` to write it anew.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::path::Path;

#[test]
fn the_published_schema_is_the_type() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/schema");
    for (name, schema) in snapshot::schema::all() {
        let path = folder.join(format!("{name}.schema.json"));
        let text = serde_json::to_string_pretty(&schema).unwrap() + "\n";
        if std::env::var_os("UPDATE_SCHEMAS").is_some() {
            std::fs::write(&path, &text).unwrap();
        }
        let published = std::fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(published, text, "{} is stale: UPDATE_SCHEMAS=1 cargo test", path.display());
    }
}

#[test]
fn a_snapshot_of_this_very_process_is_valid() {
    let seen = snapshot::of_process(
        std::process::id(),
        &snapshot::Roots::default(),
        &snapshot::Limits::default(),
    );
    let json = serde_json::to_value(seen.unwrap()).unwrap();
    let schema = snapshot::schema::all().remove(0).1;
    let validator = jsonschema::validator_for(schema.as_value()).unwrap();
    assert!(validator.is_valid(&json), "{json}");
    assert!(!validator.is_valid(&serde_json::json!({"version": 1})));
}
