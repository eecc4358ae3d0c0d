//! `nixops eval`

use std::{collections::BTreeMap, sync::mpsc, thread};

use anyhow::{Context as _, Result};
use clap::Args;
use serde::Serialize;
use serde_json::{Value, json};

use crate::{
    evaluator::{Diagnostic, Evaluated, Evaluator, FailedResource, Known},
    network::MachineOptions,
    plugin::PluginSet,
    preview::{CheckedMachine, Judge, Problem},
    schema::Registry,
};

use super::{
    Context,
    checking::{of_machine, of_resource, tell},
    plugins::schemas,
    selection::SelectionArguments,
    source::SourceArguments,
};

/// Evaluate the network and print it as data
///
/// Prints machines with their options and systems, resources, and the attribute `network`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  nixops eval                           the network of the flake here
  nixops eval --json | jq .machines     for programs
  nixops eval --on web --options-only   only what `deployment.*` says of one machine
  nixops eval --flake github:me/net#prod")]
pub struct Eval {
    #[command(flatten)]
    source: SourceArguments,

    #[command(flatten)]
    selection: SelectionArguments,

    /// Leave out the systems of machines, which is faster
    #[arg(long)]
    options_only: bool,
}

/// What is printed.
#[derive(Serialize)]
struct Printed {
    network: BTreeMap<String, Value>,
    machines: BTreeMap<String, Value>,
    resources: BTreeMap<String, BTreeMap<String, Value>>,
    /// What is not as its type wants it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    invalid: Vec<Problem>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    errors: BTreeMap<String, Diagnostic>,
}

/// What was found of machines.
#[derive(Default)]
struct Found {
    machines: BTreeMap<String, Value>,
    invalid: Vec<Problem>,
    errors: BTreeMap<String, Diagnostic>,
}

impl Eval {
    /// Runs the verb and gives the exit code.
    pub fn run(self, context: &Context) -> Result<u8> {
        let nix = self.source.nix(context)?;
        let evaluator = self.source.evaluator(context, &nix)?;
        let overview = evaluator.overview()?;
        let selected = self
            .selection
            .resolve(&evaluator, &overview.names.machines)?;
        let schemas = schemas(&PluginSet::from_json(overview.plugins)?)?;
        let judge = Judge {
            schemas: &schemas,
            source: evaluator.source(),
        };
        let mut resources: BTreeMap<String, BTreeMap<String, Value>> = BTreeMap::new();
        let mut invalid = Vec::new();
        let mut errors = BTreeMap::new();
        for resource in evaluator.resources(&overview.names.keys(), &Known::default())? {
            let resource = match resource {
                Ok(resource) => resource,
                Err(FailedResource {
                    key, diagnostic, ..
                }) => {
                    context.ui.error(of_resource(&key, &diagnostic));
                    errors.insert(format!("resources.{key}"), diagnostic);
                    continue;
                }
            };
            invalid.extend(judge.resource(&resource));
            let shown = schemas.redact(&resource.kind, &resource.value);
            let named = resources.entry(resource.kind).or_default();
            named.insert(resource.name, shown);
        }
        let found = self.machines(context, &evaluator, judge, &selected)?;
        invalid.extend(found.invalid);
        tell(context, &invalid);
        errors.extend(found.errors);
        let failed = !errors.is_empty() || !invalid.is_empty();
        let printed = Printed {
            network: overview.network,
            machines: found.machines,
            resources,
            invalid,
            errors,
        };
        let text = if context.global.json {
            serde_json::to_string(&printed)
        } else {
            serde_json::to_string_pretty(&printed)
        };
        context.ui.data(text.context("while writing the network")?);
        Ok(u8::from(failed))
    }

    /// Evaluates the machines, giving what is known of each and what is wrong with the others.
    fn machines(
        &self,
        context: &Context,
        evaluator: &Evaluator,
        judge: Judge<'_>,
        names: &[String],
    ) -> Result<Found> {
        let (sender, receiver) = mpsc::channel();
        let known = Known::default();
        thread::scope(|scope| {
            let known = &known;
            let evaluation = scope.spawn(move || {
                if self.options_only {
                    evaluator.targets(names, known, &sender)
                } else {
                    evaluator.machines(names, known, &sender)
                }
            });
            let collected = self.collect(context, judge, receiver);
            match evaluation.join() {
                Ok(result) => result?,
                Err(panic) => std::panic::resume_unwind(panic),
            }
            Ok(collected)
        })
    }

    fn collect(
        &self,
        context: &Context,
        judge: Judge<'_>,
        news: mpsc::Receiver<Evaluated>,
    ) -> Found {
        let mut found = Found::default();
        for news in news {
            match news {
                Evaluated::Target {
                    machine,
                    options,
                    whereabouts,
                } => {
                    found.invalid.extend(judge.machine(CheckedMachine {
                        name: &machine,
                        options: &options,
                        whereabouts: &whereabouts,
                    }));
                    if self.options_only {
                        let shown = shown(judge.schemas, &options);
                        found.machines.insert(machine, shown);
                    }
                }
                Evaluated::Machine(machine) => {
                    let mut value = shown(judge.schemas, &machine.options);
                    value["derivation"] = json!(machine.derivation);
                    value["system"] = json!(machine.system);
                    found.machines.insert(machine.name, value);
                }
                Evaluated::Failed {
                    machine,
                    diagnostic,
                    ..
                } => {
                    context.ui.error(of_machine(&machine, &diagnostic));
                    found.errors.insert(machine, diagnostic);
                }
                Evaluated::Warning { machine, text } | Evaluated::Trace { machine, text } => {
                    context.ui.warning(machine.as_deref(), text, None);
                }
                Evaluated::Begun { .. } | Evaluated::Reads { .. } => {}
            }
        }
        found
    }
}

/// Options as they are printed: without what is sensitive.
fn shown(schemas: &Registry, options: &MachineOptions) -> Value {
    // Names of options are strings, so there is no way for this to fail.
    let mut value = serde_json::to_value(options).unwrap_or_default();
    let backend = &options.target_env;
    if let Some(inputs) = value.get(backend).cloned() {
        value[backend] = schemas.redact(backend, &inputs);
    }
    value
}
