//! Makes a system the one that runs, so that the host stays reachable whatever comes of it.
//!
//! `activate.sh` does it on the host, detached from every connection and with a timer of its own: it switches to the
//! new system for a trial (`switch-to-configuration test`) and waits for a decision. Only one that is made over a *new*
//! connection, which the new system let in, makes the system the host's own (profile, then boot loader); a reboot
//! before that is the way back. Whoever comes first decides, the deployer or the timer, by one link that only one of
//! them can make. What came of it is in a file, and is read again after a connection was lost.

mod order;
mod run;
mod word;

use camino::Utf8Path;

use super::{Host, Remote, Result};
use crate::{plan::Goal, process::Stream};

pub use order::{ActivationStatus, Ended, Order, Reason};
pub use run::{Begun, End, Trial};

impl Host {
    /// Has the host say what taking up a system would change; nothing changes.
    pub fn foretell(
        &self,
        system: &Utf8Path,
        lines: &mut dyn FnMut(&str),
    ) -> Result<ActivationStatus> {
        let program = system.join("bin/switch-to-configuration");
        let words = [program.as_str(), Goal::DryActivate.as_argument()];
        let mut lines = |_: Stream, line: &str| lines(line);
        let remote = Remote::argv("activation", words).elevated();
        let output = self.run(remote.lines(&mut lines))?;
        match output.status.code() {
            Some(status) => Ok(status.into()),
            None => Err(self.command_error("activation", output.into_error())),
        }
    }
}
