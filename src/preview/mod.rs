//! Questions to providers before anything is done. Nothing here changes anything.

mod error;
mod judge;
mod look;
mod problem;

pub use error::Error;
pub use judge::{CheckedMachine, Judge};
pub use look::Seen;
pub use problem::Problem;

use std::sync::Arc;

use nixops_plugin::protocol::{
    Attributes, Created, Diff, Difference, Find, Read, ResourceState, Updated, Validate, Validated,
};
use serde_json::Value;

use crate::{
    plugin::{Provider, Providers, QUESTION},
    schema::Registry,
    state::{Key, Record},
};

/// Asks providers about the resources of one deployment.
#[derive(Debug)]
pub struct Preview<'a> {
    /// UUID of the deployment.
    pub deployment: &'a str,
    /// The providers.
    pub providers: &'a Providers,
    /// The schemas of their types.
    pub schemas: &'a Registry,
}

impl Preview<'_> {
    /// Has the provider check inputs for what no schema can say.
    pub fn validate(&self, key: &Key, inputs: &Attributes) -> Result<Validated, Error> {
        let question = Validate {
            resource: key.reference(self.deployment),
            inputs: inputs.clone(),
        };
        Ok(self.provider(key)?.validate(&question, QUESTION)?)
    }

    /// Inputs as they are kept in the clear, and all of them if some may not be seen. `shown` has tokens in
    /// the places of secrets of other resources.
    pub fn divide_inputs(
        &self,
        key: &Key,
        shown: &Attributes,
        inputs: &Attributes,
    ) -> (Attributes, Option<Attributes>) {
        let shown = Value::Object(shown.clone());
        let plain = attributes(self.schemas.without_sensitive(&key.kind, &shown));
        let secret = (plain != *inputs).then(|| inputs.clone());
        (plain, secret)
    }

    /// Outputs as they are kept in the clear, and all of them if some may not be seen.
    pub fn divide_outputs(
        &self,
        key: &Key,
        outputs: Attributes,
    ) -> (Attributes, Option<Attributes>) {
        let plain = match self.schemas.outputs(&key.kind) {
            Some(schema) => attributes(schema.without_sensitive(&Value::Object(outputs.clone()))),
            None => outputs.clone(),
        };
        let secret = (plain != outputs).then_some(outputs);
        (plain, secret)
    }

    /// What a newer schema kept would be misunderstood.
    fn check_version(&self, key: &Key, record: &Record) -> Result<(), Error> {
        let known = self.version(key);
        if record.version <= known {
            return Ok(());
        }
        Err(Error::Version {
            key: key.clone(),
            kept: record.version,
            known,
        })
    }

    /// Asks for the resource that was made with a token.
    pub fn find(&self, key: &Key, token: &str) -> Result<Option<Created>, Error> {
        let question = Find {
            kind: key.kind.clone(),
            token: token.to_owned(),
        };
        Ok(self.provider(key)?.find(&question, QUESTION)?.resource)
    }

    fn read(&self, key: &Key, state: &ResourceState) -> Result<Option<Updated>, Error> {
        let question = Read {
            kind: key.kind.clone(),
            resources: vec![state.clone()],
        };
        let read = self.provider(key)?.read(&question, QUESTION)?;
        let now = read.into_iter().next().flatten();
        if let Some(now) = &now {
            self.check_outputs(key, &now.outputs)?;
        }
        Ok(now)
    }

    /// Asks how what a resource is to be differs from what it is.
    pub fn diff(
        &self,
        key: &Key,
        kept: &ResourceState,
        now: &Updated,
        inputs: &Attributes,
    ) -> Result<Difference, Error> {
        let prior = ResourceState {
            outputs: now.outputs.clone(),
            private: now.private.clone(),
            ..kept.clone()
        };
        let question = Diff {
            resource: key.reference(self.deployment),
            prior,
            inputs: inputs.clone(),
        };
        Ok(self.provider(key)?.diff(&question, QUESTION)?)
    }

    /// The version that the schema of a resource has.
    pub fn version(&self, key: &Key) -> u32 {
        let schema = self.schemas.get(&key.kind);
        let version = schema.and_then(|schema| schema.version);
        version
            .and_then(|version| version.try_into().ok())
            .unwrap_or(0)
    }

    /// The provider of a resource.
    pub fn provider(&self, key: &Key) -> Result<Arc<Provider>, Error> {
        Ok(self.providers.of(&key.kind)?)
    }

    /// What there is to say of a backend that nobody has, and what to do.
    pub fn no_backend(&self, backend: &str) -> (String, String) {
        let known = self.providers.backends();
        let known = match known.as_slice() {
            [] => "no plugin of the network brings one".to_owned(),
            known => format!("there are: {}", known.join(", ")),
        };
        let hint = "add the plugin that has it to the inputs of the flake; \
                    `deployment.targetEnv = \"none\"` deploys to a host that exists";
        (
            format!("there is no backend `{backend}` for machines; {known}"),
            hint.to_owned(),
        )
    }

    /// Holds a provider to the schema of its outputs.
    pub fn check_outputs(&self, key: &Key, outputs: &Attributes) -> Result<(), Error> {
        let findings = self
            .schemas
            .validate_outputs(&key.kind, &Value::Object(outputs.clone()));
        let Some(finding) = findings.first() else {
            return Ok(());
        };
        Err(Error::Promise {
            key: key.clone(),
            plugin: self.provider(key)?.subject().origin.to_string(),
            reason: format!(
                "told an output that its schema does not allow: `{}` is {}, expected {}",
                finding.path.join("."),
                finding.found,
                finding.expected
            ),
        })
    }
}

fn attributes(value: Value) -> Attributes {
    match value {
        Value::Object(attributes) => attributes,
        _ => Attributes::new(),
    }
}
