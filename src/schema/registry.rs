//! Schemas by type.

use std::collections::BTreeMap;

use nixops_plugin::schema_file;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::core_provider;

use super::{Finding, Schema, SchemaError, core, well_formed};

/// What values of a type are.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Kind {
    /// A resource: `resources.<type>.<name>`.
    #[default]
    Resource,
    /// A backend of machines: `deployment.<type>` where `deployment.targetEnv` names it.
    Machine,
    /// A part of every network, such as a machine or a key.
    Core,
}

/// What is known of a type.
#[derive(Debug)]
pub struct TypeSchema {
    /// What its values are.
    pub kind: Kind,
    /// Version of its schema, by which a provider tells old state from new.
    pub version: Option<u64>,
    /// Who brings it; `nixops` for the core.
    pub origin: String,
    /// Schema of its options.
    pub options: Schema,
    /// Schema of its outputs.
    pub outputs: Option<Schema>,
}

/// Schemas by type: those of the core, and those that plugins bring.
#[derive(Debug)]
pub struct Registry {
    types: BTreeMap<String, TypeSchema>,
}

impl Default for Registry {
    fn default() -> Self {
        Self::new()
    }
}

impl Registry {
    /// A registry of the types of the core.
    pub fn new() -> Self {
        let part = |(name, document): (&str, Value)| {
            let schema = TypeSchema {
                kind: Kind::Core,
                version: None,
                origin: core_provider::NAME.to_owned(),
                options: Schema::new(name, document).expect("schemars writes valid schemas"),
                outputs: None,
            };
            (name.to_owned(), schema)
        };
        let resource = |(name, schema): (String, nixops_plugin::protocol::TypeSchema)| {
            let parsed = TypeSchema::parse(&name, &schema_file(&schema), core_provider::NAME);
            (name, parsed.expect("schemars writes valid schemas"))
        };
        let parts = core::parts().into_iter().map(part);
        let resources = core_provider::schemas().into_iter().map(resource);
        Self {
            types: parts.chain(resources).collect(),
        }
    }

    /// Adds the schema of a type, from the text of its file.
    pub fn add(&mut self, name: &str, text: &str, origin: &str) -> Result<Kind, SchemaError> {
        if let Some(taken) = self.types.get(name) {
            return Err(SchemaError::Taken {
                name: name.to_owned(),
                origin: origin.to_owned(),
                owner: taken.origin.clone(),
            });
        }
        self.replace(name, text, origin)
    }

    /// Adds the schema of a type, or puts it in place of the one that is there.
    pub fn replace(&mut self, name: &str, text: &str, origin: &str) -> Result<Kind, SchemaError> {
        let schema = TypeSchema::parse(name, text, origin)?;
        let kind = schema.kind;
        self.types.insert(name.to_owned(), schema);
        Ok(kind)
    }

    /// What is known of a type.
    pub fn get(&self, name: &str) -> Option<&TypeSchema> {
        self.types.get(name)
    }

    /// All types by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &TypeSchema)> {
        self.types
            .iter()
            .map(|(name, schema)| (name.as_str(), schema))
    }

    /// Everything that is wrong with the options of a resource or machine; nothing, if the type
    /// has no schema.
    pub fn validate(&self, name: &str, options: &Value) -> Vec<Finding> {
        self.get(name)
            .map(|schema| schema.options.validate(options))
            .unwrap_or_default()
    }

    /// Everything that is wrong with the outputs of a resource or machine.
    pub fn validate_outputs(&self, name: &str, outputs: &Value) -> Vec<Finding> {
        self.outputs(name)
            .map(|schema| schema.validate(outputs))
            .unwrap_or_default()
    }

    /// The schema of the outputs of a type.
    pub fn outputs(&self, name: &str) -> Option<&Schema> {
        self.get(name)?.outputs.as_ref()
    }

    /// Options with [`super::REDACTED`] in place of what nobody may see, for printing.
    pub fn redact(&self, name: &str, options: &Value) -> Value {
        self.get(name)
            .map_or_else(|| options.clone(), |schema| schema.options.redact(options))
    }

    /// Options without what nobody may see, for storage.
    pub fn without_sensitive(&self, name: &str, options: &Value) -> Value {
        self.get(name).map_or_else(
            || options.clone(),
            |schema| schema.options.without_sensitive(options),
        )
    }
}

impl TypeSchema {
    /// Reads the schema of a type from the text of its file.
    pub fn parse(name: &str, text: &str, origin: &str) -> Result<Self, SchemaError> {
        let document: Value =
            serde_json::from_str(text).map_err(|source| SchemaError::NotJson {
                name: name.to_owned(),
                source,
            })?;
        let not_a_set = || SchemaError::NotASet {
            name: name.to_owned(),
        };
        let outputs = document.get("x-nixops-outputs").cloned();
        let shared = document.get("$defs").cloned();
        let kind = match document.get("x-nixops-kind") {
            Some(kind) if kind == "machine" => Kind::Machine,
            _ => Kind::Resource,
        };
        let version = document.get("x-nixops-version").and_then(Value::as_u64);
        let options = Schema::new(name, document)?;
        if !well_formed::describes_a_set(options.document()) {
            return Err(not_a_set());
        }
        let outputs = outputs
            .map(|outputs| {
                Schema::new(
                    &format!("the outputs of {name}"),
                    with_shared(outputs, shared),
                )
            })
            .transpose()?;
        Ok(Self {
            kind,
            version,
            origin: origin.to_owned(),
            options,
            outputs,
        })
    }
}

/// The schema of outputs as a document of its own, which may refer to the definitions of the one
/// that it stands in.
fn with_shared(mut outputs: Value, shared: Option<Value>) -> Value {
    if let (Value::Object(keywords), Some(Value::Object(shared))) = (&mut outputs, shared) {
        let own = keywords
            .entry("$defs")
            .or_insert_with(|| Value::Object(Map::new()));
        if let Value::Object(own) = own {
            for (name, schema) in shared {
                own.entry(name).or_insert(schema);
            }
        }
    }
    outputs
}
