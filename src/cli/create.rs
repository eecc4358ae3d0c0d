//! `nixops create`

use anyhow::Result;
use clap::Args;
use serde_json::json;

use crate::state::{Database, Deployment, new_uuid};

use super::{
    Context,
    source::SourceArguments,
    state::{Here, PlaceArguments, WaitArguments, check_name},
};

/// Make a deployment, of which nothing is there yet
///
/// The first `nixops deploy` of a network makes one too, so this is for a name of your own, or for a
/// second deployment of the same network. Which one is the network's own stands in `nixops.json`
/// beside it, to be committed. Prints the UUID.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  nixops create                       named after the directory
  nixops create --name production     named otherwise
  nixops create --name staging --flake .#staging")]
pub struct Create {
    /// Its name [default: that of the directory]
    #[arg(long, short, value_name = "NAME")]
    name: Option<String>,

    /// What it is for
    #[arg(long, value_name = "TEXT", default_value = "")]
    description: String,

    #[command(flatten)]
    place: PlaceArguments,

    #[command(flatten)]
    wait: WaitArguments,

    #[command(flatten)]
    source: SourceArguments,
}

impl Create {
    /// Runs the verb and gives the exit code.
    pub fn run(self, context: &Context) -> Result<u8> {
        let mut here = self.source.here()?;
        let storage = self.place.ask(context, &here, &self.source);
        let storage_now = storage.as_ref().or(here.storage());
        let kept = self.place.kept(context, storage_now)?;
        let uuid = new_uuid();
        let held = self.wait.hold(context, &*kept.backend, &uuid, "create")?;
        let deployment = self.deployment(uuid, &here, held.database())?;
        held.database().create(&deployment)?;
        held.finish()?;
        if here.identity().is_none() {
            here.bind(&deployment, storage.as_ref())?;
        }
        show(context, &deployment);
        Ok(0)
    }

    /// The deployment. A second one of the same network has its lineage.
    fn deployment(&self, uuid: String, here: &Here, database: &Database) -> Result<Deployment> {
        let name = match &self.name {
            Some(name) => Some(name.clone()),
            None => here
                .name()
                .filter(|name| check_name(database, name, None).is_ok()),
        };
        if let Some(name) = &name {
            check_name(database, name, None)?;
        }
        let new = Deployment::new(uuid, name.as_deref(), here.network());
        Ok(Deployment {
            lineage: here
                .identity()
                .map_or(new.lineage, |identity| identity.lineage),
            description: self.description.clone(),
            source: here.source(),
            ..new
        })
    }
}

/// Prints a deployment that has come into being.
pub fn show(context: &Context, deployment: &Deployment) {
    context.ui.data(if context.global.json {
        json!({ "uuid": deployment.uuid, "name": deployment.name }).to_string()
    } else {
        deployment.uuid.clone()
    });
}
