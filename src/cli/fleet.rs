//! Arguments of the verbs about hosts, and the machines that they are about.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::File,
    num::NonZeroUsize,
};

use anyhow::{Result, bail};
use clap::Args;

use crate::{
    deploy::Trouble,
    fleet::{Member, Roster, each},
    host::{Connections, Target},
    network::Machine,
    plan::{Selection, SelectionError},
    state::DeploymentStore,
};

use super::{
    Context,
    deploy::ReachArguments,
    number,
    selection::SelectionArguments,
    session::{Ground, Intent, Session},
    source::SourceArguments,
    state::{StateArguments, WaitArguments},
};

/// Which deployment is meant, and how its hosts are reached.
#[derive(Debug, Args)]
pub struct FleetArguments {
    #[command(flatten)]
    pub source: SourceArguments,

    #[command(flatten)]
    pub state: StateArguments,

    #[command(flatten)]
    reach: ReachArguments,
}

/// Many machines, and how many of them at once.
#[derive(Debug, Args)]
pub struct ManyArguments {
    /// Machines that are worked on at the same time
    #[arg(long, short, value_name = "N", default_value = "64", value_parser = number::positive)]
    #[arg(help_heading = "Machines")]
    parallel: NonZeroUsize,

    #[command(flatten)]
    pub selection: SelectionArguments,

    #[command(flatten)]
    pub fleet: FleetArguments,
}

/// Machines that are meant, and the deployment that they belong to.
pub struct Found {
    /// The deployment.
    pub ground: Ground,
    /// The machines.
    pub roster: Roster,
}

impl ManyArguments {
    /// The machines that are selected, and the deployment.
    pub fn find(&self, context: &Context) -> Result<Found> {
        self.fleet.find(context, &self.selection.selection()?)
    }

    /// Does work for each machine that is selected, and gives what came of it in the order of the names.
    pub fn each<R: Send>(
        &self,
        context: &Context,
        work: impl Fn(&Connections, &Member) -> R + Sync,
    ) -> Result<Vec<R>> {
        let mut all = Vec::new();
        self.each_heard(context, work, |result| all.push(result))?;
        Ok(all)
    }

    /// The same, and hands on what came of a machine as soon as all before it are done.
    pub fn each_heard<R: Send>(
        &self,
        context: &Context,
        work: impl Fn(&Connections, &Member) -> R + Sync,
        mut hear: impl FnMut(R),
    ) -> Result<()> {
        let members = self.find(context)?.members()?;
        self.each_of(context, &members, work, |_, result| hear(result))
    }

    /// The same for machines that were found otherwise; what came of one is handed on with it.
    pub fn each_of<R: Send>(
        &self,
        context: &Context,
        members: &[Member],
        work: impl Fn(&Connections, &Member) -> R + Sync,
        hear: impl FnMut(&Member, R),
    ) -> Result<()> {
        self.each_and_interrupted(context, members, work, hear)?;
        if context.processes.interrupted() {
            bail!("interrupted");
        }
        Ok(())
    }

    /// The same for work that tells itself where it was interrupted.
    pub fn each_and_interrupted<R: Send>(
        &self,
        context: &Context,
        members: &[Member],
        work: impl Fn(&Connections, &Member) -> R + Sync,
        hear: impl FnMut(&Member, R),
    ) -> Result<()> {
        let connections = self.fleet.reach.connections_of(context, self.parallel)?;
        let work = |member: &Member| work(&connections, member);
        each(members, self.parallel.get(), work, hear);
        Ok(())
    }
}

impl FleetArguments {
    /// The one machine that a name or a pattern means, and how it is reached.
    pub fn member(&self, context: &Context, pattern: &str) -> Result<(Member, Target)> {
        let selection = Selection::parse(&[pattern.to_owned()], &[])?;
        let found = self.find(context, &selection)?;
        found.roster.only(pattern)?;
        let member = found.members()?.remove(0);
        let target = member.target.clone();
        let target = target.map_err(|problem| Trouble::Failed(problem.of(&member.name)))?;
        Ok((member, target))
    }

    /// What connects to hosts.
    pub fn connections(&self, context: &Context) -> Result<Connections> {
        self.reach.connections(context)
    }

    /// The machines that are selected: by the state if it knows all of them, and else by the network too.
    pub fn find(&self, context: &Context, selection: &Selection) -> Result<Found> {
        let first = match self.known(context, selection) {
            Ok(found) if !found.roster.is_empty() => return Ok(found),
            first => first,
        };
        match Session::begin(context, &self.source, &self.state, Intent::default()) {
            Ok(session) => evaluated(session, selection),
            // Where the state could be read, what it lacks is all that there is to say.
            Err(error) => match first {
                Err(first) if first.is::<SelectionError>() => Err(first),
                Err(first) if self.state.named().is_some() => Err(first),
                _ => Err(error),
            },
        }
    }

    fn known(&self, context: &Context, selection: &Selection) -> Result<Found> {
        let ground = Ground::of_state(context, &self.source, &self.state)?;
        let mut roster = recorded(&ground)?;
        if !roster.is_empty() {
            roster.select(selection)?;
        }
        Ok(Found { ground, roster })
    }
}

impl Found {
    /// Machines of the network, as it says now that they are reached.
    pub fn of_machines<'m>(
        ground: Ground,
        machines: impl Iterator<Item = &'m Machine>,
    ) -> Result<Self> {
        let mut roster = recorded(&ground)?;
        let mut names = BTreeSet::new();
        for machine in machines {
            roster.renew(&machine.name, &machine.options);
            names.insert(machine.name.clone());
        }
        roster.retain(&names);
        Ok(Self { ground, roster })
    }

    /// Works with the machines while nobody else changes the state. `work` also gets the lock, for providers to
    /// inherit.
    pub fn holding<T>(
        self,
        context: &Context,
        wait: &WaitArguments,
        verb: &str,
        work: impl FnOnce((&Ground, &DeploymentStore, Option<&File>), &[Member]) -> Result<T>,
    ) -> Result<T> {
        let Self { mut ground, roster } = self;
        if ground.is_new()? {
            bail!("this network was not deployed yet; `nixops deploy` does that");
        }
        ground.holding(context, wait, verb, |ground, store, lock| {
            work((ground, store, lock), &roster.members(store)?)
        })
    }

    /// The machines with how each is reached.
    pub fn members(self) -> Result<Vec<Member>> {
        Ok(self.roster.members(&self.ground.look()?)?)
    }
}

fn recorded(ground: &Ground) -> Result<Roster> {
    let store = ground.look()?;
    Ok(Roster::of_state(&store, &ground.plugins.backends())?)
}

/// The machines that are selected among those of the state and of the network; what the state does not know
/// is evaluated, as far as it is needed.
fn evaluated(session: Session, selection: &Selection) -> Result<Found> {
    let mut roster = recorded(&session.ground)?;
    let names: BTreeSet<String> = roster
        .names()
        .into_iter()
        .chain(session.names.machines.iter().cloned())
        .collect();
    let names: Vec<String> = names.into_iter().collect();
    let mut needed = if selection.needs_tags() {
        names
    } else {
        selection.resolve(&names, &BTreeMap::new())?
    };
    needed.retain(|name| !roster.knows(name));
    roster.evaluate(&session.evaluator, &needed)?;
    roster.select(selection)?;
    Ok(Found {
        ground: session.ground,
        roster,
    })
}
