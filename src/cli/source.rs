//! Arguments that say which network is meant and how Nix evaluates it.

use std::{collections::BTreeMap, num::NonZero, sync::Arc};

use anyhow::Result;
use camino::Utf8PathBuf;
use clap::Args;

use crate::{
    evaluator::{self, Argument, Cache, Evaluator, Limits, Request, deployer_system},
    flake::{self, Installable, LockOptions, Source},
    nix::Nix,
    state::Recorded,
};

use super::{
    Context, directory::cache_directory, nix_settings::NixSettings, number, session, state::Here,
};

/// Which network is meant and how Nix evaluates it.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "The network and its evaluation")]
pub struct SourceArguments {
    /// The network: a flake reference and, behind `#`, a name in `nixopsConfigurations`
    #[arg(long, short, value_name = "REF#NAME", default_value = ".#default")]
    flake: Installable,

    /// A classic network instead: a Nix file, or a directory with `nixops.nix`
    #[arg(long, value_name = "PATH", conflicts_with = "flake")]
    file: Option<Utf8PathBuf>,

    /// Give the network an argument: a Nix expression
    #[arg(long, num_args = 2, value_names = ["NAME", "EXPR"])]
    arg: Vec<String>,

    /// Give the network an argument: a text
    #[arg(long, num_args = 2, value_names = ["NAME", "TEXT"])]
    argstr: Vec<String>,

    /// Use another flake for an input, such as `nixpkgs` or `nixops/nixpkgs`
    #[arg(long, num_args = 2, value_names = ["INPUT", "REF"], conflicts_with = "file")]
    override_input: Vec<String>,

    /// Leave a missing or incomplete lock file as it is
    #[arg(long)]
    no_write_lock_file: bool,

    /// Add a directory to the search path of a classic network
    #[arg(short = 'I', value_name = "PATH", requires = "file")]
    search_path: Vec<String>,

    /// Processes that evaluate at the same time [default: by cores and free memory]
    #[arg(long, value_name = "N", value_parser = number::positive)]
    eval_workers: Option<NonZero<usize>>,

    /// Evaluate everything anew, and keep no results of it
    #[arg(long)]
    no_eval_cache: bool,

    /// Memory that all of them may be expected to use, in MiB [default: what is free]
    #[arg(long, value_name = "MIB")]
    eval_memory: Option<u64>,

    #[command(flatten)]
    settings: NixSettings,
}

impl SourceArguments {
    /// Finds and locks the network, and prepares its evaluation by itself: as the deployment that the
    /// file beside it names, with what the command line says and nothing that is kept of it.
    pub fn evaluator(&self, context: &Context, nix: &Nix) -> Result<Evaluator> {
        let cache = self.cache(context, nix);
        let source = self.source(context, nix)?;
        let identity = match session::directory(&source) {
            Some(directory) => Recorded::read(&directory)?.get(source.network()),
            None => None,
        };
        let identity = identity.map_or_else(
            || source.identity(),
            |identity| flake::Identity {
                uuid: identity.lineage,
                name: identity.name,
            },
        );
        let deployment = (identity, BTreeMap::new());
        self.evaluator_of(context, nix, source, deployment, cache)
    }

    /// Prepares the evaluation of a network as a deployment, whose arguments are kept with it; those of
    /// the command line go before them.
    pub fn evaluator_of(
        &self,
        context: &Context,
        nix: &Nix,
        source: Source,
        (identity, mut arguments): (flake::Identity, BTreeMap<String, Argument>),
        cache: Option<Arc<Cache>>,
    ) -> Result<Evaluator> {
        arguments.extend(self.arguments());
        let request = Request {
            identity,
            source,
            arguments,
            system: deployer_system(),
        };
        let options = evaluator::Options {
            cache,
            ..self.options(context)
        };
        let processes = context.processes.clone();
        Ok(Evaluator::new(nix.clone(), processes, request, options)?)
    }

    /// Where results of evaluations are kept, if they are. It is made first, since it asks Nix for something while
    /// the network is locked.
    pub fn cache(&self, context: &Context, nix: &Nix) -> Option<Arc<Cache>> {
        if self.no_eval_cache || self.file.is_some() {
            return None;
        }
        let ui = context.ui.clone();
        let tell = move |message, hint: &str| ui.warning(None, message, Some(hint.to_owned()));
        let directory = cache_directory().ok()?;
        let cache = Cache::new(&directory, nix, &context.processes, tell);
        Some(Arc::new(cache))
    }

    /// The network, as far as it is known without Nix.
    pub fn here(&self) -> Result<Here> {
        Here::of(&self.flake, self.file.as_deref())
    }

    /// Directories for `<…>` in a classic network.
    pub fn search_path(&self) -> &[String] {
        &self.search_path
    }

    /// Finds Nix, which gets the user's settings.
    pub fn nix(&self, context: &Context) -> Result<Nix> {
        let nix = context.global.nix(&context.processes)?;
        Ok(nix.with_settings(self.settings.pairs()))
    }

    /// Finds and locks the network.
    pub fn source(&self, context: &Context, nix: &Nix) -> Result<Source> {
        if let Some(path) = &self.file {
            return Ok(flake::classic(path)?);
        }
        let options = LockOptions {
            override_inputs: pairs(&self.override_input),
            no_write_lock_file: self.no_write_lock_file,
        };
        let reference = &self.flake.reference;
        let flake = flake::lock(nix, &context.processes, reference, &options)?;
        Ok(Source::Flake {
            flake: Box::new(flake),
            network: self.flake.network.clone(),
        })
    }

    fn arguments(&self) -> BTreeMap<String, Argument> {
        let expressions = pairs(&self.arg);
        let texts = pairs(&self.argstr);
        let expressions = expressions
            .into_iter()
            .map(|(name, value)| (name, Argument::Expression(value)));
        let texts = texts
            .into_iter()
            .map(|(name, value)| (name, Argument::Text(value)));
        expressions.chain(texts).collect()
    }

    fn options(&self, context: &Context) -> evaluator::Options {
        evaluator::Options {
            limits: Limits {
                workers: self.eval_workers,
                memory: self.eval_memory,
            },
            search_path: self.search_path.clone(),
            show_trace: context.global.show_trace,
            cache: None,
        }
    }
}

/// Groups the values of an argument that takes two each time.
pub fn pairs(values: &[String]) -> Vec<(String, String)> {
    values
        .chunks_exact(2)
        .map(|pair| (pair[0].clone(), pair[1].clone()))
        .collect()
}
