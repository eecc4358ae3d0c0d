//! `nixops import-resource`

use std::fs::File;

use anyhow::{Result, bail};
use clap::Args;

use crate::{
    deploy::{Limits, Mutation, Scope},
    state::{DeploymentStore, Key},
    ui::Event,
};

use super::{
    Context,
    plugins::PluginArguments,
    run::Run,
    session::{Intent, Session},
    source::SourceArguments,
    state::{StateArguments, WaitArguments},
};

/// Take over a resource that exists as one of the network's
///
/// The network must have it already. Its provider tells what it is, and the next plan says how that
/// differs from what the network wants.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  nixops import-resource neatcloudVolumes.data vol-442b7bee
  nixops plan                                   what differs from the network")]
pub struct ImportResource {
    /// The resource, as TYPE.NAME; a machine as BACKEND.NAME
    #[arg(value_name = "TYPE.NAME")]
    resource: String,

    /// How its provider calls it
    id: String,

    #[command(flatten)]
    source: SourceArguments,

    #[command(flatten)]
    state: StateArguments,

    #[command(flatten)]
    wait: WaitArguments,

    #[command(flatten)]
    plugins: PluginArguments,
}

impl ImportResource {
    /// Runs the verb and gives the exit code.
    pub fn run(self, context: &Context) -> Result<u8> {
        let Some(key) = Key::parse(&self.resource) else {
            bail!("`{}` is not TYPE.NAME", self.resource);
        };
        let mut session = Session::begin(context, &self.source, &self.state, Intent::default())?;
        session.holding(
            context,
            &self.wait,
            "import-resource",
            |_| Ok(()),
            |session, store, lock| self.import(context, session, store, lock, &key),
        )?;
        context.ui.send(Event::Note {
            message: format!(
                "{key} is {} from now on; `nixops plan` says what differs",
                self.id
            ),
        });
        Ok(0)
    }

    fn import(
        &self,
        context: &Context,
        session: &Session,
        store: &DeploymentStore,
        lock: Option<&File>,
        key: &Key,
    ) -> Result<()> {
        let run = Run::of_session(context, session, store, &self.plugins, lock)?;
        let asking = run.asking();
        let scope = Scope {
            trusts_state: true,
            ..Scope::default()
        };
        let stage = asking.stage(session, scope, Limits::default());
        let survey = stage.survey()?;
        stage.import(&Mutation::of_state(), &survey, key, &self.id)?;
        Ok(())
    }
}
