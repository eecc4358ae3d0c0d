//! `nixops status`

use std::time::Duration;

use anyhow::{Context as _, Result};
use clap::Args;

use crate::{check::Findings, fleet::MachineStatus, state::now, ui::status_text};

use super::{Context, fleet::ManyArguments, number};

/// Show how machines are, in a line each
///
/// Which generation runs and since when it is there, whether that is what was last deployed, and
/// whether units failed. Asks hosts alone; `nixops check` asks providers too. Nothing is evaluated
/// or locked.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  nixops status                          all machines
  nixops status --on @eu --timeout 3     some, which have to be quick
  nixops status --json | jq -r '.[] | select(.reachable | not) | .machine'

Exit codes:
  0 all machines were reached and run what was deployed; else the sum, as `nixops check` has it, of
  2 a machine is down, 4 one cannot be reached, 16 units failed, 32 one runs something else,
  64 something could not be found out. 1 if it could not begin, 2 wrong usage, 130 interrupted")]
pub struct Status {
    /// Seconds that a host may take to say how it fares
    #[arg(long, value_name = "SECONDS", default_value_t = 10, value_parser = number::seconds)]
    timeout: u64,

    #[command(flatten)]
    many: ManyArguments,
}

impl Status {
    /// Runs the verb and gives the exit code.
    pub fn run(self, context: &Context) -> Result<u8> {
        let within = Duration::from_secs(self.timeout);
        let all = self.many.each(context, |connections, member| {
            MachineStatus::ask(connections, member, within)
        })?;
        context.ui.data(if context.global.json {
            serde_json::to_string(&all).context("while writing how machines are")?
        } else {
            status_text(&all, now())
        });
        let findings: Findings = all.iter().map(|one| one.findings).collect();
        Ok(findings.exit_code())
    }
}
