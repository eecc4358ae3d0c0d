//! Schemas of what NixOps itself brings.

use schemars::{JsonSchema, generate::SchemaSettings};
use serde_json::Value;

use crate::network::{CommandOutputOptions, KeyOptions, MachineOptions, SshKeyPairOptions};

use super::Kind;

/// Name, kind and document of each type.
pub(super) fn schemas() -> [(&'static str, Kind, Value); 4] {
    [
        (
            "commandOutput",
            Kind::Resource,
            of::<CommandOutputOptions>(),
        ),
        ("key", Kind::Core, of::<KeyOptions>()),
        ("machine", Kind::Core, of::<MachineOptions>()),
        ("sshKeyPairs", Kind::Resource, of::<SshKeyPairOptions>()),
    ]
}

fn of<T: JsonSchema>() -> Value {
    let generator = SchemaSettings::draft2020_12().into_generator();
    generator.into_root_schema_for::<T>().to_value()
}
