//! `nixops unlock`

use anyhow::Result;
use clap::Args;
use serde_json::json;

use crate::state::{Holder, Place, unlock};

use super::{
    Context,
    state::{HereArguments, StateArguments, shared},
};

/// Take away the lock of a deployment that a run left behind
///
/// The lock goes with the run and with the providers that it started, so that this is rarely needed.
/// What a living process holds stays locked: the error says which one it is.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  nixops unlock
  nixops unlock -d staging")]
pub struct Unlock {
    #[command(flatten)]
    state: StateArguments,

    #[command(flatten)]
    here: HereArguments,
}

impl Unlock {
    /// Runs the verb and gives the exit code.
    pub fn run(self, context: &Context) -> Result<u8> {
        let chosen = self.state.choose(context, &self.here.here()?)?;
        let last = match &chosen.kept.place {
            Place::Sqlite(path) => unlock(&Place::lock_of(path, &chosen.deployment.uuid))?,
            place @ Place::Shared(_) => shared(context, place, &chosen.kept.sealer)?.unlock()?,
            Place::Memory => None,
        };
        let name = chosen.deployment.called();
        context.ui.data(if context.global.json {
            json!({ "deployment": name, "last": last }).to_string()
        } else {
            told(name, last.as_ref())
        });
        Ok(0)
    }
}

fn told(name: &str, last: Option<&Holder>) -> String {
    match last {
        None => format!("{name} was not locked"),
        Some(last) => format!("{name} is not locked any more; the last who held it: {last}"),
    }
}
