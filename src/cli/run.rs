//! What a run about resources works with, and how its plan is told.

use std::{fs::File, sync::Arc};

use anyhow::{Context as _, Result, bail};

use crate::{
    deploy::{Limits, NoNetwork, Scope, Stage, Subject, Survey},
    flake::Source,
    network::Names,
    plan::{Plan, Refusal},
    plugin::Providers,
    preview::{Judge, Preview},
    schema::Registry,
    state::{self, Change, DeploymentStore, Entry, Key, Operation, Store as _},
    ui::Event,
};

use super::{
    Context, checking,
    plugins::{self, PluginArguments},
    session::{Ground, Session},
};

/// What a run about resources works with.
pub struct Run<'a> {
    context: &'a Context,
    deployment: &'a str,
    store: &'a DeploymentStore,
    providers: Providers,
    schemas: Registry,
}

/// A run whose questions can be asked.
pub struct Asking<'a> {
    run: &'a Run<'a>,
    preview: Preview<'a>,
    nothing: Names,
}

impl<'a> Run<'a> {
    /// A run about a network. `lock` is that of the state, which providers hold as long as they live.
    pub fn of_session(
        context: &'a Context,
        session: &'a Session,
        store: &'a DeploymentStore,
        arguments: &PluginArguments,
        lock: Option<&File>,
    ) -> Result<Self> {
        let source = Some(session.evaluator.source());
        Self::prepare(context, &session.ground, store, source, arguments, lock)
    }

    /// A run that has only the state, with its lock.
    pub fn of_state(
        context: &'a Context,
        ground: &'a Ground,
        store: &'a DeploymentStore,
        arguments: &PluginArguments,
        lock: Option<&File>,
    ) -> Result<Self> {
        Self::prepare(context, ground, store, None, arguments, lock)
    }

    fn prepare(
        context: &'a Context,
        ground: &'a Ground,
        store: &'a DeploymentStore,
        source: Option<&Source>,
        arguments: &PluginArguments,
        lock: Option<&File>,
    ) -> Result<Self> {
        let schemas = plugins::schemas(&ground.plugins)?;
        let plugins = ground.plugins.clone();
        let providers = arguments.providers(context, &ground.nix, source, plugins)?;
        let lock = lock
            .map(|lock| lock.try_clone().map(Arc::new))
            .transpose()
            .context("while handing the lock of the state to providers")?;
        let providers = match lock {
            Some(lock) => providers.holding(lock),
            None => providers,
        };
        Ok(Self {
            context,
            deployment: &ground.deployment.uuid,
            store,
            providers,
            schemas,
        })
    }

    /// What asks the providers.
    pub fn asking(&'a self) -> Asking<'a> {
        let preview = Preview {
            deployment: self.deployment,
            providers: &self.providers,
            schemas: &self.schemas,
        };
        Asking {
            run: self,
            preview,
            nothing: Names::default(),
        }
    }
}

impl<'a> Asking<'a> {
    /// The stage of resources of a network.
    pub fn stage(&'a self, session: &'a Session, scope: Scope, limits: Limits) -> Stage<'a> {
        let judge = Judge {
            schemas: &self.run.schemas,
            source: session.evaluator.source(),
        };
        Stage {
            judge: Some(judge),
            definitions: &session.evaluator,
            names: &session.names,
            scope,
            ..self.stage_of_state(limits)
        }
    }

    /// The stage of resources of a run that has only the state.
    pub fn stage_of_state(&'a self, limits: Limits) -> Stage<'a> {
        let Run { context, store, .. } = self.run;
        Stage {
            preview: &self.preview,
            judge: None,
            definitions: &NoNetwork,
            store: *store,
            names: &self.nothing,
            processes: &context.processes,
            ui: &context.ui,
            limits,
            scope: Scope::default(),
        }
    }
}

/// Tells everything that is wrong with what is wanted, and fails if nothing may be done.
pub fn refuse(context: &Context, survey: &Survey<'_>) -> Result<()> {
    for problem in survey.problems() {
        let problem = problem.clone();
        context.ui.send(Event::Invalid { problem });
    }
    let mut refusals = survey.refusals();
    // What speaks against the end of one resource often speaks against that of others.
    let mut refused: Vec<&Refusal> = Vec::new();
    for refusal in survey.plan.refusals() {
        if !refused.contains(&refusal) {
            refused.push(refusal);
        }
    }
    let is_unevaluated = |refusal: &&Refusal| matches!(refusal, Refusal::Unevaluated { .. });
    let kills_nothing = refused.iter().any(is_unevaluated);
    for (subject, diagnostic) in survey.failed() {
        match subject {
            Subject::Resource(key) => {
                refusals += 1;
                context.ui.error(checking::of_resource(key, diagnostic));
            }
            Subject::Machine(name) if kills_nothing => {
                context.ui.error(checking::of_machine(name, diagnostic));
            }
            // A machine that cannot be evaluated fails by itself, when its turn comes.
            Subject::Machine(_) => {}
        }
    }
    for refusal in refused {
        refusals += 1;
        context.ui.error(crate::evaluator::Diagnostic {
            message: refusal.to_string(),
            hint: Some(refusal.hint()),
            position: None,
            trace: Vec::new(),
        });
    }
    match refusals {
        0 => Ok(()),
        1 => bail!("a value is not as it must be; nothing was done"),
        many => bail!("{many} values are not as they must be; nothing was done"),
    }
}

/// Shows what is to be done, if there is anything, or if it was asked for.
pub fn show(context: &Context, survey: &Survey<'_>, always: bool) {
    if always || !survey.plan.is_empty() {
        context.ui.send(Event::Plan {
            plan: Plan {
                resources: survey.plan.clone(),
                ..Plan::default()
            },
        });
    }
}

/// Forgets machines that are not there any more, and hosts that nobody made, as far as they are meant.
pub fn forget_machines(store: &DeploymentStore, is_meant: impl Fn(&Key) -> bool) -> Result<()> {
    let records = store.records()?;
    for (name, machine) in store.machines()? {
        let key = Key::new(&machine.backend, &name);
        if is_meant(&key) && !records.current.contains_key(&key) {
            let entry = Entry::new(&key, Operation::Forget, state::Stage::Done);
            store.write(&entry, &[Change::RemoveMachine(name)])?;
        }
    }
    Ok(())
}
