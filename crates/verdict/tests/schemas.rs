//! `docs/schema/` is what the types are. Run with `UPDATE_SCHEMAS=1` to write it anew.
#![cfg(feature = "schema")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::path::Path;

#[test]
fn the_published_schemas_are_the_types() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/schema");
    for (name, schema) in verdict::schema::all() {
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
fn a_real_report_is_valid_and_a_wrong_one_is_not() {
    let schema = verdict::schema::all().into_iter().find(|(name, _)| *name == "report").unwrap().1;
    let validator = jsonschema::validator_for(schema.as_value()).unwrap();
    let mut report = serde_json::json!({
        "validation": "0".repeat(32), "check": "scan-layers", "outcome": "pass",
        "findings": [], "evidence": {}, "took_ms": 1
    });
    assert!(validator.is_valid(&report));
    report["outcome"] = "perhaps".into();
    assert!(!validator.is_valid(&report));
}
