use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// How a machine is reached, in the words of its `deployment.*` options.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The machine's name in the network.
    pub machine: String,
    /// `deployment.targetHost`: a name that ssh knows, or an address.
    pub host: String,
    /// `deployment.targetPort`.
    pub port: Option<u16>,
    /// `deployment.targetUser`; empty leaves it to ssh.
    pub user: String,
    /// `deployment.sshOptions`: words as on the command line of ssh.
    pub ssh_options: Vec<String>,
    /// `deployment.privilegeEscalationCommand`: words before a command that needs root, such as `sudo -H --`.
    pub privilege_escalation_command: Vec<String>,
    /// `deployment.hasFastConnection`: the connection is not worth compressing.
    pub fast_connection: bool,
}

/// The protocol by which `nix copy` talks to a host.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Protocol {
    /// `ssh://`, spoken by `nix-store --serve` on the target: few round trips.
    #[default]
    #[serde(rename = "ssh")]
    Ssh,
    /// `ssh-ng://`, spoken by `nix-daemon --stdio` on the target.
    #[serde(rename = "ssh-ng")]
    SshNg,
}

impl fmt::Display for Protocol {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Ssh => "ssh",
            Self::SshNg => "ssh-ng",
        })
    }
}

impl FromStr for Protocol {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "ssh" => Ok(Self::Ssh),
            "ssh-ng" => Ok(Self::SshNg),
            _ => Err(format!(
                "unknown copy protocol `{text}`: it is `ssh` or `ssh-ng`"
            )),
        }
    }
}
