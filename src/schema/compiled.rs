//! A schema that is ready to be used.

use jsonschema::{Draft, ValidationError, Validator, error::ValidationErrorKind};
use serde_json::Value;

use super::{
    Finding, SchemaError, explain,
    sensitive::{Bearing, Fate, without},
    strict, well_formed,
};

/// A schema, and the validator that was made of it.
#[derive(Debug)]
pub struct Schema {
    document: Value,
    validator: Validator,
}

impl Schema {
    /// Compiles a document. The name is that of the type, for errors.
    pub fn new(name: &str, document: Value) -> Result<Self, SchemaError> {
        let invalid = |at: String, reason: String| SchemaError::Invalid {
            name: name.to_owned(),
            at: format!("#{at}"),
            reason,
        };
        well_formed::check_dialect(name, &document)?;
        if let Err(error) = jsonschema::draft202012::meta::validate(&document) {
            return Err(invalid(error.instance_path().to_string(), reason(&error)));
        }
        well_formed::check(name, &document)?;
        let validator = jsonschema::options()
            .with_draft(Draft::Draft202012)
            .should_validate_formats(false)
            .offline()
            .with_keyword("type", strict::keyword)
            .build(&document)
            .map_err(|error| invalid(error.instance_path().to_string(), reason(&error)))?;
        Ok(Self {
            document,
            validator,
        })
    }

    /// The document itself.
    pub fn document(&self) -> &Value {
        &self.document
    }

    /// Whether a value fits.
    pub fn is_valid(&self, value: &Value) -> bool {
        self.validator.is_valid(value)
    }

    /// Everything that is wrong with a value, in the order of its attributes.
    pub fn validate(&self, value: &Value) -> Vec<Finding> {
        if self.is_valid(value) {
            return Vec::new();
        }
        explain::findings(&self.document, value, self.validator.iter_errors(value))
    }

    /// The value with [`super::REDACTED`] in place of what nobody may see, for printing.
    pub fn redact(&self, value: &Value) -> Value {
        without(&Bearing::of(&self.document), value, Fate::Marker).unwrap_or_default()
    }

    /// The value without what nobody may see, for storage.
    pub fn without_sensitive(&self, value: &Value) -> Value {
        without(&Bearing::of(&self.document), value, Fate::Removal).unwrap_or_default()
    }
}

/// Why a document is no schema. That a keyword fits none of several forms says less than its value.
fn reason(error: &ValidationError<'_>) -> String {
    match error.kind() {
        ValidationErrorKind::AnyOf { .. } | ValidationErrorKind::OneOfNotValid { .. } => {
            format!("{} cannot stand there", error.instance())
        }
        _ => error.to_string(),
    }
}
