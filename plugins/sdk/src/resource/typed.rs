//! From messages to the author's types and back.

use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{Call, Context, Failed, Made, Resource, State, schema};
use crate::protocol::{
    Action, ActionResult, Attributes, Created, Diagnostic, Found, Imported, Nothing, Read,
    ReadResult, TypeInfo, TypeSchema, Updated, Upgrade, Upgraded, Validate, Validated,
};

/// A type of any author.
pub(crate) trait Type: Send + Sync {
    /// What the provider can do with it.
    fn info(&self) -> TypeInfo;
    /// Its schemas.
    fn schema(&self) -> &TypeSchema;
    /// JSON Schema of its options, to be shared.
    fn options(&self) -> Arc<Value>;
    /// Answers a request.
    fn call(&self, context: &Context, call: Call) -> Result<Value, Failed>;
}

/// A type of one author.
pub(crate) struct Typed<R> {
    resource: R,
    schema: TypeSchema,
    options: Arc<Value>,
}

impl<R: Resource> Typed<R> {
    pub(crate) fn new(resource: R) -> Self {
        let schema = schema::of_type::<R>();
        Self {
            resource,
            options: Arc::new(schema.options.clone()),
            schema,
        }
    }

    fn validate(&self, context: &Context, asked: Validate) -> Validated {
        match options::<R::Options>(asked.inputs) {
            Ok(options) => Validated {
                diagnostics: self.resource.validate(context, &asked.resource, &options),
                after: self.resource.after(&options),
            },
            Err(why) => Validated {
                diagnostics: vec![Diagnostic::error::<&str>([], why)],
                after: Vec::new(),
            },
        }
    }

    fn read(&self, context: &Context, asked: &Read) -> Result<ReadResult, Failed> {
        let states = self.resource.read_many(context, &asked.resources)?;
        if states.len() != asked.resources.len() {
            return Err(Failed::internal(format!(
                "`read` of `{}` tells of {} resources, and was asked for {}",
                R::TYPE,
                states.len(),
                asked.resources.len()
            )));
        }
        let states = states.into_iter();
        let resources = states.map(|state| state.map(updated::<R>).transpose());
        Ok(ReadResult {
            resources: resources.collect::<Result<_, _>>()?,
        })
    }

    fn upgrade(&self, context: &Context, asked: Upgrade) -> Result<Upgraded, Failed> {
        let (from, to) = (asked.version, R::VERSION);
        if from > to {
            let message =
                format!("what is kept is of version {from}, and this provider knows {to}");
            return Err(
                Failed::unsupported(message).hint("use the plugin that kept it, or a newer one")
            );
        }
        let state = if from == to {
            asked.state
        } else {
            self.resource.upgrade(context, from, asked.state)?
        };
        Ok(Upgraded { state })
    }

    fn action(&self, context: &Context, asked: &Action) -> Result<ActionResult, Failed> {
        let Action {
            resource,
            prior,
            action,
            arguments,
        } = asked;
        if !R::ACTIONS.contains(&action.as_str()) {
            let failed = Failed::unsupported(format!("`{}` has no action `{action}`", R::TYPE));
            return Err(match R::ACTIONS {
                [] => failed.hint("it has no actions"),
                known => failed.hint(format!("it has: {}", known.join(", "))),
            });
        }
        let result = self
            .resource
            .action(context, resource, prior, action, arguments)?;
        Ok(ActionResult { result })
    }
}

impl<R: Resource> Type for Typed<R> {
    fn info(&self) -> TypeInfo {
        TypeInfo {
            kind: R::KIND,
            version: R::VERSION,
            actions: R::ACTIONS.iter().map(|&word| word.to_owned()).collect(),
        }
    }

    fn schema(&self) -> &TypeSchema {
        &self.schema
    }

    fn options(&self) -> Arc<Value> {
        Arc::clone(&self.options)
    }

    fn call(&self, context: &Context, call: Call) -> Result<Value, Failed> {
        let of = &self.resource;
        match call {
            Call::Validate(asked) => result(&self.validate(context, asked)),
            Call::Diff(asked) => {
                result(&of.diff(context, &asked.resource, &asked.prior, &asked.inputs)?)
            }
            Call::Create(asked) => {
                let options = options(asked.inputs).map_err(Failed::invalid)?;
                let made = of.create(context, &asked.resource, options, &asked.token)?;
                result(&created::<R>(made)?)
            }
            Call::Find(asked) => {
                let made = of.find(context, &asked.token)?;
                let resource = made.map(created::<R>).transpose()?;
                result(&Found { resource })
            }
            Call::Read(asked) => result(&self.read(context, &asked)?),
            Call::Update(asked) => {
                let options = options(asked.inputs).map_err(Failed::invalid)?;
                let state = of.update(context, &asked.resource, &asked.prior, options)?;
                result(&updated::<R>(state)?)
            }
            Call::Delete(asked) => {
                of.delete(context, &asked.resource, &asked.prior)?;
                result(&Nothing {})
            }
            Call::Import(asked) => {
                let (inputs, state) = of.import(context, &asked.resource, &asked.id)?;
                let Updated { outputs, private } = updated::<R>(state)?;
                result(&Imported {
                    inputs,
                    outputs,
                    private,
                })
            }
            Call::Upgrade(asked) => result(&self.upgrade(context, asked)?),
            Call::Action(asked) => result(&self.action(context, &asked)?),
        }
    }
}

fn options<O: DeserializeOwned>(inputs: Attributes) -> Result<O, String> {
    let options = serde_json::from_value(Value::Object(inputs));
    options.map_err(|error| format!("the inputs do not fit: {error}"))
}

fn created<R: Resource>(made: Made<R::Outputs>) -> Result<Created, Failed> {
    if made.id.is_empty() {
        return Err(Failed::internal(format!(
            "a resource of type `{}` has no id",
            R::TYPE
        )));
    }
    let Updated { outputs, private } = updated::<R>(made.state)?;
    Ok(Created {
        id: made.id,
        outputs,
        private,
    })
}

fn updated<R: Resource>(state: State<R::Outputs>) -> Result<Updated, Failed> {
    let outputs = match serde_json::to_value(state.outputs) {
        Ok(Value::Object(outputs)) => outputs,
        Ok(_) => {
            return Err(Failed::internal(format!(
                "the outputs of `{}` are no object",
                R::TYPE
            )));
        }
        Err(error) => return Err(not_json(&error)),
    };
    Ok(Updated {
        outputs,
        private: state.private,
    })
}

fn result(result: &impl Serialize) -> Result<Value, Failed> {
    serde_json::to_value(result).map_err(|error| not_json(&error))
}

fn not_json(error: &serde_json::Error) -> Failed {
    Failed::internal(format!("the answer cannot be written as JSON: {error}"))
}
