//! The way by a command prefix: a program of the deployer that runs the words after its own on the machine. Without a
//! prefix they run here.

use std::time::Duration;

use super::{Error, Failure, Look, Result, Target, look::SCRIPT};
use crate::{
    nix::Commands,
    process::{self, Call, Processes},
};

/// Asks what runs on the machine; there is no connection that stays open.
pub(super) fn look(
    processes: &Processes,
    target: &Target,
    prefix: &[String],
    within: Duration,
) -> Result<Look> {
    let mut command = Commands::new(prefix.to_vec()).command(["sh", "-c", SCRIPT]);
    let call = Call::new(format!("connection to {}", target.machine)).timeout(within);
    let failed = |failure, said| Error::Prefix {
        machine: target.machine.clone(),
        way: target.transport.to_string(),
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
