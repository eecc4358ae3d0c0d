//! `nixops schema`

use anyhow::{Context as _, Result, bail};
use clap::Args;
use serde_json::Value;

use crate::{plugin::PluginSet, schema::Registry};

use super::{Context, plugins::schemas, source::SourceArguments};

/// Print the JSON Schemas of resource types
///
/// The types `machine`, `key`, `sshKeyPairs` and `commandOutput` are NixOps' own; those of the
/// plugins of the network come beside them.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  nixops schema                       all types by name
  nixops schema machine               a type of NixOps itself, without a network
  nixops schema neatcloudVolumes      a type of a plugin of the network here")]
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
        let text = if context.global.json {
            serde_json::to_string(&value)
        } else {
            serde_json::to_string_pretty(&value)
        };
        context.ui.data(text.context("while writing the schema")?);
        Ok(0)
    }

    fn all(&self, context: &Context) -> Result<Registry> {
        let nix = self.source.nix(context)?;
        let evaluator = self.source.evaluator(context, &nix)?;
        let plugins = PluginSet::from_json(evaluator.overview()?.plugins)?;
        schemas(&plugins)
    }
}

fn document(registry: &Registry, kind: &str) -> Result<Value> {
    let Some(schema) = registry.get(kind) else {
        let known: Vec<_> = registry.iter().map(|(kind, _)| kind).collect();
        bail!("there is no type `{kind}`; there are {}", known.join(", "))
    };
    Ok(schema.options.document().clone())
}
