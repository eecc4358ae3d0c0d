//! `nixops export`

use anyhow::{Context as _, Result};
use clap::Args;
use serde::Serialize;

use crate::state::{Whole, exchange::Export as Exported};

use super::{
    Context,
    state::{Here, HereArguments, Kept, StateArguments},
};

/// Print a deployment with everything that is kept of it as JSON, for `nixops import`
///
/// Secrets stay sealed, and whoever has the key can import them. Only looks: nothing is written, and
/// nobody is held up.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  nixops export > shop.json                         the deployment of the network here
  nixops export --all > all.json
  nixops export --include-secrets | ssh hub nixops import -
  nixops export --schema                            what the JSON looks like")]
pub struct Export {
    /// All deployments of the state
    #[arg(long, conflicts_with = "deployment")]
    all: bool,

    /// Write secrets in the clear, for who has another key
    #[arg(long)]
    include_secrets: bool,

    /// Print the JSON Schema of exports instead
    #[arg(long, conflicts_with_all = ["all", "include_secrets", "deployment"])]
    schema: bool,

    #[command(flatten)]
    state: StateArguments,

    #[command(flatten)]
    here: HereArguments,
}

impl Export {
    /// Runs the verb and gives the exit code.
    pub fn run(self, context: &Context) -> Result<u8> {
        let text = if self.schema {
            written(context, &schemars::schema_for!(Exported))?
        } else {
            let here = self.here.here()?;
            let kept = self.state.place.kept(context, here.storage())?;
            let opener = self.include_secrets.then_some(&*kept.sealer);
            let export = Exported::of(self.whole(context, &here, &kept)?, opener)?;
            written(context, &export)?
        };
        context.ui.data(text);
        Ok(0)
    }

    fn whole(&self, context: &Context, here: &Here, kept: &Kept) -> Result<Vec<Whole>> {
        if !self.all {
            return Ok(vec![self.state.choose(context, here)?.store().whole()?]);
        }
        let database = kept.backend.look()?;
        let deployments = database.deployments()?.into_iter();
        let whole = |uuid: &str| {
            let store = database.store(uuid, kept.sealer.clone());
            Ok(store.whole()?)
        };
        deployments.map(|one| whole(&one.uuid)).collect()
    }
}

fn written(context: &Context, value: &impl Serialize) -> Result<String> {
    let text = if context.global.json {
        serde_json::to_string(value)
    } else {
        serde_json::to_string_pretty(value)
    };
    text.context("while writing the export")
}
