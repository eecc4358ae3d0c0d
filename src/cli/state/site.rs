//! The place of a state, whether it is here or shared.

use std::{env, sync::Arc};

use anyhow::Result;
use serde_json::Value;

use crate::{
    cli::{Context, directory::state_directory},
    state::{
        self, Backend, Database, Held, Holder, Place, Purpose, holder,
        shared::{Means, Shared, SshOptions},
        unlock,
    },
};

use super::sealer;

/// The place of a state.
pub enum Site {
    /// A file of this computer, or none.
    Own(Place),
    /// A file that several people share.
    Shared(Box<Shared>),
}

impl Site {
    /// What is at a place; `storage` is what the network says of it.
    pub fn new(context: &Context, place: Place, storage: Option<&Value>) -> Result<Self> {
        let Place::Shared(shared) = &place else {
            return Ok(Self::Own(place));
        };
        let config = env::var("NIXOPS_SSH_CONFIG").ok();
        let means = Means {
            copies: &state_directory()?.join("shared"),
            sealer: Arc::clone(&sealer(storage)?),
            ssh: SshOptions {
                config: config.filter(|path| !path.is_empty()).map(Into::into),
                accept_new_host_keys: false,
            },
            processes: context.processes.clone(),
        };
        Ok(Self::Shared(Box::new(Shared::new(shared, means)?)))
    }

    /// Who holds a deployment, if anybody does.
    pub fn holder(&self, uuid: &str) -> Result<Option<Holder>> {
        Ok(match self {
            Self::Own(Place::Sqlite(path)) => holder(&Place::lock_of(path, uuid))?,
            Self::Own(_) => None,
            Self::Shared(shared) => shared.holder()?,
        })
    }

    /// Takes away what a run left of its lock, and says whose it was.
    pub fn unlock(&self, uuid: &str) -> Result<Option<Holder>> {
        Ok(match self {
            Self::Own(Place::Sqlite(path)) => unlock(&Place::lock_of(path, uuid))?,
            Self::Own(_) => None,
            Self::Shared(shared) => shared.unlock()?,
        })
    }

    fn backend(&self) -> &dyn Backend {
        match self {
            Self::Own(place) => place,
            Self::Shared(shared) => shared.as_ref(),
        }
    }
}

impl Backend for Site {
    fn look(&self) -> Result<Database, state::Error> {
        self.backend().look()
    }

    fn hold(&self, uuid: &str, purpose: &Purpose) -> Result<Held, state::Error> {
        self.backend().hold(uuid, purpose)
    }
}
