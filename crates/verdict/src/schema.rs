//! The JSON Schemas of the contract, as `docs/schema/` holds them.

use schemars::{JsonSchema, Schema, generate::SchemaSettings};

use crate::{Envelope, Finding, Report, Request, Subject, Verdict, Waiver};

/// Each published schema: the file's stem in `docs/schema/`, and the schema.
pub fn all() -> Vec<(&'static str, Schema)> {
    vec![
        ("envelope", of::<Envelope>()),
        ("finding", of::<Finding>()),
        ("report", of::<Report>()),
        ("request", of::<Request>()),
        ("subject", of::<Subject>()),
        ("verdict", of::<Verdict>()),
        ("waiver", of::<Waiver>()),
    ]
}

fn of<T: JsonSchema>() -> Schema {
    SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<T>()
}
