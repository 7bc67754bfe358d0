//! The JSON Schemas of policy.yml and of what its rules see, as `docs/schema/` holds it.

use schemars::{JsonSchema, Schema, generate::SchemaSettings};

use crate::{Policy, PolicyInput};

/// Each published schema: the file's stem in `docs/schema/`, and the schema.
pub fn all() -> Vec<(&'static str, Schema)> {
    vec![("policy", of::<Policy>()), ("policy-input", of::<PolicyInput>())]
}

fn of<T: JsonSchema>() -> Schema {
    SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<T>()
}
