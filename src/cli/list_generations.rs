//! `nixops list-generations`

use anyhow::{Context as _, Result};
use clap::Args;

use crate::{fleet::Generations, ui::generations_text};

use super::{Context, fleet::ManyArguments};

/// List the generations of machines
///
/// Those of the system profile of each machine, with what runs, what boots next and what was booted.
/// `nixops rollback` goes back to one. Nothing is evaluated or locked.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  nixops list-generations --on web
  nixops list-generations --json | jq '.[] | [.machine, (.generations | length)]'

Exit codes:
  0 all machines told, 1 one did not, 2 wrong usage, 130 interrupted")]
pub struct ListGenerations {
    #[command(flatten)]
    many: ManyArguments,
}

impl ListGenerations {
    /// Runs the verb and gives the exit code.
    pub fn run(self, context: &Context) -> Result<u8> {
        show(context, &self.many.each(context, Generations::ask)?)
    }
}

/// Shows generations, and gives the exit code.
pub fn show(context: &Context, all: &[Generations]) -> Result<u8> {
    context.ui.data(if context.global.json {
        serde_json::to_string(all).context("while writing generations")?
    } else {
        generations_text(all)
    });
    Ok(u8::from(all.iter().any(|one| one.problem.is_some())))
}
