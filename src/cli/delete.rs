//! `nixops delete`

use anyhow::Result;
use clap::Args;
use serde_json::json;

use crate::state::{Store as _, Whole};

use super::{
    Context,
    state::{HereArguments, StateArguments, WaitArguments},
};

/// Forget a deployment that has no resources any more
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  nixops delete -d staging             which has nothing any more
  nixops destroy && nixops delete      all that there is, and then the deployment
  nixops delete -d staging --force     whatever there still is is left alone and forgotten")]
pub struct Delete {
    /// Forget its resources and machines too; they stay where they are
    #[arg(long)]
    force: bool,

    #[command(flatten)]
    state: StateArguments,

    #[command(flatten)]
    wait: WaitArguments,

    #[command(flatten)]
    here: HereArguments,
}

/// Why a deployment is not forgotten.
#[derive(Debug, thiserror::Error)]
#[error("the deployment {name} still has {what}")]
pub struct NotEmpty {
    name: String,
    what: String,
}

impl NotEmpty {
    /// What to do about it.
    pub fn hint() -> String {
        "`nixops destroy` takes them away; `--force` forgets them and leaves them where they are"
            .to_owned()
    }
}

impl Delete {
    /// Runs the verb and gives the exit code.
    pub fn run(self, context: &Context) -> Result<u8> {
        let here = self.here.here()?;
        let chosen = self.state.choose(context, &here)?;
        let changing = chosen.hold(context, "delete", &self.wait)?;
        let deployment = &changing.deployment;
        let store = changing.store();
        let whole = Whole {
            deployment: deployment.clone(),
            records: store.records()?,
            machines: store.machines()?,
        };
        if !self.force {
            check(&whole)?;
        }
        changing.database().remove(&deployment.uuid)?;
        let answer = json!({ "uuid": deployment.uuid, "name": deployment.name });
        let owned = here.owns(deployment);
        changing.finish()?;
        if owned {
            let message = "the network here still says that the deployment is its own";
            let hint =
                "the next deploy makes it anew; without its entry in nixops.json, another one";
            context.ui.warning(None, message, Some(hint.to_owned()));
        }
        if context.global.json {
            context.ui.data(answer.to_string());
        }
        Ok(0)
    }
}

fn check(whole: &Whole) -> Result<(), NotEmpty> {
    let current = whole.records.current.keys();
    let deposed = whole.records.deposed.iter().map(|(key, _)| key);
    let mut names: Vec<_> = current.chain(deposed).map(ToString::to_string).collect();
    // A host that existed before is nothing that could be lost.
    names.dedup();
    if names.is_empty() {
        return Ok(());
    }
    let more = names.len().saturating_sub(5);
    names.truncate(5);
    let more = if more > 0 {
        format!(" and {more} more")
    } else {
        String::new()
    };
    Err(NotEmpty {
        name: whole.deployment.called().to_owned(),
        what: names.join(", ") + &more,
    })
}
