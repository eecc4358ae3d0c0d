//! The life of a resource, from its token to its second deletion.

use std::{
    process,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use nixops_plugin::protocol::{
    Attributes, Create, Created, Delete, Diff, Difference, Find, Read, ResourceState, Update,
    Updated,
};
use serde_json::Value;

use super::{
    Sample, Tester,
    report::{Recorder, Trouble, Verdict, ensure},
    resource,
    samples::fits,
};
use crate::plugin::Provider;

impl Tester<'_> {
    pub(super) fn life(&mut self, of_type: &str, sample: &Sample) {
        let name = format!("{of_type}: it can be made");
        if !self.options.mutate {
            let reason = "nothing is to be changed".to_owned();
            return self.report.add(name, Err(Trouble::Skipped(reason)));
        }
        let begun = self.start().and_then(|provider| {
            Life::begin(provider, of_type, &sample.inputs, self.options.limit)
        });
        match begun {
            Ok(mut life) => {
                self.report.add(name, Ok(()));
                life.run(&mut self.report, sample);
                self.close(&life.provider);
            }
            Err(trouble) => self.report.add(name, Err(trouble)),
        }
    }
}

/// A resource that is there, and what is kept of it.
struct Life<'a> {
    provider: Provider,
    of_type: &'a str,
    token: String,
    state: ResourceState,
    limit: Duration,
}

impl<'a> Life<'a> {
    fn begin(
        provider: Provider,
        of_type: &'a str,
        inputs: &Attributes,
        limit: Duration,
    ) -> Verdict<Self> {
        let mut life = Self {
            provider,
            of_type,
            token: token(),
            state: ResourceState {
                inputs: inputs.clone(),
                ..ResourceState::default()
            },
            limit,
        };
        let created = life.create()?;
        ensure(!created.id.is_empty(), || "its `id` is empty".to_owned())?;
        life.state.id = created.id;
        life.state.outputs = created.outputs;
        life.state.private = created.private;
        Ok(life)
    }

    fn run(&mut self, report: &mut Recorder<'_>, sample: &Sample) {
        let again = self.create_again();
        let idempotent = again.is_ok();
        let checks = [
            ("its outputs fit their schema", self.outputs()),
            ("a second one with its token is the same", again),
            ("it is found by its token", self.find(idempotent)),
            ("it can be read", self.read_present()),
            ("it does not differ from itself", self.same(&sample.inputs)),
            ("it can be changed", self.change(sample.changed.as_ref())),
            ("it can be deleted", self.delete()),
            ("it is gone then", self.read_gone()),
            ("it can be deleted again", self.delete()),
        ];
        for (name, verdict) in checks {
            report.add(format!("{}: {name}", self.of_type), verdict);
        }
    }

    fn create(&self) -> Verdict<Created> {
        let params = Create {
            resource: resource(self.of_type),
            inputs: self.state.inputs.clone(),
            token: self.token.clone(),
        };
        Ok(self.provider.create(&params, self.limit)?)
    }

    fn create_again(&self) -> Verdict {
        let again = self.create()?;
        let (first, second) = (&self.state.id, &again.id);
        ensure(first == second, || {
            format!("there are two now: `{first}` and `{second}`")
        })
        .inspect_err(|_| self.throw_away(&again))
    }

    /// Deletes what should not have been made, as far as that works.
    fn throw_away(&self, made: &Created) {
        let prior = ResourceState {
            id: made.id.clone(),
            inputs: self.state.inputs.clone(),
            outputs: made.outputs.clone(),
            private: made.private.clone(),
        };
        let resource = resource(self.of_type);
        let _ = self
            .provider
            .delete(&Delete { resource, prior }, self.limit);
    }

    fn outputs(&self) -> Verdict {
        let schemas = self.provider.schema(self.limit)?;
        let schema = schemas.get(self.of_type);
        let schema = schema.ok_or_else(|| Trouble::Failed("there is no schema".to_owned()))?;
        fits(&schema.outputs, &Value::Object(self.state.outputs.clone()))
    }

    fn find(&self, idempotent: bool) -> Verdict {
        let params = Find {
            kind: self.of_type.to_owned(),
            token: self.token.clone(),
        };
        match self.provider.find(&params, self.limit)?.resource {
            Some(found) => ensure(found.id == self.state.id, || {
                format!("it found `{}` for `{}`", found.id, self.state.id)
            }),
            // Who makes the same one again loses none.
            None if idempotent => Err(Trouble::Skipped(
                "it finds none, but a second one with its token is the same".to_owned(),
            )),
            None => Err(Trouble::Failed("it found none".to_owned())),
        }
    }

    fn read(&self) -> Verdict<Option<Updated>> {
        let params = Read {
            kind: self.of_type.to_owned(),
            resources: vec![self.state.clone()],
        };
        let read = self.provider.read(&params, self.limit)?;
        Ok(read.into_iter().next().flatten())
    }

    fn read_present(&self) -> Verdict {
        let read = self.read()?;
        ensure(read.is_some(), || "it says that there is none".to_owned())
    }

    fn read_gone(&self) -> Verdict {
        let read = self.read()?;
        ensure(read.is_none(), || "it says that it is there".to_owned())
    }

    fn diff(&self, inputs: &Attributes) -> Verdict<Difference> {
        let params = Diff {
            resource: resource(self.of_type),
            prior: self.state.clone(),
            inputs: inputs.clone(),
        };
        Ok(self.provider.diff(&params, self.limit)?)
    }

    fn same(&self, inputs: &Attributes) -> Verdict {
        let difference = self.diff(inputs)?;
        ensure(difference.changes.is_empty(), || {
            let path = difference.changes[0].path.join(".");
            format!("it finds a change of `{path}`")
        })
    }

    fn change(&mut self, changed: Option<&Attributes>) -> Verdict {
        let Some(changed) = changed else {
            return Err(Trouble::Skipped(
                "there are no other inputs to try".to_owned(),
            ));
        };
        let difference = self.diff(changed)?;
        ensure(!difference.changes.is_empty(), || {
            "it finds no difference between the two samples".to_owned()
        })?;
        if difference.changes.iter().any(|change| change.replace) {
            return Err(Trouble::Skipped("the change needs a new one".to_owned()));
        }
        let params = Update {
            resource: resource(self.of_type),
            prior: self.state.clone(),
            inputs: changed.clone(),
        };
        let updated = self.provider.update(&params, self.limit)?;
        let stable = difference.stable.iter();
        let mut moved =
            stable.filter(|name| updated.outputs.get(*name) != self.state.outputs.get(*name));
        let moved = moved.next().cloned();
        self.state.inputs.clone_from(changed);
        self.state.outputs = updated.outputs;
        self.state.private = updated.private;
        ensure(moved.is_none(), || {
            let name = moved.unwrap_or_default();
            format!("the output `{name}` was to stay as it was")
        })?;
        self.same(changed)
    }

    fn delete(&self) -> Verdict {
        let params = Delete {
            resource: resource(self.of_type),
            prior: self.state.clone(),
        };
        Ok(self.provider.delete(&params, self.limit)?)
    }
}

/// A word that no other resource has.
fn token() -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = now.unwrap_or_default().as_nanos();
    format!("conformance-{}-{now}", process::id())
}
