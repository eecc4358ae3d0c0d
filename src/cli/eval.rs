//! `nixops eval`

use std::{collections::BTreeMap, sync::mpsc, thread};

use anyhow::{Context as _, Result};
use clap::Args;
use serde::Serialize;
use serde_json::{Value, json};

use crate::{
    evaluator::{Diagnostic, Evaluated, Evaluator},
    network::MachineOptions,
};

use super::{Context, selection::SelectionArguments, source::SourceArguments};

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
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
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
        let mut resources: BTreeMap<String, BTreeMap<String, Value>> = BTreeMap::new();
        for resource in evaluator.resources(&overview.names)? {
            let named = resources.entry(resource.kind).or_default();
            named.insert(resource.name, resource.value);
        }
        let (machines, errors) = self.machines(context, &evaluator, &selected)?;
        let failed = !errors.is_empty();
        let printed = Printed {
            network: overview.network,
            machines,
            resources,
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
        names: &[String],
    ) -> Result<(BTreeMap<String, Value>, BTreeMap<String, Diagnostic>)> {
        let (sender, receiver) = mpsc::channel();
        thread::scope(|scope| {
            let evaluation = scope.spawn(move || {
                if self.options_only {
                    evaluator.targets(names, &sender)
                } else {
                    evaluator.machines(names, &sender)
                }
            });
            let collected = self.collect(context, receiver);
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
        news: mpsc::Receiver<Evaluated>,
    ) -> (BTreeMap<String, Value>, BTreeMap<String, Diagnostic>) {
        let mut machines = BTreeMap::new();
        let mut errors = BTreeMap::new();
        for news in news {
            match news {
                Evaluated::Target {
                    machine, options, ..
                } if self.options_only => {
                    machines.insert(machine, options_value(&options));
                }
                Evaluated::Machine(machine) => {
                    let mut value = options_value(&machine.options);
                    value["derivation"] = json!(machine.derivation);
                    value["system"] = json!(machine.system);
                    machines.insert(machine.name, value);
                }
                Evaluated::Failed {
                    machine,
                    diagnostic,
                } => {
                    context.ui.error(of_machine(&machine, &diagnostic));
                    errors.insert(machine, diagnostic);
                }
                Evaluated::Warning { machine, text } | Evaluated::Trace { machine, text } => {
                    context.ui.warning(machine.as_deref(), text, None);
                }
                Evaluated::Begun { .. } | Evaluated::Target { .. } => {}
            }
        }
        (machines, errors)
    }
}

fn options_value(options: &MachineOptions) -> Value {
    // Names of options are strings, so there is no way for this to fail.
    serde_json::to_value(options).unwrap_or_default()
}

fn of_machine(machine: &str, diagnostic: &Diagnostic) -> Diagnostic {
    Diagnostic {
        message: format!("cannot evaluate {machine}: {}", diagnostic.message),
        ..diagnostic.clone()
    }
}
