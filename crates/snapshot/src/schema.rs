//! The JSON Schema of a snapshot, as `docs/schema/` holds it.

use schemars::{Schema, generate::SchemaSettings};

use crate::Snapshot;

/// The published schema: the file's stem in `docs/schema/`, and the schema.
pub fn all() -> Vec<(&'static str, Schema)> {
    let generator = SchemaSettings::draft2020_12().into_generator();
    vec![("snapshot", generator.into_root_schema_for::<Snapshot>())]
}
