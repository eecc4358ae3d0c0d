//! Verbs that have backends do something with machines.

use std::{collections::BTreeSet, fs::File};

use anyhow::Result;
use clap::Args;
use nixops_plugin::protocol::Attributes;
use serde::Serialize;
use serde_json::Value;

use crate::{
    deploy::{Limits, Mutation, Stage, Trouble},
    evaluator::Diagnostic,
    fleet::Member,
    host::Connections,
    process::Stream,
    state::{DeploymentStore, Key},
};

use super::{
    Context, fleet::ManyArguments, plugins::PluginArguments, run::Run, session::Ground,
    state::WaitArguments,
};

/// Which machines are meant, and what their backends are asked with.
#[derive(Debug, Args)]
pub struct ActingArguments {
    #[command(flatten)]
    pub many: ManyArguments,

    #[command(flatten)]
    wait: WaitArguments,

    #[command(flatten)]
    plugins: PluginArguments,
}

/// What became of a machine with which something was done.
#[derive(Clone, Debug, Serialize)]
pub struct Acted {
    /// The machine.
    pub machine: String,
    /// What its backend has to say.
    pub result: Value,
    /// Why it was not done.
    pub problem: Option<Diagnostic>,
}

/// What is done for one machine, and by whom.
pub struct Doing<'d> {
    stage: &'d Stage<'d>,
    mutation: Option<&'d Mutation>,
    /// The connections of the run.
    pub connections: &'d Connections,
    /// The machine.
    pub member: &'d Member,
}

impl Doing<'_> {
    /// Has the backend of the machine do something, or tell something where nothing is changed. Without a
    /// backend there is nobody: `otherwise` says what is to be said then.
    pub fn by_backend(
        &self,
        action: &str,
        arguments: Attributes,
        otherwise: impl FnOnce() -> Result<Value, Diagnostic>,
    ) -> Result<Value, Diagnostic> {
        let Some(key) = &self.member.made else {
            return otherwise();
        };
        let done = match self.mutation {
            Some(mutation) => self.stage.act(mutation, key, action, arguments),
            None => self.stage.ask(key, action, arguments),
        };
        done.map_err(Trouble::into_diagnostic)
    }

    /// Asks the backend something that changes nothing, whatever else is done.
    pub fn ask_backend(&self, action: &str) -> Result<Value, Diagnostic> {
        let Some(key) = &self.member.made else {
            return Err(no_backups());
        };
        let told = self.stage.ask(key, action, Attributes::new());
        told.map_err(Trouble::into_diagnostic)
    }
}

impl ActingArguments {
    /// Does work for each machine that is selected, with the state held, and keeps what is known of machines
    /// then.
    pub fn change(
        &self,
        context: &Context,
        verb: &str,
        work: impl Fn(&Doing<'_>) -> Result<Value, Diagnostic> + Sync,
    ) -> Result<Vec<Acted>> {
        self.change_agreed(context, verb, |_| Ok(()), work)
    }

    /// The same, once who is asked about the machines of these names agrees.
    pub fn change_agreed(
        &self,
        context: &Context,
        verb: &str,
        agree: impl FnOnce(&[String]) -> Result<()>,
        work: impl Fn(&Doing<'_>) -> Result<Value, Diagnostic> + Sync,
    ) -> Result<Vec<Acted>> {
        let found = self.many.find(context)?;
        agree(&found.roster.names())?;
        found.holding(context, &self.wait, verb, |held, members| {
            let mutation = Mutation::of_machines();
            self.with(context, Some(&mutation), members, held, work)
        })
    }

    /// Asks something about each machine that is selected, and holds nobody up.
    pub fn look(
        &self,
        context: &Context,
        work: impl Fn(&Doing<'_>) -> Result<Value, Diagnostic> + Sync,
    ) -> Result<Vec<Acted>> {
        let found = self.many.find(context)?;
        let store = found.ground.look()?;
        let members = found.roster.members(&store)?;
        self.with(context, None, &members, (&found.ground, &store, None), work)
    }

    /// The same, once no other run works on the deployment, and with the state held meanwhile.
    pub fn look_afterwards(
        &self,
        context: &Context,
        verb: &str,
        work: impl Fn(&Doing<'_>) -> Result<Value, Diagnostic> + Sync,
    ) -> Result<Vec<Acted>> {
        let found = self.many.find(context)?;
        found.holding(context, &self.wait.patient(), verb, |held, members| {
            self.with(context, None, members, held, work)
        })
    }

    fn with(
        &self,
        context: &Context,
        mutation: Option<&Mutation>,
        members: &[Member],
        (ground, store, lock): (&Ground, &DeploymentStore, Option<&File>),
        work: impl Fn(&Doing<'_>) -> Result<Value, Diagnostic> + Sync,
    ) -> Result<Vec<Acted>> {
        let run = Run::of_state(context, ground, store, &self.plugins, lock)?;
        let asking = run.asking();
        let stage = asking.stage_of_state(Limits::default());
        let one = |connections: &Connections, member: &Member| {
            let doing = Doing {
                stage: &stage,
                mutation,
                connections,
                member,
            };
            Acted::new(member, work(&doing))
        };
        let mut all = Vec::new();
        self.many
            .each_of(context, members, one, |_, acted| all.push(acted))?;
        if let Some(mutation) = mutation {
            let keys = members.iter().filter_map(|member| member.made.as_ref());
            let keys: BTreeSet<&Key> = keys.collect();
            let mut checked = stage.check(|key| keys.contains(key))?;
            stage.refresh(mutation, &mut checked)?;
        }
        Ok(all)
    }
}

impl Acted {
    fn new(member: &Member, done: Result<Value, Diagnostic>) -> Self {
        let (result, problem) = match done {
            Ok(result) => (result, None),
            Err(problem) => (Value::Null, Some(problem)),
        };
        Self {
            machine: member.name.clone(),
            result,
            problem,
        }
    }
}

/// Shows what became of machines, each in the words that `told` has for its result, and gives the exit code.
pub fn show(context: &Context, all: &[Acted], told: impl Fn(&Value) -> String) -> Result<u8> {
    if context.global.json {
        context.ui.data(serde_json::to_string(all)?);
    } else {
        for acted in all {
            match &acted.problem {
                Some(problem) => context.ui.error(problem.clone().of(&acted.machine)),
                None => {
                    for line in told(&acted.result).lines() {
                        context.ui.line(&acted.machine, Stream::Stdout, line);
                    }
                }
            }
        }
    }
    Ok(u8::from(all.iter().any(|acted| acted.problem.is_some())))
}

/// Why nothing can be done with a machine that nobody made.
pub fn nobody(what: &str, hint: &str) -> Diagnostic {
    let message = format!("no backend made it, so nobody can {what}");
    Diagnostic::new(message, Some(hint.to_owned()))
}

/// Why there is no backup of a machine that nobody made.
pub fn no_backups() -> Diagnostic {
    nobody(
        "back it up",
        "back up what is on it by a service of its own",
    )
}
