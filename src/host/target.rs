use std::fmt;

use nixops_plugin::protocol::{self, MachineOutputs};

use super::{Error, Result, Secret, check, config::USUAL_PORT};
use crate::network::MachineOptions;

/// How a machine is reached, and how one becomes root there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The machine's name in the network.
    pub machine: String,
    /// How commands get there.
    pub transport: Transport,
    /// `deployment.privilegeEscalationCommand`: words before a command that needs root, such as `sudo -H --`.
    pub privilege_escalation_command: Vec<String>,
}

/// How commands get to a machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Transport {
    /// Over ssh.
    Ssh(Ssh),
    /// By a program of the deployer: these words stand before those of a command, and no shell reads them.
    Prefix(Vec<String>),
    /// Nohow: the machine is the deployer itself.
    Local,
}

/// How ssh reaches a machine, in the words of its `deployment.*` options.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ssh {
    /// `deployment.targetHost`: a name that ssh knows, or an address.
    pub host: String,
    /// `deployment.targetPort`; none leaves it to the user's configuration.
    pub port: Option<u16>,
    /// `deployment.targetUser`; empty leaves it to ssh.
    pub user: String,
    /// `deployment.sshOptions`: words as on the command line of ssh.
    pub options: Vec<String>,
    /// `deployment.hasFastConnection`: the connection is not worth compressing; none leaves that to what was measured.
    pub fast_connection: Option<bool>,
    /// What the machine's provider lets us in with, and knows the machine by.
    pub keys: Keys,
}

/// Keys that come from the provider of a machine and hold for it alone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Keys {
    /// Lets us in; the user's own keys do if there is none.
    pub(super) private: Option<Secret>,
    /// Public keys of the host; where there are any, no other is trusted.
    pub(super) host: Vec<String>,
}

impl Target {
    /// A machine that is reached as its options say.
    pub fn plain(machine: &str, options: &MachineOptions) -> Self {
        // The usual port is nobody's choice: an alias of the user's may have another.
        let port = Some(options.target_port).filter(|port| *port != USUAL_PORT);
        let transport = Transport::Ssh(Ssh {
            host: options.target_host.clone(),
            port,
            user: options.target_user.clone(),
            options: options.ssh_options.clone(),
            fast_connection: options.has_fast_connection,
            keys: Keys::default(),
        });
        Self {
            machine: machine.to_owned(),
            transport,
            privilege_escalation_command: options.privilege_escalation_command.clone(),
        }
    }

    /// A machine that is the deployer itself, wherever its options say that it is.
    pub fn local(machine: &str, options: &MachineOptions) -> Self {
        Self {
            transport: Transport::Local,
            ..Self::plain(machine, options)
        }
    }

    /// A machine of which nothing is known but what its provider says: it was made, and never deployed.
    ///
    /// Nothing is known of how one becomes root there, so whoever logs in has to be.
    pub fn made(machine: &str, outputs: &MachineOutputs) -> Result<Self> {
        let bare = Self {
            machine: machine.to_owned(),
            transport: Transport::Ssh(Ssh {
                user: "root".to_owned(),
                ..Ssh::default()
            }),
            privilege_escalation_command: Vec::new(),
        };
        bare.with_outputs(outputs)
    }

    /// A machine that is reached as its provider says: over ssh if it says so, else by a command.
    ///
    /// A provider that says nothing leaves the word to the options, which also add what it does not say.
    pub fn provided(
        machine: &str,
        options: &MachineOptions,
        outputs: &MachineOutputs,
    ) -> Result<Self> {
        Self::plain(machine, options).with_outputs(outputs)
    }

    fn with_outputs(self, outputs: &MachineOutputs) -> Result<Self> {
        let machine = self.machine.clone();
        let refuse = |(what, reason)| Error::Provided {
            machine,
            what,
            reason,
        };
        let transport = match (&outputs.ssh, &outputs.command, self.transport.clone()) {
            (Some(said), _, Transport::Ssh(ssh)) => {
                Transport::Ssh(ssh.provided(said).map_err(refuse)?)
            }
            (_, Some(words), _) => {
                check::prefix(words).map_err(|reason| refuse(("command", reason)))?;
                Transport::Prefix(words.clone())
            }
            (_, None, transport) => transport,
        };
        Ok(Self { transport, ..self })
    }
}

impl Ssh {
    fn provided(
        self,
        said: &protocol::Ssh,
    ) -> std::result::Result<Self, (&'static str, &'static str)> {
        let about = |what| move |reason| (what, reason);
        check::provided_host(&said.host).map_err(about("ssh.host"))?;
        if let Some(user) = &said.user {
            check::provided_user(user).map_err(about("ssh.user"))?;
        }
        if let Some(key) = &said.private_key {
            check::private_key(key).map_err(about("ssh.privateKey"))?;
        }
        for key in &said.host_keys {
            check::host_key(key).map_err(about("ssh.hostKeys"))?;
        }
        Ok(Self {
            host: said.host.clone(),
            port: Some(said.port.unwrap_or(USUAL_PORT)),
            user: said.user.clone().unwrap_or(self.user),
            keys: Keys {
                private: said.private_key.clone().map(Secret::from),
                host: said.host_keys.clone(),
            },
            ..self
        })
    }
}

impl fmt::Display for Transport {
    /// Says what is reached: a host, what a command reaches, or where we are.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ssh(ssh) => formatter.write_str(&ssh.host),
            Self::Prefix(words) => write!(formatter, "`{}`", shell_words::join(words)),
            Self::Local => formatter.write_str("this computer"),
        }
    }
}

#[cfg(test)]
mod tests;
