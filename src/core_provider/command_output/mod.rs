//! `resources.commandOutput.<name>`: what a script of the deployer prints.

mod script;

use nixops_plugin::{
    Attributes, Change, ChangeKind, Context, Difference, Failed, JsonSchema, Made, Resource,
    ResourceRef, ResourceState, State,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::network::CommandOutputOptions;

/// The type.
pub struct CommandOutputs;

/// What is known once the script has run.
#[derive(Deserialize, JsonSchema, Serialize)]
pub struct Outputs {
    /// What the script printed; without a script, what the network says.
    value: Option<String>,
}

impl Resource for CommandOutputs {
    const TYPE: &'static str = "commandOutput";
    type Options = CommandOutputOptions;
    type Outputs = Outputs;

    /// The script runs again when its text is another, or there is nothing that it has printed.
    fn diff(
        &self,
        _: &Context,
        _: &ResourceRef,
        prior: &ResourceState,
        inputs: &Attributes,
    ) -> Result<Difference, Failed> {
        let (before, after) = (text(&prior.inputs, "script"), text(inputs, "script"));
        let attribute = match after {
            _ if before != after => Some(("script", before, after)),
            Some(_) if text(&prior.outputs, "value").is_none() => Some(("value", None, after)),
            Some(_) => None,
            None => {
                let (told, said) = (text(&prior.outputs, "value"), text(inputs, "value"));
                (told != said).then_some(("value", told, said))
            }
        };
        let change = attribute.map(|(name, before, after)| Change {
            path: vec![name.to_owned()],
            kind: match (before, after) {
                (None, _) => ChangeKind::Add,
                (_, None) => ChangeKind::Remove,
                _ => ChangeKind::Update,
            },
            replace: false,
        });
        Ok(Difference {
            changes: change.into_iter().collect(),
            stable: Vec::new(),
        })
    }

    fn create(
        &self,
        context: &Context,
        resource: &ResourceRef,
        options: CommandOutputOptions,
        _: &str,
    ) -> Result<Made<Outputs>, Failed> {
        Ok(Made {
            id: resource.name.clone(),
            state: run(context, options)?,
        })
    }

    /// What a script printed is in the answer, or lost.
    fn find(&self, _: &Context, _: &str) -> Result<Option<Made<Outputs>>, Failed> {
        Ok(None)
    }

    fn read(&self, _: &Context, prior: &ResourceState) -> Result<Option<State<Outputs>>, Failed> {
        let outputs = Value::Object(prior.outputs.clone());
        Ok(serde_json::from_value(outputs).ok().map(State::new))
    }

    fn update(
        &self,
        context: &Context,
        _: &ResourceRef,
        _: &ResourceState,
        options: CommandOutputOptions,
    ) -> Result<State<Outputs>, Failed> {
        run(context, options)
    }

    fn delete(&self, _: &Context, _: &ResourceRef, _: &ResourceState) -> Result<(), Failed> {
        Ok(())
    }
}

fn run(context: &Context, options: CommandOutputOptions) -> Result<State<Outputs>, Failed> {
    let value = match &options.script {
        Some(script) => Some(script::run(context, script)?),
        None => options.value,
    };
    Ok(State::new(Outputs { value }))
}

fn text<'a>(attributes: &'a Attributes, name: &str) -> Option<&'a str> {
    attributes.get(name).and_then(Value::as_str)
}
