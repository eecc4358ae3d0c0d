//! `nixops logs`

use std::{collections::BTreeSet, fs};

use anyhow::{Context as _, Result};
use clap::Args;
use serde_json::json;

use crate::{
    fleet::Roster,
    state::{Run, Runs},
    ui::{Event, run_text},
};

use super::{
    Context,
    directory::state_directory,
    selection::SelectionArguments,
    state::{Chosen, HereArguments, StateArguments},
};

/// Show what a deploy said
///
/// The last run of `nixops deploy` or `nixops destroy` from here that changed something or tried to, or
/// an earlier one: the last 20 are kept. What `nixops journal` shows is what was done, by whomever.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  nixops logs                              the last run
  nixops logs --on web -v                  what one machine said, every line
  nixops logs --list                       the runs that are kept
  nixops logs 20260802T1011                an earlier one, by the beginning of its name
  nixops logs --json | jq 'select(.event == \"machine-done\")'")]
pub struct Logs {
    /// List the runs that are kept
    #[arg(long, conflicts_with = "run")]
    list: bool,

    /// The run: its name, or how that begins [default: the last one]
    #[arg(value_name = "RUN")]
    run: Option<String>,

    #[command(flatten)]
    selection: SelectionArguments,

    #[command(flatten)]
    state: StateArguments,

    #[command(flatten)]
    here: HereArguments,
}

impl Logs {
    /// Runs the verb and gives the exit code.
    pub fn run(self, context: &Context) -> Result<u8> {
        let chosen = self.state.choose(context, &self.here.here()?)?;
        let runs = Runs::of(&state_directory()?, &chosen.deployment.uuid);
        if self.list {
            list(context, &runs.all()?);
            return Ok(0);
        }
        let Some(run) = runs.find(self.run.as_deref())? else {
            context.ui.data(if context.global.json {
                ""
            } else {
                "no run is kept yet"
            });
            return Ok(0);
        };
        let events = self.events(&chosen, &run)?;
        context.ui.data(if context.global.json {
            let lines = events.iter().map(serde_json::to_string);
            let lines = lines.collect::<Result<Vec<_>, _>>();
            lines.context("while writing events")?.join("\n")
        } else {
            run_text(&events, context.global.verbosity())
        });
        Ok(0)
    }

    /// The events of a run that are meant; a line that was cut short is none.
    fn events(&self, chosen: &Chosen, run: &Run) -> Result<Vec<Event>> {
        let text = fs::read_to_string(&run.path);
        let text = text.with_context(|| format!("while reading {}", run.path))?;
        let events = text
            .lines()
            .filter_map(|line| serde_json::from_str(line).ok());
        let mut events: Vec<Event> = events.collect();
        let selection = self.selection.selection()?;
        if !selection.is_everything() {
            let names = events.iter().filter_map(Event::machine);
            let names: BTreeSet<&str> = names.collect();
            let names: Vec<String> = names.into_iter().map(str::to_owned).collect();
            let tags = Roster::of_state(&chosen.store(), &[])?.tags();
            let selected = selection.resolve(&names, &tags)?;
            let is_meant = |name: &str| selected.iter().any(|one| one == name);
            events.retain(|event| event.machine().is_some_and(is_meant));
        }
        Ok(events)
    }
}

fn list(context: &Context, runs: &[Run]) {
    let names: Vec<&str> = runs.iter().map(|run| run.name.as_str()).collect();
    context.ui.data(if context.global.json {
        json!(names).to_string()
    } else if names.is_empty() {
        "no run is kept yet".to_owned()
    } else {
        names.join("\n")
    });
}
