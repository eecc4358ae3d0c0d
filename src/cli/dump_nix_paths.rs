//! `nixops dump-nix-paths`

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use clap::Args;
use serde::Serialize;

use crate::state::Store as _;

use super::{
    Context,
    selection::SelectionArguments,
    session::{Intent, Session},
    source::SourceArguments,
    state::StateArguments,
};

/// Print the store paths that a network is made of: its sources, and the systems that are deployed
///
/// Sources are those of the flake and of its inputs, or what the search path of a classic network has in
/// the store. Systems are those that machines were deployed with last. No machine is evaluated. Who keeps
/// these paths can evaluate the network again, and go back to what runs.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  nixops dump-nix-paths
  nixops dump-nix-paths --on web
  nix copy --to ssh://cache $(nixops dump-nix-paths)
  nixops dump-nix-paths --json | jq .systems")]
pub struct DumpNixPaths {
    #[command(flatten)]
    source: SourceArguments,

    #[command(flatten)]
    state: StateArguments,

    #[command(flatten)]
    selection: SelectionArguments,
}

/// What is printed.
#[derive(Serialize)]
struct Paths {
    sources: Vec<String>,
    systems: BTreeMap<String, String>,
}

impl DumpNixPaths {
    /// Runs the verb and gives the exit code.
    pub fn run(self, context: &Context) -> Result<u8> {
        let session = Session::begin(context, &self.source, &self.state, Intent::default())?;
        let selected = self
            .selection
            .resolve(&session.evaluator, &session.names.machines)?;
        let tell = |text| context.ui.warning(None, text, None);
        let sources = session.evaluator.sources(tell)?;
        let machines = session.ground.look()?.machines()?;
        let systems = machines
            .into_iter()
            .filter(|(name, _)| selected.contains(name))
            .filter_map(|(name, machine)| Some((name, machine.system?)));
        let paths = Paths {
            sources,
            systems: systems.collect(),
        };
        context.ui.data(if context.global.json {
            serde_json::to_string(&paths).context("while writing the paths")?
        } else {
            let all = paths.sources.iter().chain(paths.systems.values());
            all.cloned().collect::<Vec<_>>().join("\n")
        });
        Ok(0)
    }
}
