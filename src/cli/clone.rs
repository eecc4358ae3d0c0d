//! `nixops clone`

use anyhow::Result;
use clap::Args;

use crate::state::{Deployment, new_uuid};

use super::{
    Context, create,
    state::{HereArguments, StateArguments, WaitArguments, check_name},
};

/// Make a deployment of the same network with the same arguments, of which nothing is there yet
///
/// Resources and machines stay with the one that is cloned. Prints the UUID of the new one.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  nixops clone --name staging                  of the network here
  nixops clone -d production --name staging
  nixops deploy -d staging                     makes what it needs")]
pub struct Clone {
    /// Its name
    #[arg(long, short, value_name = "NAME")]
    name: Option<String>,

    #[command(flatten)]
    state: StateArguments,

    #[command(flatten)]
    wait: WaitArguments,

    #[command(flatten)]
    here: HereArguments,
}

impl Clone {
    /// Runs the verb and gives the exit code.
    pub fn run(self, context: &Context) -> Result<u8> {
        let chosen = self.state.choose(context, &self.here.here()?)?;
        let uuid = new_uuid();
        let held = self
            .wait
            .hold(context, &*chosen.kept.backend, &uuid, "clone")?;
        if let Some(name) = &self.name {
            check_name(held.database(), name, None)?;
        }
        let new = Deployment::new(uuid, self.name.as_deref(), &chosen.deployment.network);
        let clone = Deployment {
            uuid: new.uuid,
            name: new.name,
            created: new.created,
            serial: 0,
            ..chosen.deployment
        };
        held.database().create(&clone)?;
        held.finish()?;
        create::show(context, &clone);
        Ok(0)
    }
}
