//! Questions to providers before anything is done. Nothing here changes anything.

mod check;
mod error;
mod judge;
mod problem;

pub use check::Checked;
pub use error::Error;
pub use judge::{CheckedMachine, Judge};
pub use problem::Problem;

use std::sync::Arc;

use nixops_plugin::protocol::{
    Attributes, Diff, Find, Read, ResourceState, Updated, Validate, Validated,
};
use serde_json::Value;

use crate::{
    plan::Found,
    plugin::{Provider, Providers, QUESTION},
    schema::Registry,
    state::{Key, Phase, Record},
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

    /// Finds out what there is of a resource, and how it differs from what it is to be.
    pub fn look(
        &self,
        key: &Key,
        record: Option<&Record>,
        inputs: &Attributes,
    ) -> Result<Found, Error> {
        let Some(record) = record else {
            return Ok(Found::Nothing);
        };
        self.check_version(key, record)?;
        match record.phase {
            Phase::Creating => self.find(key, &record.token),
            Phase::Ready | Phase::Updating | Phase::Deleting => {
                match self.read(key, &record.state)? {
                    Some(now) => self.compare(key, &record.state, now, inputs),
                    None => Ok(Found::Gone),
                }
            }
        }
    }

    /// What a newer schema kept would be misunderstood, and an older one is not upgraded yet.
    fn check_version(&self, key: &Key, record: &Record) -> Result<(), Error> {
        let known = self.version(key);
        if record.version == known {
            return Ok(());
        }
        Err(Error::Version {
            key: key.clone(),
            kept: record.version,
            known,
        })
    }

    fn find(&self, key: &Key, token: &str) -> Result<Found, Error> {
        let question = Find {
            kind: key.kind.clone(),
            token: token.to_owned(),
        };
        let found = self.provider(key)?.find(&question, QUESTION)?;
        Ok(Found::Unfinished(found.resource))
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

    fn compare(
        &self,
        key: &Key,
        kept: &ResourceState,
        now: Updated,
        inputs: &Attributes,
    ) -> Result<Found, Error> {
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
        let difference = self.provider(key)?.diff(&question, QUESTION)?;
        Ok(Found::There { now, difference })
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
