//! The JSON Schema of policy.yml, as `docs/schema/` holds it.

use schemars::{JsonSchema, Schema, generate::SchemaSettings};

use crate::Policy;

/// Each published schema: the file's stem in `docs/schema/`, and the schema.
pub fn all() -> Vec<(&'static str, Schema)> {
    vec![("policy", of::<Policy>())]
}

fn of<T: JsonSchema>() -> Schema {
    SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<T>()
}
