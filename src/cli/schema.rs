//! `nixops schema`

use anyhow::{Context as _, Result, bail};
use clap::Args;
use schemars::schema_for;
use serde_json::Value;

use crate::{
    check::Report,
    plan::{Plan, SavedPlan},
    plugin::PluginSet,
    schema::Registry,
};

use super::{Context, plugins::schemas, source::SourceArguments};

/// Print the JSON Schemas of resource types
///
/// The types `machine`, `key`, `sshKeyPairs` and `commandOutput` are NixOps' own; those of the
/// plugins of the network come beside them. `plan` and `saved-plan` describe what `nixops plan` writes,
/// `check` what `nixops check` writes.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  nixops schema                       all types by name
  nixops schema machine               a type of NixOps itself, without a network
  nixops schema neatcloudVolumes      a type of a plugin of the network here
  nixops schema plan                  what `nixops plan --json` prints")]
pub struct Schema {
    /// The type; all of them if it is left out
    #[arg(value_name = "TYPE")]
    kind: Option<String>,

    #[command(flatten)]
    source: SourceArguments,
}

impl Schema {
    /// Runs the verb and gives the exit code.
    pub fn run(self, context: &Context) -> Result<u8> {
        if let Some(document) = self.kind.as_deref().and_then(written) {
            return print(context, &document);
        }
        let core = Registry::new();
        let is_core = self
            .kind
            .as_ref()
            .is_some_and(|kind| core.get(kind).is_some());
        let registry = if is_core { core } else { self.all(context)? };
        let value = if let Some(kind) = &self.kind {
            document(&registry, kind)?
        } else {
            let schemas = registry.iter();
            let documents = schemas.map(|(kind, schema)| {
                let document = schema.options.document().clone();
                (kind.to_owned(), document)
            });
            Value::Object(documents.collect())
        };
        print(context, &value)
    }

    fn all(&self, context: &Context) -> Result<Registry> {
        let nix = self.source.nix(context)?;
        let evaluator = self.source.evaluator(context, &nix)?;
        let plugins = PluginSet::from_json(evaluator.overview()?.plugins)?;
        schemas(&plugins)
    }
}

/// The schema of something that NixOps itself writes.
fn written(name: &str) -> Option<Value> {
    match name {
        "plan" => Some(schema_for!(Plan).to_value()),
        "check" => Some(schema_for!(Report).to_value()),
        "saved-plan" => Some(schema_for!(SavedPlan).to_value()),
        _ => None,
    }
}

fn print(context: &Context, schema: &Value) -> Result<u8> {
    let text = if context.global.json {
        serde_json::to_string(schema)
    } else {
        serde_json::to_string_pretty(schema)
    };
    context.ui.data(text.context("while writing the schema")?);
    Ok(0)
}

fn document(registry: &Registry, kind: &str) -> Result<Value> {
    let Some(schema) = registry.get(kind) else {
        let known: Vec<_> = registry.iter().map(|(kind, _)| kind).collect();
        bail!("there is no type `{kind}`; there are {}", known.join(", "))
    };
    Ok(schema.options.document().clone())
}
