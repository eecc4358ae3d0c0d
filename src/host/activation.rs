//! Makes a system the one that runs.

use std::fmt;

use camino::Utf8Path;

use super::{Error, Host, Remote, Result};
use crate::{plan::Goal, process::Stream};

/// The profile of the running system and of those that the boot menu offers.
const SYSTEM_PROFILE: &str = "/nix/var/nix/profiles/system";

/// Runs `$1 $2`, and keeps a file named by the goal until it has come to an end that needs no repetition.
///
/// Activation links the new system as the running one long before its last unit is started, so the link alone does not
/// tell that an activation came to its end. The files stand where a reboot, which does all of it anew, forgets them.
/// One line without single quotes, as [`SCRIPT`](super::look::SCRIPT).
const ACTIVATE: &str = r#"(umask 022; mkdir -p /run/nixops/activating && : >"/run/nixops/activating/$2"); "$1" "$2"; status=$?; case $2,$status in switch,0|switch,4|switch,100) rm -rf /run/nixops/activating;; *,0|*,4|*,100) rm -f "/run/nixops/activating/$2";; esac; exit $status"#;

/// How an activation ended, by the exit status of `switch-to-configuration`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ActivationStatus {
    /// All is well (0).
    Done,
    /// The system is active but some units failed (4).
    UnitsFailed,
    /// The system takes effect only after a reboot (100).
    RebootNeeded,
    /// Anything else.
    Failed(i32),
}

impl From<i32> for ActivationStatus {
    fn from(status: i32) -> Self {
        match status {
            0 => Self::Done,
            4 => Self::UnitsFailed,
            100 => Self::RebootNeeded,
            other => Self::Failed(other),
        }
    }
}

impl fmt::Display for ActivationStatus {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Done => formatter.write_str("activated"),
            Self::UnitsFailed => formatter.write_str("activated, but some units failed"),
            Self::RebootNeeded => formatter.write_str("takes effect after a reboot"),
            Self::Failed(status) => write!(
                formatter,
                "switch-to-configuration ended with exit status {status}"
            ),
        }
    }
}

impl Host {
    /// Makes `toplevel` the newest generation of the system profile.
    pub fn set_profile(&self, toplevel: &Utf8Path) -> Result<()> {
        let words = [
            "nix-env",
            "--profile",
            SYSTEM_PROFILE,
            "--set",
            toplevel.as_str(),
        ];
        let remote = Remote::argv("setting the system profile", words).elevated();
        self.run(remote)?
            .checked()
            .map_err(|error| self.command_error("setting the system profile", error))?;
        Ok(())
    }

    /// Runs the system's `switch-to-configuration`, handing out its lines as they come.
    ///
    /// A bad exit status is a result, not an error; an error means that it is not known how the activation ended.
    pub fn activate(
        &self,
        toplevel: &Utf8Path,
        goal: Goal,
        lines: &mut dyn FnMut(Stream, &str),
    ) -> Result<ActivationStatus> {
        let program = toplevel.join("bin/switch-to-configuration");
        let words = [program.as_str(), goal.as_argument()];
        // What changes nothing leaves no trace either.
        let tracked = ["sh", "-c", ACTIVATE, "nixops"].iter().chain(&words);
        let remote = match goal {
            Goal::DryActivate => Remote::argv("activation", words),
            Goal::Switch | Goal::Boot | Goal::Test => Remote::argv("activation", tracked.copied()),
        };
        let output = self.run(remote.elevated().lines(lines))?;
        match output.status.code() {
            Some(status) => Ok(status.into()),
            None => Err(self.command_error("activation", output.into_error())),
        }
    }

    pub(super) fn command_error(&self, action: &str, error: crate::process::Error) -> Error {
        Error::Command {
            machine: self.machine().to_owned(),
            action: action.to_owned(),
            escalation: self.escalation().map(|words| words.join(" ")),
            error: Box::new(error),
        }
    }
}
