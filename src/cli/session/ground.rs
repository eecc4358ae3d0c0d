//! A deployment, and where its state is.

use std::{fs::File, sync::Arc};

use anyhow::Result;

use crate::{
    nix::Nix,
    plugin::PluginSet,
    state::{Backend, Database, Deployment, DeploymentStore, Held, Runs, Sealer},
};

use super::super::{
    Context,
    directory::state_directory,
    source::SourceArguments,
    state::{StateArguments, WaitArguments, finish_after},
};

/// Verbs of which `nixops logs` tells.
const RECORDED: [&str; 2] = ["deploy", "destroy"];

/// A deployment, and where its state is.
pub struct Ground {
    /// Nix on this machine.
    pub nix: Nix,
    /// The deployment, as it was when the run began.
    pub deployment: Deployment,
    /// What keeps the state.
    pub backend: Box<dyn Backend>,
    /// Seals secrets, and opens them.
    pub sealer: Arc<dyn Sealer>,
    /// The plugins.
    pub plugins: PluginSet,
}

impl Ground {
    /// A deployment whose network nobody can or need read: the one that is named, or that the file
    /// beside the network names.
    pub fn of_state(
        context: &Context,
        source: &SourceArguments,
        state: &StateArguments,
    ) -> Result<Self> {
        let chosen = state.choose(context, &source.here()?)?;
        let deployment = chosen.deployment;
        Ok(Self {
            nix: source.nix(context)?,
            plugins: PluginSet::from_json(deployment.plugins.clone())?,
            deployment,
            backend: chosen.kept.backend,
            sealer: chosen.kept.sealer,
        })
    }

    /// The state as it is, for a run that changes nothing.
    pub fn look(&self) -> Result<DeploymentStore> {
        let database = self.backend.look()?;
        let uuid = &self.deployment.uuid;
        if database.get(uuid)?.is_some() {
            return Ok(database.store(uuid, self.sealer.clone()));
        }
        let database = Database::memory()?;
        database.create(&self.deployment)?;
        Ok(database.store(uuid, self.sealer.clone()))
    }

    /// Whether anything was ever deployed from the network.
    pub fn is_new(&self) -> Result<bool> {
        let database = self.backend.look()?;
        Ok(database.get(&self.deployment.uuid)?.is_none())
    }

    /// Works on the state, which nobody else changes meanwhile, and takes it where it belongs whatever
    /// became of the work. `work` also gets the lock, for providers to inherit.
    pub fn holding<T>(
        &mut self,
        context: &Context,
        wait: &WaitArguments,
        verb: &str,
        work: impl FnOnce(&Self, &DeploymentStore, Option<&File>) -> Result<T>,
    ) -> Result<T> {
        let (held, store) = self.hold(context, wait, verb)?;
        let done = work(self, &store, held.lock());
        finish_after(context, held, done)
    }

    /// Keeps what the run says, for `nixops logs`. Where that is not possible, it goes on all the same.
    fn record(&self, context: &Context, verb: &str) -> Result<()> {
        let runs = Runs::of(&state_directory()?, &self.deployment.uuid);
        match runs.begin(verb) {
            Ok(file) => context.ui.record(file),
            Err(error) => {
                let message = format!("{:#}", anyhow::Error::from(error));
                context.ui.warning(None, message, None);
            }
        }
        Ok(())
    }

    /// Takes the state for a run that changes it. The deployment need not be there yet.
    pub(super) fn hold(
        &mut self,
        context: &Context,
        wait: &WaitArguments,
        verb: &str,
    ) -> Result<(Held, DeploymentStore)> {
        let uuid = self.deployment.uuid.clone();
        let held = wait.hold(context, &*self.backend, &uuid, verb)?;
        if RECORDED.contains(&verb) {
            self.record(context, verb)?;
        }
        let database = held.database();
        if let Some(deployment) = database.get(&uuid)? {
            self.deployment = deployment;
        }
        // Whoever has joined the team may read what is there already.
        database.reseal(Some(&uuid), &*self.sealer)?;
        let store = database.store(&uuid, self.sealer.clone());
        Ok((held, store))
    }
}
