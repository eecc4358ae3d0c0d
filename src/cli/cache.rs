//! `nixops cache`

use anyhow::{Context as _, Result};
use camino::Utf8PathBuf;
use clap::{Args, Subcommand};
use serde::Serialize;

use crate::{
    evaluator::{CACHE_LIMIT, cache_figures, cache_file, clear_cache},
    ui::bytes,
};

use super::{Context, directory::cache_directory};

/// Look at the cache of evaluations, or empty it
///
/// Results of evaluations are kept, so that what did not change is not evaluated again. They are of use to
/// nobody but later runs, and can be forgotten at any time.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  nixops cache info                        where it is, and how much is in it
  nixops cache info --json | jq .entries
  nixops cache clear
  nixops deploy --no-eval-cache            a run that does without it")]
pub struct Cache {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Show where it is, and how much is in it
    Info,
    /// Forget all results
    Clear,
}

/// What is shown.
#[derive(Serialize)]
struct Info {
    path: Utf8PathBuf,
    entries: u64,
    /// Those of them that an edit of the flake leaves as they are, unless it is of what they have looked at.
    recorded: u64,
    /// What the entries count for, in bytes.
    size: u64,
    limit: u64,
}

impl Cache {
    /// Runs the verb and gives the exit code.
    pub fn run(&self, context: &Context) -> Result<u8> {
        let directory = cache_directory()?;
        match self.verb {
            Verb::Info => {
                let figures = cache_figures(&directory)?;
                let info = Info {
                    path: cache_file(&directory),
                    entries: figures.map_or(0, |figures| figures.entries),
                    recorded: figures.map_or(0, |figures| figures.recorded),
                    size: figures.map_or(0, |figures| figures.size),
                    limit: CACHE_LIMIT,
                };
                context.ui.data(info.text(context.global.json)?);
            }
            Verb::Clear => clear_cache(&directory)?,
        }
        Ok(0)
    }
}

impl Info {
    fn text(&self, json: bool) -> Result<String> {
        if json {
            return serde_json::to_string(self).context("while writing what is in the cache");
        }
        Ok(format!(
            "path     {}\nentries  {}\nrecorded {} of them, which survive an edit that they cannot see\n\
             size     {} of at most {}",
            self.path,
            self.entries,
            self.recorded,
            bytes(self.size),
            bytes(self.limit)
        ))
    }
}
