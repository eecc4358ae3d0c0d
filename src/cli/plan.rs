//! `nixops plan`

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use camino::{Utf8Path, Utf8PathBuf};
use clap::Args;

use crate::{
    deploy::{Limits, Survey},
    evaluator::{Depth, Evaluated},
    nix::Nix,
    plan::{ClosureDifference, MachineAction, Plan as Planned, PlannedMachine, SavedPlan},
    process::Processes,
    state::{DeploymentStore, MachineRecord, Store as _},
    ui::Event,
};

use super::{
    Context,
    deploy::ResourceArguments,
    plugins::PluginArguments,
    reads::surveyed,
    run::Run,
    saved,
    selection::SelectionArguments,
    session::{Intent, Session},
    source::SourceArguments,
    state::StateArguments,
};

/// Say what a deploy would do, and change nothing anywhere
///
/// Resources are compared with what their providers say; systems with those that were deployed
/// last, for which no host is asked. What follows from outputs that are not there yet is known after
/// apply.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  nixops plan                         the network of the flake here
  nixops plan --kill-obsolete         with what the network has no more
  nixops plan --out tomorrow.plan     for `nixops deploy --plan tomorrow.plan`
  nixops plan --build                 build systems, to tell how their packages differ
  nixops plan --json | jq .resources  as one JSON value (docs/src/schemas/plan.json)

Exit codes:
  0 nothing is refused, 1 something is, 2 wrong usage, 130 interrupted")]
pub struct Plan {
    /// Save the plan in a file, for `nixops deploy --plan`
    #[arg(long, short, value_name = "FILE")]
    out: Option<Utf8PathBuf>,

    /// Build systems that are not built, to tell how their packages differ
    #[arg(long)]
    build: bool,

    /// Resources alone: evaluate no machine
    #[arg(long)]
    resources_only: bool,

    #[command(flatten)]
    source: SourceArguments,

    #[command(flatten)]
    state: StateArguments,

    #[command(flatten)]
    selection: SelectionArguments,

    #[command(flatten)]
    resources: ResourceArguments,

    #[command(flatten)]
    plugins: PluginArguments,
}

impl Plan {
    /// Runs the verb and gives the exit code.
    pub fn run(self, context: &Context) -> Result<u8> {
        let session = Session::begin(context, &self.source, &self.state, Intent::default())?;
        let store = session.ground.look()?;
        let all = &session.names.machines;
        let selected = self.selection.resolve(&session.evaluator, all)?;
        let run = Run::of_session(context, &session, &store, &self.plugins, None)?;
        let asking = run.asking();
        let stage = asking.stage(&session, self.resources.scope(), Limits::default());
        let survey = surveyed(context, &session, &stage, &selected)?;
        let machines = if self.resources_only {
            BTreeMap::new()
        } else {
            self.machines(context, &session, &store, &survey, &selected)?
        };
        let plan = Planned {
            resources: survey.plan.clone(),
            machines,
        };
        if let Some(path) = &self.out {
            let part = (!session.is_all(&selected)).then_some(selected);
            let bound = saved::source(&session, part, self.resources.kill_obsolete)?;
            let deployment = saved::deployment(&session.ground.deployment);
            SavedPlan::new(plan.clone(), deployment, bound).write(path)?;
        }
        self.print(context, &plan)?;
        Ok(0)
    }

    fn print(&self, context: &Context, plan: &Planned) -> Result<()> {
        if context.global.json {
            context.ui.data(serde_json::to_string(plan)?);
        } else {
            context.ui.send(Event::Plan { plan: plan.clone() });
        }
        if let Some(path) = &self.out {
            context.ui.send(Event::Note {
                message: format!("saved; `nixops deploy --plan {path}` does exactly this"),
            });
        }
        Ok(())
    }

    /// What is to be done with the systems of machines.
    fn machines(
        &self,
        context: &Context,
        session: &Session,
        store: &DeploymentStore,
        survey: &Survey<'_>,
        selected: &[String],
    ) -> Result<BTreeMap<String, PlannedMachine>> {
        let recorded = store.machines()?;
        let mut machines = evaluated(context, session, survey, selected)?;
        let nix = &session.ground.nix;
        for (name, machine) in &mut machines {
            let record = recorded.get(name).cloned().unwrap_or_default();
            compare(machine, &record);
            if machine.action == MachineAction::Deploy {
                if self.build {
                    build(context, nix, machine)?;
                }
                machine.closure = difference(nix, &context.processes, machine);
            }
        }
        let gone = recorded.into_iter().filter(|(name, _)| {
            !session.names.machines.contains(name) && self.resources.kill_obsolete
        });
        machines.extend(gone.map(|(name, record)| (name, forgotten(record))));
        Ok(machines)
    }
}

/// Evaluates machines, and says of each what it is to run, or why that is not known.
fn evaluated(
    context: &Context,
    session: &Session,
    survey: &Survey<'_>,
    selected: &[String],
) -> Result<BTreeMap<String, PlannedMachine>> {
    let evaluator = &session.evaluator;
    let machines = evaluator.machines(Depth::Systems, selected, &survey.known(), |news| {
        news.iter().filter_map(|one| heard(context, one)).collect()
    })?;
    Ok(machines)
}

fn heard(context: &Context, news: Evaluated) -> Option<(String, PlannedMachine)> {
    let machine = |action| PlannedMachine {
        action,
        ..PlannedMachine::default()
    };
    match news {
        Evaluated::Machine(found) => {
            let planned = PlannedMachine {
                derivation: Some(found.derivation),
                system: Some(found.system),
                ..machine(MachineAction::Deploy)
            };
            Some((found.name, planned))
        }
        Evaluated::Failed {
            machine: name,
            unknown: Some(output),
            ..
        } => {
            let planned = PlannedMachine {
                reasons: vec![format!("it reads {output}")],
                awaits: BTreeSet::from([output.key]),
                ..machine(MachineAction::Later)
            };
            Some((name, planned))
        }
        Evaluated::Failed {
            machine: name,
            diagnostic,
            ..
        } => {
            context
                .ui
                .error(super::checking::of_machine(&name, &diagnostic));
            let planned = PlannedMachine {
                reasons: vec![diagnostic.message],
                ..machine(MachineAction::Fail)
            };
            Some((name, planned))
        }
        Evaluated::Warning { machine, text } => {
            context.ui.warning(machine.as_deref(), text, None);
            None
        }
        _ => None,
    }
}

/// Compares a system with the one that was deployed last.
fn compare(machine: &mut PlannedMachine, record: &MachineRecord) {
    machine.before.clone_from(&record.system);
    if machine.system.is_some() && machine.system == record.system {
        machine.action = MachineAction::Keep;
    }
}

fn forgotten(record: MachineRecord) -> PlannedMachine {
    PlannedMachine {
        action: MachineAction::Forget,
        before: record.system,
        ..PlannedMachine::default()
    }
}

fn build(context: &Context, nix: &Nix, machine: &PlannedMachine) -> Result<()> {
    use crate::nix::{BuildOptions, BuildQueue};
    let (Some(derivation), Some(system)) = (&machine.derivation, &machine.system) else {
        return Ok(());
    };
    let processes = context.processes.clone();
    let queue = BuildQueue::new(nix.clone(), processes, BuildOptions::default());
    queue.build(derivation, system)?;
    Ok(())
}

/// How two systems differ, if both are in the store here.
fn difference(
    nix: &Nix,
    processes: &Processes,
    machine: &PlannedMachine,
) -> Option<ClosureDifference> {
    let before = machine.before.as_deref().map(Utf8Path::new)?;
    let after = machine.system.as_deref().map(Utf8Path::new)?;
    let missing = nix.invalid_paths(processes, [before, after]).ok()?;
    if !missing.is_empty() {
        return None;
    }
    let before = nix.closure(processes, before).ok()?;
    let after = nix.closure(processes, after).ok()?;
    Some(ClosureDifference::between(&before, &after))
}
