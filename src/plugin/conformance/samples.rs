//! What a provider says of resources that are not there.

use nixops_plugin::protocol::{Diff, FailureKind, ResourceState, Severity, Validate};
use serde_json::Value;

use super::{
    Sample, Tester,
    report::{Trouble, Verdict, ensure},
    resource,
};
use crate::plugin::Provider;

impl Tester<'_> {
    pub(super) fn sample(&mut self, of_type: &str, sample: &Sample) {
        self.check(
            format!("{of_type}: the sample fits its schema"),
            |tester, provider| {
                let schemas = provider.schema(tester.options.limit)?;
                let schema = schemas.get(of_type);
                let schema =
                    schema.ok_or_else(|| Trouble::Failed("there is no schema".to_owned()))?;
                fits(&schema.options, &Value::Object(sample.inputs.clone()))
            },
        );
        self.check(
            format!("{of_type}: the sample is valid"),
            |tester, provider| tester.validate(provider, of_type, sample),
        );
        self.check(
            format!("{of_type}: what does not differ has no changes"),
            |tester, provider| tester.no_difference(provider, of_type, sample),
        );
        self.life(of_type, sample);
    }

    fn validate(&self, provider: &Provider, of_type: &str, sample: &Sample) -> Verdict {
        let params = Validate {
            resource: resource(of_type),
            inputs: sample.inputs.clone(),
        };
        let validated = provider.validate(&params, self.options.limit)?;
        let mut diagnostics = validated.diagnostics.iter();
        let error = diagnostics.find(|diagnostic| diagnostic.severity == Severity::Error);
        error.map_or(Ok(()), |error| {
            let path = error.path.join(".");
            Err(Trouble::Failed(format!("`{path}`: {}", error.message)))
        })
    }

    fn no_difference(&self, provider: &Provider, of_type: &str, sample: &Sample) -> Verdict {
        let prior = ResourceState {
            id: "conformance".to_owned(),
            inputs: sample.inputs.clone(),
            ..ResourceState::default()
        };
        let params = Diff {
            resource: resource(of_type),
            prior,
            inputs: sample.inputs.clone(),
        };
        match provider.diff(&params, self.options.limit) {
            Err(error) if error.kind() == Some(FailureKind::NotFound) => Err(Trouble::Skipped(
                "it only compares what is there".to_owned(),
            )),
            difference => ensure(difference?.changes.is_empty(), || {
                "it finds changes between equal inputs".to_owned()
            }),
        }
    }
}

/// Tells where a value does not fit a schema, without showing the value.
pub(super) fn fits(schema: &Value, value: &Value) -> Verdict {
    let validator = jsonschema::draft202012::new(schema)
        .map_err(|error| Trouble::Failed(format!("the schema cannot be used: {error}")))?;
    validator
        .validate(value)
        .map_err(|error| Trouble::Failed(format!("{}: {}", error.instance_path(), error.masked())))
}
