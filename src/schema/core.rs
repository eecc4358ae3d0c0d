//! Schemas of what NixOps itself brings.

use schemars::{JsonSchema, generate::SchemaSettings};
use serde_json::Value;

use crate::network::{KeyOptions, MachineOptions};

/// Name and document of each part that a network has; resources come from the provider.
pub(super) fn parts() -> [(&'static str, Value); 2] {
    [
        ("key", of::<KeyOptions>()),
        ("machine", of::<MachineOptions>()),
    ]
}

fn of<T: JsonSchema>() -> Value {
    let generator = SchemaSettings::draft2020_12().into_generator();
    generator.into_root_schema_for::<T>().to_value()
}
