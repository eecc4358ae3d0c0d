//! The keyword `type`, by which a float is never an integer.

use jsonschema::{Keyword, ValidationError, paths::Location};
use serde_json::{Map, Value};

/// Kinds of values that a schema allows.
struct StrictType(Vec<String>);

impl<'i> Keyword<'i> for StrictType {
    fn validate(&self, instance: &'i Value) -> Result<(), ValidationError<'i>> {
        if self.is_valid(instance) {
            Ok(())
        } else {
            Err(ValidationError::custom("is of another kind"))
        }
    }

    fn is_valid(&self, instance: &'i Value) -> bool {
        self.0.iter().any(|kind| is_of_kind(instance, kind))
    }
}

/// Whether a value is of a kind that `type` names.
pub(super) fn is_of_kind(value: &Value, kind: &str) -> bool {
    match kind {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        _ => false,
    }
}

/// The kinds that a schema names, if it does.
pub(super) fn kinds(argument: &Value) -> Vec<&str> {
    match argument {
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
        kind => kind.as_str().into_iter().collect(),
    }
}

/// Makes the keyword for the validator.
#[expect(clippy::unnecessary_wraps, reason = "the validator wants a result")]
pub(super) fn keyword<'a>(
    _: &'a Map<String, Value>,
    argument: &'a Value,
    _: Location,
) -> Result<Box<dyn for<'i> Keyword<'i>>, ValidationError<'a>> {
    let kinds = kinds(argument).into_iter().map(str::to_owned).collect();
    Ok(Box::new(StrictType(kinds)))
}
