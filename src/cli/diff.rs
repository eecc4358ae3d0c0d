//! `nixops diff`

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use clap::Args;

use crate::{
    evaluator::{Depth, Evaluated},
    fleet::{Closures, Differences, MachineDifference, Member},
    host::Connections,
    network::Machine,
    nix::{BuildOptions, BuildQueue},
    ui::differences_text,
};

use super::{
    Context,
    fleet::{FleetArguments, Found, ManyArguments},
    plugins::schemas,
    session::{Intent, Session},
};

/// Say how what machines run differs from what the network wants
///
/// Evaluates the systems of the network, and asks each host what it runs and has, package by package.
/// `nixops plan` compares with what was deployed last, and asks no host.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  nixops diff                       all machines
  nixops diff --on web --build      with its packages, even if its system is not built yet
  nixops diff --json | jq 'map_values(.closure.newSize)'

Exit codes:
  0 all is known, the same or not, 1 something is not, 2 wrong usage, 130 interrupted")]
pub struct Diff {
    /// Build systems that are not built, to tell how their packages differ
    #[arg(long)]
    build: bool,

    #[command(flatten)]
    many: ManyArguments,
}

impl Diff {
    /// Runs the verb and gives the exit code.
    pub fn run(self, context: &Context) -> Result<u8> {
        let FleetArguments { source, state, .. } = &self.many.fleet;
        let session = Session::begin(context, source, state, Intent::default())?;
        let names = &session.names.machines;
        let names = self.many.selection.resolve(&session.evaluator, names)?;
        let (machines, mut differences) = wanted(context, &session, &names)?;
        let nix = session.ground.nix.clone();
        let members = Found::of_machines(session.ground, machines.values())?.members()?;
        let processes = context.processes.clone();
        let queue = BuildQueue::new(nix.clone(), processes, BuildOptions::default());
        let compare = |connections: &Connections, member: &Member| {
            let closures = Closures {
                nix: &nix,
                processes: &context.processes,
                connections,
            };
            let machine = machines.get(&member.name)?;
            let difference = closures.compare(member, machine, self.build.then_some(&queue));
            Some((member.name.clone(), difference))
        };
        self.many
            .each_of(context, &members, compare, |_, compared| {
                differences.extend(compared);
            })?;
        context.ui.data(if context.global.json {
            serde_json::to_string(&differences).context("while writing what differs")?
        } else {
            differences_text(&differences, context.global.is_verbose())
        });
        let fails = differences.values().any(|one| one.problem.is_some());
        Ok(u8::from(fails))
    }
}

/// The machines as the network wants them, and what is wrong with the others.
fn wanted(
    context: &Context,
    session: &Session,
    names: &[String],
) -> Result<(BTreeMap<String, Machine>, Differences)> {
    let mut machines = BTreeMap::new();
    let mut failed = Differences::new();
    let known = session.known(&schemas(&session.ground.plugins)?)?;
    session
        .evaluator
        .machines(Depth::Systems, names, &known, |news| {
            for one in news {
                match one {
                    Evaluated::Machine(machine) => {
                        machines.insert(machine.name.clone(), *machine);
                    }
                    Evaluated::Failed {
                        machine,
                        diagnostic,
                        ..
                    } => {
                        failed.insert(machine, MachineDifference::of_problem(diagnostic));
                    }
                    Evaluated::Warning { machine, text } => {
                        context.ui.warning(machine.as_deref(), text, None);
                    }
                    _ => {}
                }
            }
        })?;
    Ok((machines, failed))
}
