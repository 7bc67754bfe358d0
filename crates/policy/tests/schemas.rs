//! `docs/schema/` is what the types are. Run with `UPDATE_SCHEMAS=1` to write it anew.
#![cfg(feature = "schema")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::path::Path;

#[test]
fn the_published_schemas_are_the_types() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/schema");
    for (name, schema) in policy::schema::all() {
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
fn a_real_policy_is_valid_and_a_misspelt_one_is_not() {
    let schema = policy::schema::all().into_iter().find(|(name, _)| *name == "policy").unwrap().1;
    let validator = jsonschema::validator_for(schema.as_value()).unwrap();
    let policy = serde_json::to_value(policy::Policy::default()).unwrap();
    assert!(validator.is_valid(&policy), "{:?}", validator.iter_errors(&policy).next());
    assert!(!validator.is_valid(&serde_json::json!({"waiver": []})));
    assert!(!validator.is_valid(&serde_json::json!({"image": {"runs-as-root": "maybe"}})));
}
