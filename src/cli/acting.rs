//! Verbs that have backends do something with machines.

use std::{collections::BTreeMap, fs::File};

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

/// What backends are asked for.
#[derive(Clone, Debug)]
pub struct Request {
    /// The verb, for the lock and for people.
    pub verb: &'static str,
    /// The backend's word for it.
    pub action: &'static str,
    /// More about it.
    pub arguments: Attributes,
    /// Whether it changes anything.
    pub changes: bool,
}

/// What is done with a machine that no backend made.
pub type Otherwise<'o> = dyn Fn(&Connections, &Member) -> Result<Value, Diagnostic> + Sync + 'o;

impl ActingArguments {
    /// Does something with each machine that is selected, by its backend or `otherwise`, and keeps what is
    /// known of it then. What is only asked for holds nobody up.
    pub fn act(
        &self,
        context: &Context,
        request: &Request,
        otherwise: &Otherwise<'_>,
    ) -> Result<Vec<Acted>> {
        let found = self.many.find(context)?;
        let (mut ground, roster) = (found.ground, found.roster);
        if !request.changes {
            let store = ground.look()?;
            let members = roster.members(&store)?;
            return self.with(
                context,
                request,
                otherwise,
                &members,
                (&ground, &store, None),
            );
        }
        ground.holding(context, &self.wait, request.verb, |ground, store, lock| {
            let members = roster.members(store)?;
            self.with(context, request, otherwise, &members, (ground, store, lock))
        })
    }

    fn with(
        &self,
        context: &Context,
        request: &Request,
        otherwise: &Otherwise<'_>,
        members: &[Member],
        (ground, store, lock): (&Ground, &DeploymentStore, Option<&File>),
    ) -> Result<Vec<Acted>> {
        let run = Run::of_state(context, ground, store, &self.plugins, lock)?;
        let asking = run.asking();
        let stage = asking.stage_of_state(Limits::default());
        let mutation = request.changes.then(Mutation::of_machines);
        let one = |connections: &Connections, member: &Member| {
            let done = match &member.made {
                None => otherwise(connections, member),
                Some(key) => {
                    let done = ask(&stage, mutation.as_ref(), key, request);
                    done.map_err(Trouble::into_diagnostic)
                }
            };
            Acted::new(member, done)
        };
        let mut all = Vec::new();
        self.many
            .each_of(context, members, one, |acted| all.push(acted))?;
        if let Some(mutation) = &mutation {
            let keys = members.iter().filter_map(|member| member.made.as_ref());
            let keys: BTreeMap<&Key, ()> = keys.map(|key| (key, ())).collect();
            let mut checked = stage.check(|key| keys.contains_key(key))?;
            stage.refresh(mutation, &mut checked)?;
        }
        Ok(all)
    }
}

fn ask(
    stage: &Stage<'_>,
    mutation: Option<&Mutation>,
    key: &Key,
    request: &Request,
) -> Result<Value, Trouble> {
    let arguments = request.arguments.clone();
    match mutation {
        Some(mutation) => stage.act(mutation, key, request.action, arguments),
        None => stage.ask(key, request.action, arguments),
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
