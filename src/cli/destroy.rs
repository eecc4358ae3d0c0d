//! `nixops destroy`

use std::{collections::BTreeSet, fs::File};

use anyhow::Result;
use clap::Args;

use crate::{
    deploy::{Limits, Mutation},
    fleet::Roster,
    state::{DeploymentStore, Key, Store as _},
    ui::Event,
};

use super::{
    Context,
    check::select,
    deploy::AgreementArguments,
    plugins::PluginArguments,
    run::{Run, forget_machines, refuse, show},
    selection::SelectionArguments,
    session::{Ground, Intent, Session},
    source::SourceArguments,
    state::{StateArguments, WaitArguments},
};

/// Delete the machines and resources of a deployment
///
/// Works from the state alone: what needs others goes before them, even where the network cannot be
/// evaluated any more. Hosts that existed before are only forgotten. Arguments and the deployment
/// itself stay; `nixops delete` forgets them.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  nixops destroy                               everything
  nixops destroy web neatcloudVolumes.data     a machine and a resource
  nixops destroy --on '@test' --exclude 'neatcloudVolumes.*'
  nixops destroy -d old --yes                  another deployment, without asking

Exit codes:
  0 all went well, 1 something failed, 2 wrong usage, 130 interrupted")]
pub struct Destroy {
    /// Only these, as `--on` has them: machines by name, resources as TYPE.NAME
    #[arg(value_name = "NAME|TYPE.NAME")]
    only: Vec<String>,

    #[command(flatten)]
    selection: SelectionArguments,

    #[command(flatten)]
    source: SourceArguments,

    #[command(flatten)]
    state: StateArguments,

    #[command(flatten)]
    wait: WaitArguments,

    #[command(flatten)]
    agreement: AgreementArguments,

    #[command(flatten)]
    plugins: PluginArguments,
}

impl Destroy {
    /// Runs the verb and gives the exit code.
    pub fn run(self, context: &Context) -> Result<u8> {
        let mut ground = self.ground(context)?;
        if ground.is_new()? {
            let message =
                "there is nothing to destroy: this network was not deployed yet".to_owned();
            context.ui.send(Event::Note { message });
            return Ok(0);
        }
        ground.holding(context, &self.wait, "destroy", |ground, store, lock| {
            self.with(context, ground, store, lock)
        })
    }

    /// The deployment, by its network where that can be read, and else by its state.
    fn ground(&self, context: &Context) -> Result<Ground> {
        if self.state.named().is_some() {
            return Ground::of_state(context, &self.source, &self.state);
        }
        match Session::begin(context, &self.source, &self.state, Intent::default()) {
            Ok(session) => Ok(session.ground),
            Err(error) => {
                let Ok(ground) = Ground::of_state(context, &self.source, &self.state) else {
                    return Err(error);
                };
                let message = format!("the network cannot be read: {error:#}");
                let hint = "what its state has is enough to destroy it";
                context.ui.warning(None, message, Some(hint.to_owned()));
                Ok(ground)
            }
        }
    }

    fn with(
        &self,
        context: &Context,
        ground: &Ground,
        store: &DeploymentStore,
        lock: Option<&File>,
    ) -> Result<u8> {
        let only = self.keys(store)?;
        let run = Run::of_state(context, ground, store, &self.plugins, lock)?;
        let asking = run.asking();
        let stage = asking.stage_of_state(Limits {
            create: self.agreement.parallelism,
            ..Limits::default()
        });
        let mut survey = stage.survey_end(&only)?;
        refuse(context, &survey)?;
        show(context, &survey, false);
        self.agreement.ask(context, &survey.plan)?;
        let mutation = Mutation::of_destruction();
        let applied = stage.apply(&mutation, &mut survey, &|_| Ok(()))?;
        let code = applied.exit_code();
        forget_machines(store, |key| only.is_empty() || only.contains(key))?;
        if applied.outcomes.is_empty() {
            context.ui.send(Event::Note {
                message: "there is nothing to destroy".to_owned(),
            });
        }
        Ok(code)
    }

    /// What is selected, as it is recorded; nothing if that is everything.
    fn keys(&self, store: &DeploymentStore) -> Result<BTreeSet<Key>> {
        let selection = self.selection.with(&self.only);
        if selection.selection()?.is_everything() {
            return Ok(BTreeSet::new());
        }
        let records = store.records()?;
        // A machine of a plugin that is not there any more is known by what was deployed to it.
        let mut roster = Roster::of(store.machines()?, &records, &[]);
        let mut keys = select(&mut roster, &selection, &records)?;
        let machines = roster.records.iter();
        keys.extend(machines.map(|(name, record)| Key::new(&record.backend, name)));
        Ok(keys)
    }
}
