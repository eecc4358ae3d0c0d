//! What a run about resources works with, and how its plan is told.

use std::{fs::File, sync::Arc};

use anyhow::{Context as _, Result, bail};

use crate::{
    deploy::{Limits, Scope, Stage, Subject, Survey},
    plugin::Providers,
    preview::{Judge, Preview},
    schema::Registry,
    state::DeploymentStore,
    ui::Event,
};

use super::{
    Context,
    plugins::{self, PluginArguments},
    session::Session,
};

/// What a run about resources works with.
pub struct Run<'a> {
    context: &'a Context,
    session: &'a Session,
    store: &'a DeploymentStore,
    /// The providers.
    pub providers: Providers,
    /// The schemas of all types.
    pub schemas: Registry,
}

/// A run whose questions can be asked.
pub struct Asking<'a> {
    run: &'a Run<'a>,
    preview: Preview<'a>,
}

impl<'a> Run<'a> {
    /// Prepares providers, which hold the lock of the state as long as they live.
    pub fn prepare(
        context: &'a Context,
        session: &'a Session,
        store: &'a DeploymentStore,
        arguments: &PluginArguments,
        lock: Option<&File>,
    ) -> Result<Self> {
        let schemas = plugins::schemas(&session.plugins)?;
        let lock = lock
            .map(|lock| lock.try_clone().map(Arc::new))
            .transpose()
            .context("while handing the lock of the state to providers")?;
        let plugins = session.plugins.clone();
        let source = session.evaluator.source();
        let providers = arguments.providers(context, &session.nix, source, plugins)?;
        let providers = match lock {
            Some(lock) => providers.holding(lock),
            None => providers,
        };
        Ok(Self {
            context,
            session,
            store,
            providers,
            schemas,
        })
    }

    /// What asks the providers.
    pub fn asking(&'a self) -> Asking<'a> {
        let preview = Preview {
            deployment: &self.session.deployment.uuid,
            providers: &self.providers,
            schemas: &self.schemas,
        };
        Asking { run: self, preview }
    }
}

impl<'a> Asking<'a> {
    /// The stage of resources.
    pub fn stage(&'a self, scope: Scope, limits: Limits) -> Stage<'a> {
        let Run {
            context,
            session,
            store,
            schemas,
            ..
        } = self.run;
        Stage {
            preview: &self.preview,
            judge: Judge {
                schemas,
                source: session.evaluator.source(),
            },
            definitions: &session.evaluator,
            store: *store,
            names: &session.names,
            processes: &context.processes,
            ui: &context.ui,
            limits,
            scope,
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
    for (subject, diagnostic) in survey.failed() {
        // A machine that cannot be evaluated fails by itself, when its turn comes.
        if let Subject::Resource(key) = subject {
            refusals += 1;
            let mut diagnostic = diagnostic.clone();
            diagnostic.message = format!("cannot evaluate resources.{key}: {}", diagnostic.message);
            context.ui.error(diagnostic);
        }
    }
    for refusal in survey.plan.refusals() {
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
            resources: survey.plan.clone(),
        });
    }
}
