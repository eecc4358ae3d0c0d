//! `nixops eval`

use std::{collections::BTreeMap, fs, sync::mpsc::Receiver};

use anyhow::{Context as _, Result};
use camino::Utf8PathBuf;
use clap::Args;
use serde::Serialize;
use serde_json::{Value, json};

use crate::{
    evaluator::{
        Depth, Diagnostic, Evaluated, EvaluatedResource, Evaluator, Known, OutputRef, Reads,
    },
    network::{MachineOptions, Names},
    preview::{CheckedMachine, Judge, Problem},
    schema::Registry,
};

use super::{
    Context,
    checking::{of_machine, of_resource, tell},
    plugins::schemas,
    selection::SelectionArguments,
    session::{Intent, Session},
    source::SourceArguments,
    state::StateArguments,
};

/// Evaluate the network and print it as data
///
/// Prints machines with their options and systems, resources, and the attribute `network`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  nixops eval                           the network of the flake here
  nixops eval --json | jq .machines     for programs
  nixops eval --on web --options-only   only what `deployment.*` says of one machine
  nixops eval --expr '{ nodes, ... }: nodes.web.config.networking.firewall.allowedTCPPorts'
  nixops eval --flake github:me/net#prod")]
pub struct Eval {
    #[command(flatten)]
    source: SourceArguments,

    #[command(flatten)]
    state: StateArguments,

    #[command(flatten)]
    selection: SelectionArguments,

    /// Outputs of resources, as JSON: what evaluation is told of them, in place of what is so
    #[arg(long, value_name = "FILE", hide = true)]
    outputs: Option<Utf8PathBuf>,

    /// Leave out the systems of machines, which is faster
    #[arg(long)]
    options_only: bool,

    /// Print what a Nix expression makes of the network instead: a function of `nodes`, `resources`,
    /// `network`, `pkgs`, `lib`, `uuid`, `deploymentName` and `arguments`, or any other expression
    #[arg(long, short = 'E', value_name = "NIX", conflicts_with_all = ["on", "exclude", "options_only"])]
    expr: Option<String>,
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
    /// What machines and resources read of resources.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    reads: BTreeMap<String, Reads>,
    /// Outputs without which machines and resources cannot be evaluated.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    awaits: BTreeMap<String, OutputRef>,
}

/// What was found of machines and resources.
#[derive(Default)]
struct Found {
    machines: BTreeMap<String, Value>,
    resources: BTreeMap<String, BTreeMap<String, Value>>,
    invalid: Vec<Problem>,
    errors: BTreeMap<String, Diagnostic>,
    reads: BTreeMap<String, Reads>,
    awaits: BTreeMap<String, OutputRef>,
}

/// What evaluates, and judges what it gives.
#[derive(Clone, Copy)]
struct Tools<'a> {
    context: &'a Context,
    evaluator: &'a Evaluator,
    judge: Judge<'a>,
    known: &'a Known,
}

impl Eval {
    /// Runs the verb and gives the exit code.
    pub fn run(self, context: &Context) -> Result<u8> {
        let session = Session::begin(context, &self.source, &self.state, Intent::default())?;
        let (evaluator, names) = (&session.evaluator, &session.names);
        let selected = self.selection.resolve(evaluator, &names.machines)?;
        let schemas = schemas(&session.ground.plugins)?;
        let known = match self.known()? {
            Some(known) => known,
            None => session.known(&schemas)?,
        };
        if let Some(expression) = &self.expr {
            let tell = |text| context.ui.warning(None, text, None);
            print(context, &evaluator.expression(expression, &known, tell)?)?;
            return Ok(0);
        }
        let tools = Tools {
            context,
            evaluator,
            judge: Judge {
                schemas: &schemas,
                source: evaluator.source(),
            },
            known: &known,
        };
        let mut found = Found::default();
        found.resources(tools, names)?;
        self.machines(tools, &selected, &mut found)?;
        tell(context, &found.invalid);
        let failed = !found.errors.is_empty() || !found.invalid.is_empty();
        let printed = Printed {
            network: session.network,
            machines: found.machines,
            resources: found.resources,
            invalid: found.invalid,
            errors: found.errors,
            reads: found.reads,
            awaits: found.awaits,
        };
        print(context, &printed)?;
        Ok(u8::from(failed))
    }

    /// What evaluation is told of outputs, if the user says so.
    fn known(&self) -> Result<Option<Known>> {
        let Some(file) = &self.outputs else {
            return Ok(None);
        };
        let read = fs::read_to_string(file).map_err(anyhow::Error::from);
        let known = read.and_then(|text| Ok(Some(Known::from_json(&text)?)));
        known.with_context(|| format!("while reading outputs from {file}"))
    }

    /// Evaluates the machines: what is known of each, and what is wrong with the others.
    fn machines(&self, tools: Tools<'_>, names: &[String], found: &mut Found) -> Result<()> {
        let Tools {
            evaluator, known, ..
        } = tools;
        let depth = if self.options_only {
            Depth::Options
        } else {
            Depth::Systems
        };
        Ok(evaluator.machines(depth, names, known, |news| {
            self.collect(tools, news, found);
        })?)
    }

    fn collect(&self, tools: Tools<'_>, news: &Receiver<Evaluated>, found: &mut Found) {
        let Tools { context, judge, .. } = tools;
        for news in news {
            match news {
                Evaluated::Target {
                    machine,
                    options,
                    whereabouts,
                    ..
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
                Evaluated::Reads { machine, reads } if !reads.is_empty() => {
                    found.reads.insert(machine, reads);
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
                    unknown,
                } => {
                    let unknown = unknown.map(|output| (machine.clone(), output));
                    found.awaits.extend(unknown);
                    context.ui.error(of_machine(&machine, &diagnostic));
                    found.errors.insert(machine, diagnostic);
                }
                Evaluated::Warning { machine, text } | Evaluated::Trace { machine, text } => {
                    context.ui.warning(machine.as_deref(), text, None);
                }
                Evaluated::Begun { .. } | Evaluated::Reads { .. } | Evaluated::Keys { .. } => {}
            }
        }
    }
}

impl Found {
    fn resources(&mut self, tools: Tools<'_>, names: &Names) -> Result<()> {
        for resource in tools.evaluator.resources(&names.keys(), tools.known)? {
            match resource {
                Ok(resource) => self.resource(tools.judge, resource),
                Err(failed) => {
                    let error = of_resource(&failed.key, &failed.diagnostic);
                    tools.context.ui.error(error);
                    let name = format!("resources.{}", failed.key);
                    let unknown = failed.unknown.map(|output| (name.clone(), output));
                    self.awaits.extend(unknown);
                    self.errors.insert(name, failed.diagnostic);
                }
            }
        }
        Ok(())
    }

    fn resource(&mut self, judge: Judge<'_>, resource: EvaluatedResource) {
        self.invalid.extend(judge.resource(&resource));
        let shown = judge.schemas.redact(&resource.kind, &resource.value);
        if !resource.reads.is_empty() {
            let name = format!("resources.{}", resource.key());
            self.reads.insert(name, resource.reads);
        }
        let named = self.resources.entry(resource.kind).or_default();
        named.insert(resource.name, shown);
    }
}

/// Prints a value: in one line for programs, in many for people.
fn print(context: &Context, value: &impl Serialize) -> Result<()> {
    let text = if context.global.json {
        serde_json::to_string(value)
    } else {
        serde_json::to_string_pretty(value)
    };
    context.ui.data(text.context("while writing the network")?);
    Ok(())
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
