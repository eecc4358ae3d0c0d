//! Arguments that say which deployment is meant, and where its state is.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use anyhow::Result;
use camino::Utf8PathBuf;
use clap::Args;
use serde_json::Value;

use crate::{
    state::{
        Backend, Held, Holder, Place, Purpose, Sealer,
        shared::{Means, Shared, SshOptions},
    },
    ui::Event,
};

use super::{Context, directory::state_directory, number, session::default_state};

/// Which deployment is meant, and where its state is.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "The deployment and its state")]
pub struct StateArguments {
    /// File of the state [default: what `network.storage` says, or ~/.local/state/nixops/state.db]
    #[arg(long, value_name = "FILE", env = "NIXOPS_STATE")]
    pub state: Option<Utf8PathBuf>,

    /// The deployment: its name, its UUID, or the beginning of that [default: the network's own]
    #[arg(long, short, value_name = "NAME|UUID", env = "NIXOPS_DEPLOYMENT")]
    pub deployment: Option<String>,

    /// Wait for another run on the same deployment to end, at most that long
    #[arg(long, value_name = "SECONDS", num_args = 0..=1, default_missing_value = "86400", value_parser = number::seconds)]
    pub wait_lock: Option<u64>,
}

impl StateArguments {
    /// Where the state is; `storage` is the network's `network.storage`.
    pub fn place(&self, storage: Option<&Value>) -> Result<Place> {
        let default = default_state()?;
        Ok(Place::of(self.state.as_deref(), storage, &default)?)
    }

    /// What keeps the state in a place.
    pub fn backend(
        context: &Context,
        place: &Place,
        sealer: &Arc<dyn Sealer>,
    ) -> Result<Box<dyn Backend>> {
        let Place::Shared(shared) = place else {
            return Ok(Box::new(place.clone()));
        };
        let copies = state_directory()?.join("shared");
        let means = Means {
            copies: &copies,
            sealer: Arc::clone(sealer),
            ssh: SshOptions::default(),
            processes: context.processes.clone(),
        };
        Ok(Box::new(Shared::new(shared, means)?))
    }

    /// Takes a deployment for a run that changes it; tells for whom it waits.
    pub fn hold(
        &self,
        context: &Context,
        backend: &dyn Backend,
        uuid: &str,
        verb: &str,
    ) -> Result<Held> {
        let told = Mutex::new(None);
        let on_wait = |holder: &Holder| {
            let mut told = told.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            if told.as_ref() != Some(holder) {
                *told = Some(holder.clone());
                context.ui.send(Event::Note {
                    message: format!("waiting for another run: {holder}"),
                });
            }
            !context.processes.interrupted()
        };
        let purpose = Purpose {
            holder: Holder::this(verb),
            wait: self.wait_lock.map(Duration::from_secs),
            on_wait: &on_wait,
        };
        Ok(backend.hold(uuid, &purpose)?)
    }
}
