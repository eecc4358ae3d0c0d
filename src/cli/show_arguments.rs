//! `nixops show-arguments`

use anyhow::{Context as _, Result};
use clap::Args;

use crate::{
    state::{Deployment, StoredArgument},
    ui::table,
};

use super::{
    Context,
    state::{HereArguments, StateArguments},
};

/// Show the arguments that are kept for the network
///
/// Only looks: nothing is evaluated or written, and nobody is held up.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  nixops show-arguments
  nixops show-arguments -d staging --json")]
pub struct ShowArguments {
    #[command(flatten)]
    state: StateArguments,

    #[command(flatten)]
    here: HereArguments,
}

impl ShowArguments {
    /// Runs the verb and gives the exit code.
    pub fn run(self, context: &Context) -> Result<u8> {
        let deployment = self.state.choose(context, &self.here.here()?)?.deployment;
        context.ui.data(if context.global.json {
            json(&deployment)?
        } else if deployment.arguments.is_empty() {
            "no arguments are kept; `nixops set-args` keeps some".to_owned()
        } else {
            in_short(&deployment)
        });
        Ok(0)
    }
}

/// The arguments as JSON.
pub fn json(deployment: &Deployment) -> Result<String> {
    serde_json::to_string(&deployment.arguments).context("while writing the arguments")
}

/// The arguments as Nix has them: `name = value`.
pub fn lines(deployment: &Deployment) -> impl Iterator<Item = String> {
    let arguments = deployment.arguments.iter();
    arguments.map(|(name, argument)| format!("{name} = {}", value(argument)))
}

fn in_short(deployment: &Deployment) -> String {
    let arguments = deployment.arguments.iter();
    let rows: Vec<_> = arguments
        .map(|(name, argument)| [name.clone(), value(argument)])
        .collect();
    table(["argument", "value"], &rows)
}

fn value(argument: &StoredArgument) -> String {
    match argument {
        StoredArgument::Expression(expression) => expression.clone(),
        StoredArgument::Text(text) => super::nix_text::of_text(text),
    }
}
