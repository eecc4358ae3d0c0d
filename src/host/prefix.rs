//! The way by a command prefix: a program of the deployer that runs the words after its own on the machine.

use std::time::Duration;

use super::{Error, Failure, Look, Result, look::SCRIPT};
use crate::{
    nix::Commands,
    process::{self, Call, Processes},
};

/// Asks what runs on the machine; there is no connection that stays open.
pub(super) fn look(
    processes: &Processes,
    machine: &str,
    prefix: &[String],
    within: Duration,
) -> Result<Look> {
    let mut command = Commands::new(prefix.to_vec()).command(["sh", "-c", SCRIPT]);
    let call = Call::new(format!("connection to {machine}")).timeout(within);
    let failed = |failure, said| Error::Prefix {
        machine: machine.to_owned(),
        command: shell_words::join(prefix),
        failure,
        said,
    };
    match call.run(processes, &mut command) {
        Ok(output) => Look::read(&output.stdout_text()).ok_or_else(|| {
            let mut said = output.stdout_text().into_owned();
            said.push_str(&output.stderr_text());
            failed(Failure::NoShell, said)
        }),
        Err(process::Error::TimedOut { stderr, .. }) => Err(failed(Failure::TimedOut, stderr)),
        Err(error) => Err(error.into()),
    }
}
