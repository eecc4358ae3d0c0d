//! `nixops ssh`

use std::{os::unix::process::ExitStatusExt as _, process::ExitStatus};

use anyhow::{Context as _, Result};
use clap::Args;

use crate::fleet::{Command, Error, Execution, transfer};

use super::{Context, fleet::FleetArguments};

/// Log in to a machine, or run a command there
///
/// Reaches it as a deploy would: as the state says, with the keys that its backend gave. Only a machine
/// that was never deployed is looked up in the network, by its options alone. Nothing is locked: another
/// run may go on meanwhile.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  nixops ssh web                                 a shell
  nixops ssh alice@web                           as another user
  nixops ssh web -- systemctl status nginx       each word arrives as it is
  nixops ssh web -- sh -c 'dmesg | tail'         what needs a shell says so
  nixops ssh web -L 8080:localhost:80            options of ssh
  nixops ssh --json web -- uname -r              what it wrote, as one JSON value

Exit codes:
  that of ssh, which is that of the command, or 255 where ssh failed; 1 if there is no way to
  the machine, 2 wrong usage, 130 interrupted")]
pub struct Ssh {
    /// As in NixOps 2; nothing is ever waited for
    #[arg(long, hide = true)]
    now: bool,

    #[command(flatten)]
    fleet: FleetArguments,

    /// The machine, and whom to log in as
    #[arg(value_name = "[USER@]MACHINE")]
    machine: String,

    /// Options of ssh, and the words of a command
    #[arg(
        value_name = "SSH OPTION|WORD",
        trailing_var_arg = true,
        allow_hyphen_values = true
    )]
    words: Vec<String>,
}

/// Options of ssh that have a value behind them.
const WITH_VALUE: &str = "BbcDEeFIiJLlmOoPpQRSWw";

impl Ssh {
    /// Runs the verb and gives the exit code.
    pub fn run(self, context: &Context) -> Result<u8> {
        let (user, machine) = transfer::addressee(&self.machine);
        let (flags, words) = divide(&self.words);
        let (member, target) = self.fleet.member(context, machine)?;
        let connections = self.fleet.connections(context)?;
        if context.global.json {
            let command = Command {
                words: &words,
                elevated: false,
                timeout: None,
            };
            let execution = Execution {
                connections: &connections,
                command,
            };
            let executed = execution.run(&member, |_, _| ());
            let text = serde_json::to_string(&executed).context("while writing what it wrote")?;
            context.ui.data(text);
            return Ok(executed.code());
        }
        let way = connections.way(&target)?;
        let session = way.session(user, &flags, &words);
        let mut session = session.ok_or_else(|| Error::NoSsh {
            machine: member.name.clone(),
            what: "another user, or an option of ssh,",
        })?;
        let label = format!("ssh {}", member.name);
        let _terminal = context.ui.hand_over();
        let status = context.processes.foreground(&mut session, label)?;
        Ok(code(status))
    }
}

/// The exit code that says how a program ended; of one that a signal ended, as shells tell it.
pub fn code(status: ExitStatus) -> u8 {
    let code = status.code();
    let code = code.or_else(|| status.signal().map(|signal| 128 + signal));
    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1)
}

/// The options of ssh, and the words of the command behind them.
fn divide(words: &[String]) -> (Vec<String>, Vec<String>) {
    let mut rest = words.iter().peekable();
    let mut flags = Vec::new();
    while let Some(flag) = rest.next_if(|word| word.starts_with('-') && *word != "--") {
        flags.push(flag.clone());
        let mut letters = flag.chars().skip(1);
        let has_value = |letter: char| WITH_VALUE.contains(letter);
        // `-tp 22` has its value behind, and `-p22` within.
        if letters.find(|letter| has_value(*letter)).is_some() && letters.next().is_none() {
            flags.extend(rest.next().cloned());
        }
    }
    rest.next_if(|word| *word == "--");
    (flags, rest.cloned().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn divided(words: &str) -> (String, String) {
        let words: Vec<String> = words.split(' ').map(str::to_owned).collect();
        let (flags, words) = divide(&words);
        (flags.join(" "), words.join(" "))
    }

    #[test]
    fn options_of_ssh_come_before_the_command() {
        for (words, flags, command) in [
            ("ls -l", "", "ls -l"),
            ("-L 80:a:80 -N", "-L 80:a:80 -N", ""),
            ("-tp 22 -- top -d 1", "-tp 22", "top -d 1"),
            ("-p22 uptime", "-p22", "uptime"),
            ("-- ls", "", "ls"),
            ("-o A=b ls --", "-o A=b", "ls --"),
        ] {
            assert_eq!(divided(words), (flags.into(), command.into()), "{words}");
        }
    }
}
