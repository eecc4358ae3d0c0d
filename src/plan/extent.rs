//! How far a deploy goes.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What activation is to achieve, in the words of `switch-to-configuration`.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Goal {
    /// Runs the system now and after the next boot.
    #[default]
    Switch,
    /// Runs the system after the next boot.
    Boot,
    /// Runs the system now, and the old one after the next boot.
    Test,
    /// Says what running the system would change, and changes nothing.
    DryActivate,
}

impl Goal {
    /// The argument that `switch-to-configuration` takes for this goal.
    pub fn as_argument(self) -> &'static str {
        match self {
            Self::Switch => "switch",
            Self::Boot => "boot",
            Self::Test => "test",
            Self::DryActivate => "dry-activate",
        }
    }

    /// Whether the system becomes the machine's own, by its system profile.
    pub fn sets_profile(self) -> bool {
        matches!(self, Self::Switch | Self::Boot)
    }
}

impl fmt::Display for Goal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_argument())
    }
}

/// The last step that a deploy takes.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Extent {
    /// Evaluates, looks at the hosts and says what would be done.
    DryRun,
    /// Builds the systems here.
    BuildOnly,
    /// Builds the systems and copies them to the hosts.
    CopyOnly,
    /// Sends keys, and leaves the systems alone.
    KeysOnly,
    /// Builds, copies and activates.
    Activate(Goal),
}

impl Extent {
    /// Whether keys have a part in it.
    pub fn sends_keys(self) -> bool {
        match self {
            Self::DryRun | Self::BuildOnly | Self::CopyOnly => false,
            Self::KeysOnly => true,
            Self::Activate(goal) => goal != Goal::DryActivate,
        }
    }

    /// Whether the hosts have a part in it, so that connections are worth opening.
    pub fn needs_hosts(self) -> bool {
        self != Self::BuildOnly
    }
}
