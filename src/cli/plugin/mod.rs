//! `nixops plugin`

mod check;
mod docs;
mod source;
mod test;

use anyhow::{Context as _, Result};
use clap::{Args, Subcommand};

use crate::plugin::conformance::{Check, Outcome, Report};

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

/// Shows what was found, and gives the exit code.
fn show(context: &Context, report: &Report) -> Result<u8> {
    context.ui.data(if context.global.json {
        serde_json::to_string(report).context("while writing the report")?
    } else {
        let lines = report.checks.iter().map(line);
        format!("{}\n{}", lines.collect::<String>(), total(report))
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
    format!(
        "{} passed, {} failed",
        count(|outcome| *outcome == Outcome::Passed),
        count(|outcome| matches!(outcome, Outcome::Failed { .. }))
    )
}
