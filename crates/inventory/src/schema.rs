//! The JSON Schema of an inventory, as `docs/schema/` holds it.

use schemars::{Schema, generate::SchemaSettings};

use crate::Inventory;

/// The schema of what `faas-validator inventory --output json` prints.
pub fn inventory() -> Schema {
    // What is printed: what is left out when it is empty is not required.
    SchemaSettings::draft2020_12()
        .for_serialize()
        .into_generator()
        .into_root_schema_for::<Inventory>()
}
