//! Arguments that say which plugin is meant.

use std::collections::BTreeMap;

use anyhow::Result;
use clap::Args;

use crate::{
    evaluator::{Evaluator, Options, Request, deployer_system},
    flake::{self, LockOptions, Source},
    nix::Nix,
};

use super::super::{Context, source::pairs};

/// Which plugin is meant.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "The plugin and its evaluation")]
pub struct PluginSource {
    /// The plugin: a directory with its flake, or a flake reference
    #[arg(value_name = "DIR", default_value = ".")]
    pub flake: String,

    /// Use another flake for an input, such as `nixpkgs`
    #[arg(long, num_args = 2, value_names = ["INPUT", "REF"])]
    override_input: Vec<String>,

    /// Leave a missing or incomplete lock file as it is
    #[arg(long)]
    no_write_lock_file: bool,

    /// Set an option of Nix
    #[arg(long, num_args = 2, value_names = ["NAME", "VALUE"])]
    option: Vec<String>,
}

impl PluginSource {
    /// Finds Nix, which gets the user's settings.
    pub fn nix(&self, context: &Context) -> Result<Nix> {
        let nix = context.global.nix(&context.processes)?;
        Ok(nix.with_settings(pairs(&self.option)))
    }

    /// Locks the plugin's flake and prepares its evaluation.
    pub fn evaluator(&self, context: &Context, nix: &Nix) -> Result<Evaluator> {
        let options = LockOptions {
            override_inputs: pairs(&self.override_input),
            no_write_lock_file: self.no_write_lock_file,
        };
        let flake = flake::lock(nix, &context.processes, &self.flake, &options)?;
        let source = Source::Plugin {
            flake: Box::new(flake),
        };
        let request = Request {
            identity: source.identity(),
            source,
            arguments: BTreeMap::new(),
            system: deployer_system(),
        };
        let options = Options {
            show_trace: context.global.show_trace,
            ..Options::default()
        };
        let processes = context.processes.clone();
        Ok(Evaluator::new(nix.clone(), processes, request, options)?)
    }
}
