//! `nixops journal`

use anyhow::{Context as _, Result};
use clap::Args;
use serde_json::Value;

use crate::{
    state::{JournalLine, Store as _, utc},
    ui::table,
};

use super::{
    Context,
    state::{HereArguments, StateArguments},
};

/// Show what runs have done to a deployment
///
/// A step is written before it is done and after: one that has only begun was cut short, and the next
/// run finishes it. Only looks: nothing is written, and nobody is held up.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  nixops journal                     the last 50 lines
  nixops journal --lines 1000 -d staging
  nixops journal --json | jq 'select(.stage == \"failed\")'      one line of JSON each")]
pub struct Journal {
    /// How many lines, the last ones
    #[arg(long, short = 'n', value_name = "N", default_value_t = 50)]
    lines: usize,

    #[command(flatten)]
    state: StateArguments,

    #[command(flatten)]
    here: HereArguments,
}

impl Journal {
    /// Runs the verb and gives the exit code.
    pub fn run(self, context: &Context) -> Result<u8> {
        let here = self.here.here()?;
        let lines = self
            .state
            .choose(context, &here)?
            .store()
            .journal(self.lines)?;
        context.ui.data(if context.global.json {
            let lines = lines.iter().map(serde_json::to_string);
            let lines = lines.collect::<Result<Vec<_>, _>>();
            lines.context("while writing the journal")?.join("\n")
        } else if lines.is_empty() {
            "nothing was done yet".to_owned()
        } else {
            in_short(&lines)
        });
        Ok(0)
    }
}

fn in_short(lines: &[JournalLine]) -> String {
    let rows: Vec<_> = lines
        .iter()
        .map(|line| {
            [
                line.number.to_string(),
                utc(line.time),
                line.entry.key.to_string(),
                word(&line.entry.operation),
                word(&line.entry.stage),
                line.entry.remark.clone().unwrap_or_default(),
            ]
        })
        .collect();
    table(["line", "time", "what", "step", "stage", "remark"], &rows)
}

/// A word as JSON has it.
fn word(value: &impl serde::Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(Value::String(word)) => word,
        _ => String::new(),
    }
}
