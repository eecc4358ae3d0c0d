//! Arguments that say which state and which deployment are meant, and how a verb gets at them.
//!
//! Who looks reads a copy and holds nobody up. Who changes holds the deployment's lock until the change is
//! where it belongs.

mod choice;
mod error;
mod here;
mod outline;
mod place;

pub use choice::{check_name, choose, own};
pub use error::ChoiceError;
pub use here::{Here, HereArguments};
pub use outline::Outline;
pub use place::{Kept, PlaceArguments, WaitArguments, shared};

use std::sync::Arc;

use anyhow::Result;
use clap::Args;

use crate::state::{Database, Deployment, DeploymentStore, Held, Sealer};

use super::Context;

/// Which deployment is meant, and in which state it is.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "The state")]
pub struct StateArguments {
    #[command(flatten)]
    pub place: PlaceArguments,

    /// The deployment: its name, its UUID, or how its UUID begins [default: that of the network
    /// here, or else the only one there is]
    #[arg(long, short, value_name = "NAME|UUID", env = "NIXOPS_DEPLOYMENT")]
    #[arg(hide_env_values = true)]
    deployment: Option<String>,
}

/// A deployment that was found, and the state that it is in.
pub struct Chosen {
    /// The state.
    pub kept: Kept,
    /// The state as it was when the deployment was looked for; it cannot be changed.
    pub database: Database,
    /// The deployment.
    pub deployment: Deployment,
}

/// A deployment that nobody else changes meanwhile.
pub struct Changing {
    held: Held,
    sealer: Arc<dyn Sealer>,
    /// The deployment as it is now.
    pub deployment: Deployment,
}

impl StateArguments {
    /// The deployment that the user names, if one is named.
    pub fn named(&self) -> Option<&str> {
        self.deployment.as_deref().filter(|name| !name.is_empty())
    }

    /// Finds the deployment.
    pub fn choose(&self, context: &Context, here: &Here) -> Result<Chosen> {
        let kept = self.place.kept(context, here.storage())?;
        let database = kept.backend.look()?;
        let deployment = choice::choose(&database, self.named(), here.identity().as_ref())?;
        Ok(Chosen {
            kept,
            database,
            deployment,
        })
    }
}

impl Chosen {
    /// What is kept of the deployment, to look at, its secrets sealed.
    pub fn store(&self) -> DeploymentStore {
        let sealer = Arc::clone(&self.kept.sealer);
        self.database.store(&self.deployment.uuid, sealer)
    }

    /// Holds the deployment for a change.
    pub fn hold(self, context: &Context, verb: &str, wait: &WaitArguments) -> Result<Changing> {
        let uuid = &self.deployment.uuid;
        let held = wait.hold(context, &*self.kept.backend, uuid, verb)?;
        // What was looked at may have changed before it was held.
        let now = held.database().get(uuid)?;
        let deployment = now.ok_or_else(|| ChoiceError::Gone {
            name: self.deployment.called().to_owned(),
        })?;
        Ok(Changing {
            held,
            sealer: self.kept.sealer,
            deployment,
        })
    }
}

impl Changing {
    /// What is kept of the deployment.
    pub fn store(&self) -> DeploymentStore {
        let sealer = Arc::clone(&self.sealer);
        self.database().store(&self.deployment.uuid, sealer)
    }

    /// The state.
    pub fn database(&self) -> &Database {
        self.held.database()
    }

    /// Takes the change where it belongs, and lets the deployment go.
    pub fn finish(self) -> Result<()> {
        Ok(self.held.finish()?)
    }

    /// The same whatever became of the work.
    pub fn finish_after<T>(self, context: &Context, done: Result<T>) -> Result<T> {
        finish_after(context, self.held, done)
    }
}

/// Takes a state where it belongs, whatever became of the work. Where both fail, both are told.
pub fn finish_after<T>(context: &Context, held: Held, done: Result<T>) -> Result<T> {
    let finished = held.finish();
    if done.is_err()
        && let Err(error) = &finished
    {
        let hint = error.hint().map(str::to_owned);
        context.ui.warning(None, error.to_string(), hint);
    }
    let done = done?;
    finished?;
    Ok(done)
}
