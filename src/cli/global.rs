//! Arguments of every verb.

use anyhow::Result;
use camino::Utf8PathBuf;
use clap::{ArgAction, Args};

use crate::{
    nix::Nix,
    process::Processes,
    ui::{Color, Format, Options},
};

/// Arguments of every verb.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Global options")]
pub struct GlobalArguments {
    /// Write JSON to standard output, for programs
    #[arg(long, global = true)]
    pub json: bool,

    /// Tell more: every step, and what programs print
    #[arg(short, long, global = true, action = ArgAction::Count)]
    verbose: u8,

    /// Whether to write in colours; `NO_COLOR` is respected
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    #[arg(value_parser = ["auto", "always", "never"])]
    color: String,

    /// Show Nix's own trace with its errors
    #[arg(long, global = true)]
    pub show_trace: bool,

    /// Directory of the Nix programs, or the path of `nix`, if they are not in `PATH`; the
    /// variable `NIXOPS_NIX` says the same
    #[arg(long, global = true, value_name = "PATH")]
    nix_bin: Option<Utf8PathBuf>,
}

impl GlobalArguments {
    /// How the run is shown. `streaming` says whether events are what `--json` is to give.
    pub fn screen(&self, streaming: bool) -> Options {
        Options {
            format: if self.json && streaming {
                Format::Json
            } else {
                Format::People
            },
            // The parser has refused everything else.
            color: self.color.parse().unwrap_or(Color::Auto),
            show_trace: self.show_trace,
            verbosity: self.verbose,
            is_still: false,
            is_recorded: streaming,
        }
    }

    /// Whether more is to be told.
    pub fn is_verbose(&self) -> bool {
        self.verbose > 0
    }

    /// How much is told beyond what matters.
    pub fn verbosity(&self) -> u8 {
        self.verbose
    }

    /// Finds Nix.
    pub fn nix(&self, processes: &Processes) -> Result<Nix> {
        Ok(Nix::locate(self.nix_bin.as_deref(), processes)?)
    }
}
