//! Arguments that say which plugin is meant.

use std::collections::BTreeMap;

use anyhow::Result;
use camino::Utf8Path;
use clap::Args;

use crate::{
    evaluator::{Evaluator, Options, Request, deployer_system},
    flake::{self, LockOptions, LockedFlake, Source},
    nix::Nix,
};

use super::{
    super::{Context, nix_settings::NixSettings, source::pairs},
    doing,
};

/// The input that plugins are evaluated with.
const NIXPKGS: &str = "nixpkgs";

/// Which plugin is meant.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "The plugin and its evaluation")]
pub struct PluginSource {
    /// The plugin: a directory with its flake, or a flake reference
    #[arg(value_name = "DIR", default_value = ".")]
    pub flake: String,

    /// Use another flake for an input. A plugin without an input `nixpkgs` is looked at with this one,
    /// or with that of the flake registry
    #[arg(long, num_args = 2, value_names = ["INPUT", "REF"])]
    override_input: Vec<String>,

    /// Leave a missing or incomplete lock file as it is
    #[arg(long)]
    no_write_lock_file: bool,

    #[command(flatten)]
    settings: NixSettings,
}

impl PluginSource {
    /// Finds Nix, which gets the user's settings.
    pub fn nix(&self, context: &Context) -> Result<Nix> {
        let nix = context.global.nix(&context.processes)?;
        Ok(nix.with_settings(self.settings.pairs()))
    }

    /// Locks the plugin's flake and prepares its evaluation.
    pub fn evaluator(&self, context: &Context, nix: &Nix) -> Result<Evaluator> {
        let source = self.locked(context, nix)?;
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

    /// Locks the plugin, and a nixpkgs for it if it brings none: a plugin of Nix alone gets the
    /// nixpkgs of whoever uses it, and needs none of its own.
    fn locked(&self, context: &Context, nix: &Nix) -> Result<Source> {
        let given = pairs(&self.override_input);
        let all = self.lock(context, nix, &self.flake, given.clone());
        let (flake, missing) = match all {
            Err(flake::Error::UnknownInput { input, .. }) if input == NIXPKGS => {
                let others = given.iter().filter(|(input, _)| input != NIXPKGS);
                let others = others.cloned().collect();
                (self.lock(context, nix, &self.flake, others)?, true)
            }
            flake => {
                let flake = flake?;
                let missing = flake.input(NIXPKGS).is_none();
                (flake, missing)
            }
        };
        let nixpkgs = missing.then(|| self.stand_in(context, nix, &given));
        let nixpkgs = nixpkgs.transpose()?.map(Box::new);
        let flake = Box::new(flake);
        Ok(Source::Plugin { flake, nixpkgs })
    }

    /// The nixpkgs that is named for this run, or that of the flake registry.
    fn stand_in(
        &self,
        context: &Context,
        nix: &Nix,
        given: &[(String, String)],
    ) -> Result<LockedFlake> {
        let named = given.iter().find(|(input, _)| input == NIXPKGS);
        let reference = named.map_or(NIXPKGS, |(_, reference)| reference);
        if named.is_none() {
            let step = "looking for the nixpkgs of the flake registry, since it has no such input";
            doing(context, &self.flake, step);
        }
        let locked = self.lock(context, nix, reference, Vec::new());
        Ok(locked.map_err(|source| flake::Error::NoNixpkgs {
            reference: format!("`{reference}`"),
            source: Box::new(source),
        })?)
    }

    fn lock(
        &self,
        context: &Context,
        nix: &Nix,
        reference: &str,
        override_inputs: Vec<(String, String)>,
    ) -> Result<LockedFlake, flake::Error> {
        let options = LockOptions {
            override_inputs,
            no_write_lock_file: self.no_write_lock_file,
        };
        flake::lock(nix, &context.processes, &directory(reference), &options)
    }
}

/// Says `./plugin` for a directory `plugin`, which Nix would look up in its registry.
fn directory(reference: &str) -> String {
    let is_name = !reference.starts_with(['.', '/', '~']);
    if is_name && Utf8Path::new(reference).join("flake.nix").is_file() {
        format!("./{reference}")
    } else {
        reference.to_owned()
    }
}
