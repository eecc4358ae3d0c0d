//! The way by a command prefix: a program of the deployer that runs the words after its own on the machine.

use std::{
    process::{Command, Stdio},
    time::Duration,
};

use super::{Error, Failure, Look, Result, look::SCRIPT};
use crate::process::{self, Call, Processes};

/// A command that runs `words` on the machine, one word each.
pub(super) fn command<'a>(
    prefix: &'a [String],
    words: impl Iterator<Item = &'a String>,
) -> Command {
    let mut all = prefix.iter().chain(words);
    let mut command = Command::new(all.next().map_or("", String::as_str));
    command.args(all).stdin(Stdio::null());
    command
}

/// Asks what runs on the machine; there is no connection that stays open.
pub(super) fn look(
    processes: &Processes,
    machine: &str,
    prefix: &[String],
    within: Duration,
) -> Result<Look> {
    let words = ["sh", "-c", SCRIPT].map(str::to_owned);
    let call = Call::new(format!("connection to {machine}")).timeout(within);
    let failed = |failure, said| Error::Prefix {
        machine: machine.to_owned(),
        command: shell_words::join(prefix),
        failure,
        said,
    };
    match call.run(processes, &mut command(prefix, words.iter())) {
        Ok(output) => Look::read(&output.stdout_text()).ok_or_else(|| {
            let mut said = output.stdout_text().into_owned();
            said.push_str(&output.stderr_text());
            failed(Failure::NoShell, said)
        }),
        Err(process::Error::TimedOut { stderr, .. }) => Err(failed(Failure::TimedOut, stderr)),
        Err(error) => Err(error.into()),
    }
}
