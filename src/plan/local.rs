//! Which machine of a network a computer is, by its host name.

use std::collections::BTreeMap;

use thiserror::Error;

use super::suggestion::nearest;
use crate::network::MachineOptions;

/// Why it is not clear which machine a computer is, or why it may not be made one.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum LocalError {
    /// No machine has its host name.
    #[error("no machine is called {host}, as this computer is")]
    Nobody {
        /// The host name of the computer.
        host: String,
        /// All names of the network.
        machines: Vec<String>,
    },
    /// Several machines have its host name.
    #[error("{} have the host name {host}, as this computer has", .machines.join(" and "))]
    Several {
        /// The host name of the computer.
        host: String,
        /// The machines.
        machines: Vec<String>,
    },
    /// Several machines were named.
    #[error("{pattern} means {}, and this computer can be one machine only", .machines.join(", "))]
    Ambiguous {
        /// What was typed.
        pattern: String,
        /// The machines.
        machines: Vec<String>,
    },
    /// The network does not say that the machine may deploy itself.
    #[error(
        "{machine} may not be deployed to this computer: its deployment.allowLocalDeployment is false"
    )]
    NotAllowed {
        /// The machine.
        machine: String,
    },
}

impl LocalError {
    /// What the user can do about it.
    pub fn hint(&self) -> Option<String> {
        let name_it =
            |machine: &str| format!("name the one that it is: nixops apply-local {machine}");
        match self {
            Self::Nobody { host, machines } => {
                let meant = nearest(host, machines.iter().map(String::as_str));
                let hint = name_it(meant.unwrap_or("MACHINE"));
                Some(match machines.as_slice() {
                    [] => "the network has no machines".to_owned(),
                    machines => format!("{hint}; the machines are {}", machines.join(", ")),
                })
            }
            Self::Several { machines, .. } => machines.first().map(|first| name_it(first)),
            Self::Ambiguous { .. } => None,
            Self::NotAllowed { machine } => Some(format!(
                "set `deployment.allowLocalDeployment = true` if this computer is {machine}; over SSH it is \
                 `nixops deploy --on {machine}`"
            )),
        }
    }
}

/// Whether a name is a computer's host name, which may have its domain behind it.
fn is_name_of(host: &str, name: &str) -> bool {
    name == host || host.split('.').next() == Some(name)
}

/// The machine that is called as a computer is.
pub fn named_as<'a>(host: &str, machines: &'a [String]) -> Option<&'a String> {
    machines.iter().find(|name| is_name_of(host, name))
}

/// The machine whose `networking.hostName` a computer has, where none is called so.
pub fn with_host_name(
    host: &str,
    all: &BTreeMap<String, MachineOptions>,
) -> Result<String, LocalError> {
    let machines = all
        .iter()
        .filter(|(_, options)| is_name_of(host, &options.host_name));
    let mut machines: Vec<String> = machines.map(|(name, _)| name.clone()).collect();
    let host = host.to_owned();
    match machines.len() {
        1 => Ok(machines.remove(0)),
        0 => Err(LocalError::Nobody {
            host,
            machines: all.keys().cloned().collect(),
        }),
        _ => Err(LocalError::Several { host, machines }),
    }
}

/// Whether a computer has the name of a machine, or the host name that it is to have.
pub fn is_called(host: &str, machine: &str, options: &MachineOptions) -> bool {
    is_name_of(host, machine) || is_name_of(host, &options.host_name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(host_name: &str) -> MachineOptions {
        serde_json::from_value(serde_json::json!({
            "targetEnv": "none", "targetHost": "web", "targetPort": 22, "targetUser": "root",
            "sshOptions": [], "privilegeEscalationCommand": [], "alwaysActivate": false,
            "owners": [], "keys": {}, "hasFastConnection": false, "provisionSSHKey": false,
            "nixosRelease": "26.05", "publicIPv4": null, "tags": [], "buildOnTarget": false,
            "substituteOnDestination": false, "copyProtocol": "ssh", "hostName": host_name,
        }))
        .unwrap()
    }

    fn all(names: &[(&str, &str)]) -> BTreeMap<String, MachineOptions> {
        let machine = |(name, host): &(&str, &str)| ((*name).to_owned(), options(host));
        names.iter().map(machine).collect()
    }

    #[test]
    fn a_machine_is_found_by_its_name_with_or_without_a_domain() {
        let names = ["db", "web"].map(str::to_owned);
        assert_eq!(named_as("web", &names), Some(&names[1]));
        assert_eq!(named_as("web.example.org", &names), Some(&names[1]));
        assert_eq!(named_as("webs", &names), None);
        assert!(is_called("desk", "web", &options("desk")));
        assert!(!is_called("desk", "web", &options("web")));
    }

    #[test]
    fn a_host_name_that_one_machine_has_tells_which_it_is() {
        let network = all(&[("mine", "desk"), ("web", "web")]);
        assert_eq!(with_host_name("desk", &network).unwrap(), "mine");
        let nobody = with_host_name("wbe", &network).unwrap_err();
        assert_eq!(
            nobody.to_string(),
            "no machine is called wbe, as this computer is"
        );
        assert_eq!(
            nobody.hint().unwrap(),
            "name the one that it is: nixops apply-local web; the machines are mine, web"
        );
        let two = with_host_name("desk", &all(&[("a", "desk"), ("b", "desk")])).unwrap_err();
        assert_eq!(
            two.to_string(),
            "a and b have the host name desk, as this computer has"
        );
    }
}
