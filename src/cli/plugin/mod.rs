//! `nixops plugin`

mod agreement;
mod check;
mod docs;
mod source;
mod test;

use anyhow::{Context as _, Result};
use clap::{Args, Subcommand};

use crate::{
    plugin::conformance::{Check, Outcome, Report},
    ui::Event,
};

use super::Context;

/// Work on a plugin: check it, test its provider, write its documentation
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  nixops plugin check                      the plugin whose flake is here
  nixops plugin check ~/nixops-neatcloud   another one
  nixops plugin test --inputs inputs.json  its provider through the whole protocol
  nixops plugin docs > options.md          its options as Markdown")]
pub struct Plugin {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Check(check::Check),
    Docs(docs::Docs),
    Test(test::Test),
}

impl Plugin {
    /// Runs the verb and gives the exit code.
    pub fn run(self, context: &Context) -> Result<u8> {
        match self.verb {
            Verb::Check(check) => check.run(context),
            Verb::Docs(docs) => docs.run(context),
            Verb::Test(test) => test.run(context),
        }
    }
}

/// Shows a check to people, as soon as it is made.
fn tell(context: &Context, check: &Check) {
    if !context.global.json {
        context.ui.data(line(check));
    }
}

/// Says what takes a while, to people.
fn doing(context: &Context, plugin: &str, what: &str) {
    context.ui.send(Event::PluginStep {
        plugin: plugin.to_owned(),
        step: what.to_owned(),
    });
}

/// Shows what there is to say once all is checked, and gives the exit code.
fn conclude(context: &Context, report: &Report) -> Result<u8> {
    context.ui.data(if context.global.json {
        serde_json::to_string(report).context("while writing the report")?
    } else {
        format!("\n{}", total(report))
    });
    Ok(u8::from(!report.passed()))
}

fn line(check: &Check) -> String {
    let (mark, reason) = match &check.outcome {
        Outcome::Passed => ("ok", None),
        Outcome::Failed { reason } => ("FAILED", Some(reason)),
        Outcome::Skipped { reason } => ("skipped", Some(reason)),
        Outcome::Advice { reason } => ("advice", Some(reason)),
    };
    let reason = reason.map_or_else(String::new, |reason| {
        let lines = reason.lines().map(|line| format!("         {line}\n"));
        lines.collect()
    });
    format!("{mark:8} {}\n{reason}", check.name)
}

fn total(report: &Report) -> String {
    let count = |is_meant: fn(&Outcome) -> bool| {
        let checks = report.checks.iter();
        checks.filter(|check| is_meant(&check.outcome)).count()
    };
    let passed = count(|outcome| *outcome == Outcome::Passed);
    let parts = [
        (
            count(|outcome| matches!(outcome, Outcome::Failed { .. })),
            "failed",
        ),
        (
            count(|outcome| matches!(outcome, Outcome::Advice { .. })),
            "with advice",
        ),
        (
            count(|outcome| matches!(outcome, Outcome::Skipped { .. })),
            "skipped",
        ),
    ];
    let parts = parts.iter().filter(|(count, _)| *count > 0);
    let parts = parts.map(|(count, what)| format!(", {count} {what}"));
    format!("{passed} passed{}", parts.collect::<String>())
}
