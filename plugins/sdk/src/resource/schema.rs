//! JSON Schemas of types.

use schemars::JsonSchema;
use schemars::generate::{Contract, SchemaSettings};
use serde_json::{Value, json};

use super::Resource;
use crate::protocol::TypeSchema;

/// The schemas of a type.
pub(crate) fn of_type<R: Resource>() -> TypeSchema {
    let options = of::<R::Options>(Contract::Deserialize);
    let description = options.get("description").and_then(Value::as_str);
    TypeSchema {
        kind: R::KIND,
        version: R::VERSION,
        description: description.map(str::to_owned),
        outputs: of::<R::Outputs>(Contract::Serialize),
        options,
    }
}

fn of<T: JsonSchema>(contract: Contract) -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.inline_subschemas = true;
        settings.contract = contract;
    });
    let mut schema = settings
        .into_generator()
        .into_root_schema_for::<T>()
        .to_value();
    schema.sort_all_objects();
    schema
}

/// The text of the file `<type>.json` that a plugin ships for a type: the schema of its options, with
/// the rest of its [`TypeSchema`] in keywords of NixOps.
pub fn schema_file(of_type: &TypeSchema) -> String {
    let mut file = schema_value(of_type);
    file.sort_all_objects();
    format!("{file:#}\n")
}

/// What the file says.
pub(crate) fn schema_value(of_type: &TypeSchema) -> Value {
    let mut outputs = of_type.outputs.clone();
    if let Some(outputs) = outputs.as_object_mut() {
        outputs.remove("$schema");
    }
    let mut file = of_type.options.clone();
    if let Some(file) = file.as_object_mut() {
        file.insert("x-nixops-kind".to_owned(), json!(of_type.kind));
        file.insert("x-nixops-version".to_owned(), json!(of_type.version));
        file.insert("x-nixops-outputs".to_owned(), outputs);
    }
    file
}
