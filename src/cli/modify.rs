//! `nixops modify`

use anyhow::{Result, bail};
use clap::Args;
use serde_json::json;

use super::{
    Context,
    state::{Changing, Here, HereArguments, StateArguments, WaitArguments, check_name},
};

/// Change the name, the description or the network of a deployment
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  nixops modify --name production            of the deployment of the network here
  nixops modify -d staging --description 'The shop, for trying things out'
  nixops modify -d shop --rebind             the network here is that of `shop` from now on")]
#[command(arg_required_else_help = true)]
pub struct Modify {
    /// Give it another name
    #[arg(long, short, value_name = "NAME")]
    name: Option<String>,

    /// Say what it is for
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,

    /// Deploy it from the network here from now on, also if that is another one. What the network does
    /// not have is obsolete then
    #[arg(long)]
    rebind: bool,

    #[command(flatten)]
    state: StateArguments,

    #[command(flatten)]
    wait: WaitArguments,

    #[command(flatten)]
    here: HereArguments,
}

impl Modify {
    /// Runs the verb and gives the exit code.
    pub fn run(self, context: &Context) -> Result<u8> {
        let mut here = self.here.here()?;
        if self.rebind && !here.exists() {
            bail!(
                "there is no network here to bind the deployment to: name it with `--flake` or `--file`"
            );
        }
        let chosen = self.state.choose(context, &here)?;
        let mut changing = chosen.hold(context, "modify", &self.wait)?;
        self.change(&mut changing, &here)?;
        changing.database().update(&changing.deployment)?;
        let deployment = changing.deployment.clone();
        changing.finish()?;
        if self.rebind || (self.name.is_some() && here.owns(&deployment)) {
            let storage = here.storage().cloned();
            here.bind(&deployment, storage.as_ref())?;
        }
        if context.global.json {
            let json = json!({
                "uuid": deployment.uuid,
                "name": deployment.name,
                "description": deployment.description,
                "network": deployment.network,
            });
            context.ui.data(json.to_string());
        }
        Ok(0)
    }

    fn change(&self, changing: &mut Changing, here: &Here) -> Result<()> {
        if let Some(name) = &self.name {
            check_name(changing.database(), name, Some(&changing.deployment.uuid))?;
            changing.deployment.name = Some(name.clone());
        }
        let deployment = &mut changing.deployment;
        if let Some(description) = &self.description {
            deployment.description.clone_from(description);
        }
        if self.rebind {
            here.network().clone_into(&mut deployment.network);
            deployment.source = here.source();
        }
        Ok(())
    }
}
