//! `nixops exec`

use std::time::Duration;

use anyhow::{Context as _, Result};
use clap::Args;

use crate::{
    evaluator::Diagnostic,
    fleet::{Command, Executed, Execution},
};

use super::{Context, fleet::ManyArguments, number};

/// Run a command on many machines at the same time
///
/// What each wrote comes in one piece, in the order of the names, with the name before each line.
/// The words of the command arrive as they are; what needs a shell says so: `sh -c '…'`. It reads
/// nothing. Works from the state; nothing is evaluated, unless a machine was never deployed.
#[derive(Debug, Args)]
#[command(
    visible_alias = "ssh-for-each",
    after_help = "Examples:
  nixops exec -- systemctl is-system-running        all machines
  nixops exec --on 'web-*' @eu -- df -h /           some
  nixops exec --elevate -- sh -c 'dmesg | tail -3'  as root, in a shell
  nixops exec --stream -- journalctl -fu nginx      lines as they come
  nixops exec --json -- uname -r | jq -r '.[] | [.machine, .stdout] | @tsv'

Exit codes:
  the greatest of those of the commands, where 255 means that there was no way to a machine;
  1 if it could not begin, 2 wrong usage, 130 interrupted"
)]
pub struct Exec {
    /// Run it as root, by `deployment.privilegeEscalationCommand` where that is needed
    #[arg(long)]
    elevate: bool,

    /// Show lines as they come, those of different machines among each other
    #[arg(long, conflicts_with = "json")]
    stream: bool,

    /// Seconds that it may take on a machine [default: as long as it takes]
    #[arg(long, value_name = "SECONDS", value_parser = number::seconds)]
    timeout: Option<u64>,

    #[command(flatten)]
    many: ManyArguments,

    /// The program and its arguments
    #[arg(
        value_name = "WORD",
        required = true,
        trailing_var_arg = true,
        allow_hyphen_values = true
    )]
    words: Vec<String>,
}

impl Exec {
    /// Runs the verb and gives the exit code.
    pub fn run(self, context: &Context) -> Result<u8> {
        let command = Command {
            words: &self.words,
            elevated: self.elevate,
            timeout: self.timeout.map(Duration::from_secs),
        };
        let mut all = Vec::new();
        self.many.each_heard(
            context,
            |connections, member| {
                let execution = Execution {
                    connections,
                    command,
                };
                execution.run(member, |stream, line| {
                    if self.stream {
                        context.ui.line(&member.name, stream, line);
                    }
                })
            },
            |executed| {
                self.tell(context, &executed);
                all.push(executed);
            },
        )?;
        if context.global.json {
            let text = serde_json::to_string(&all).context("while writing what they wrote")?;
            context.ui.data(text);
        }
        Ok(all.iter().map(Executed::code).max().unwrap_or(0))
    }

    /// Tells people what came of it on a machine.
    fn tell(&self, context: &Context, executed: &Executed) {
        if context.global.json || context.processes.interrupted() {
            return;
        }
        let name = &executed.machine;
        if !self.stream {
            for (stream, line) in &executed.lines {
                context.ui.line(name, *stream, line);
            }
        }
        if let Some(problem) = &executed.problem {
            context.ui.error(problem.clone().of(name));
        } else if let Some(code @ 1..) = executed.exit_code {
            let message = format!("{name}: the command ended with exit status {code}");
            context.ui.error(Diagnostic::new(message, None));
        }
    }
}
