//! Arguments that say which deployment is meant, and where its state is.

use std::{sync::Mutex, time::Duration};

use anyhow::Result;
use camino::Utf8PathBuf;
use clap::Args;
use serde_json::Value;

use crate::{
    state::{Backend as _, Held, Holder, Place, Purpose},
    ui::Event,
};

use super::{Context, number, session::default_state};

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

    /// Takes a deployment for a run that changes it; tells for whom it waits.
    pub fn hold(
        &self,
        context: &Context,
        place: &Place,
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
        Ok(place.hold(uuid, &purpose)?)
    }
}
