//! What an activation is to do, and how it ended.

use std::fmt;

use camino::Utf8PathBuf;

use crate::{network::RollbackOptions, plan::Goal};

/// What an activation is to do.
#[derive(Clone, Debug, PartialEq)]
pub struct Order {
    /// The system, which is in the host's store.
    pub system: Utf8PathBuf,
    /// The generation of the system profile that it is already, if it is one; otherwise it becomes a new one.
    pub generation: Option<u32>,
    /// To what end; [`Goal::DryActivate`] is [`Host::foretell`](super::super::Host::foretell).
    pub goal: Goal,
    /// When the host goes back to what ran before.
    pub rollback: RollbackOptions,
    /// Who wants it, as others are told who come meanwhile.
    pub holder: String,
}

impl Order {
    /// Whether the host waits for a decision.
    pub(super) fn has_trial(&self) -> bool {
        self.rollback.enable && self.goal != Goal::Boot
    }

    /// Who wants it, and the words that `activate.sh` takes behind its directory.
    pub(super) fn words(&self) -> Vec<String> {
        let Self {
            system,
            generation,
            goal,
            rollback,
            holder,
        } = self;
        let RollbackOptions {
            enable,
            timeout,
            activation_timeout,
            on_failed_units,
        } = rollback;
        let either = |flag: bool, yes: &str, no: &str| if flag { yes } else { no }.to_owned();
        vec![
            holder.clone(),
            system.to_string(),
            goal.to_string(),
            either(*enable, "yes", "no"),
            timeout.to_string(),
            activation_timeout.to_string(),
            either(*on_failed_units, "refuse", "accept"),
            generation.map_or_else(String::new, |number| number.to_string()),
        ]
    }
}

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

/// Why a system did not become the host's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// `switch-to-configuration` failed.
    Status(i32),
    /// Units failed, and that is not accepted.
    Units,
    /// Switching took longer than it may.
    Limit(u64),
    /// Nobody confirmed it in time, in seconds.
    Lease(u64),
    /// It had not proved itself.
    Refused,
    /// The user interrupted the run.
    Interrupted,
    /// The system profile could not be set.
    Profile,
    /// The boot loader could not be installed.
    Boot,
}

impl fmt::Display for Reason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(status) => ActivationStatus::from(*status).fmt(formatter),
            Self::Units => formatter.write_str("units failed"),
            Self::Limit(seconds) => write!(
                formatter,
                "switch-to-configuration did not end within {seconds} s"
            ),
            Self::Lease(seconds) => write!(
                formatter,
                "no new connection to the host was made within {seconds} s"
            ),
            Self::Refused => formatter.write_str("it was refused"),
            Self::Interrupted => formatter.write_str("the run was interrupted"),
            Self::Profile => formatter.write_str("the system profile could not be set"),
            Self::Boot => formatter.write_str("the boot loader could not be installed"),
        }
    }
}

/// How an activation ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The system is the host's own, as far as the goal says.
    Done(ActivationStatus),
    /// The host is back on what ran before.
    WentBack {
        /// Why.
        reason: Reason,
        /// How going back ended.
        status: ActivationStatus,
    },
    /// The system is not the host's own, and the host did not go back: it was not to, or nothing ran before.
    Failed(Reason),
    /// Another activation was going on, and nothing was done; who wanted that one.
    Busy(String),
    /// The host was rebooted meanwhile, before the system was its own: it runs what it booted.
    Rebooted,
    /// What did it on the host was killed; the host is somewhere in between.
    CutOff,
}
