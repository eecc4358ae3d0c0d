use camino::Utf8PathBuf;

use super::{ElevationFailure, Elevator, Failure, config::USUAL_PORT};
use crate::process;

/// Result of an operation on a host.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a host could not be reached, or did not do what was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// ssh did not get, or did not keep, a connection.
    #[error("{machine}: {failure} ({host}){}", detail(said))]
    Connection {
        /// The machine.
        machine: String,
        /// Its `targetHost`.
        host: String,
        /// Its `targetPort`.
        port: Option<u16>,
        /// What kind of failure it is.
        failure: Failure,
        /// What ssh wrote.
        said: String,
    },

    /// An element of `deployment.sshOptions` has no counterpart in an ssh configuration.
    #[error("{machine}: `{option}` in deployment.sshOptions cannot be used: {reason}")]
    SshOption {
        /// The machine.
        machine: String,
        /// The element.
        option: String,
        /// What is wrong with it.
        reason: &'static str,
    },

    /// A value that ssh cannot be told.
    #[error("{machine}: {what} `{value}` cannot be used: {reason}")]
    Value {
        /// The machine.
        machine: String,
        /// The option, as `deployment.targetHost`.
        what: &'static str,
        /// Its value.
        value: String,
        /// What is wrong with it.
        reason: &'static str,
    },

    /// Something that the machine's provider said of it cannot be used. It may be secret, so it is not shown.
    #[error("{machine}: what its provider says of `{what}` cannot be used: {reason}")]
    Provided {
        /// The machine.
        machine: String,
        /// The output, as `ssh.host`.
        what: &'static str,
        /// What is wrong with it.
        reason: &'static str,
    },

    /// The command by which a machine is reached did not reach it.
    #[error("{machine}: {failure} ({way}){}", detail(said))]
    Prefix {
        /// The machine.
        machine: String,
        /// The words before each command, or what is reached without any.
        way: String,
        /// What kind of failure it is.
        failure: Failure,
        /// What the command wrote.
        said: String,
    },

    /// The user cannot become root there.
    #[error(
        "{machine}: {user} cannot become root by `{by}`: {failure}{}",
        detail(said)
    )]
    Elevation {
        /// The machine.
        machine: String,
        /// The user.
        user: String,
        /// The words by which the user was to become root.
        by: String,
        /// Who they start, if that is known.
        elevator: Option<Elevator>,
        /// Why not.
        failure: ElevationFailure,
        /// What was said about it.
        said: String,
    },

    /// A command on the host failed.
    #[error("{machine}: {action} failed: {}", error.last_words())]
    Command {
        /// The machine.
        machine: String,
        /// What was to be done, as `setting the system profile`.
        action: String,
        /// The command by which it became root, if that was needed.
        escalation: Option<String>,
        /// How the command failed.
        #[source]
        error: Box<process::Error>,
    },

    /// An activation was lost out of sight, and the host was not reached again.
    #[error(
        "{machine}: how the activation ends is not known, since the host was not reached again: {source}"
    )]
    OutOfSight {
        /// The machine.
        machine: String,
        /// Whether the host goes back by itself.
        goes_back: bool,
        /// Where the host keeps what came of it.
        id: String,
        /// The last attempt.
        source: Box<Self>,
    },

    /// A host did not come back from a boot.
    #[error("{machine}: {}", no_return(*seconds, source.as_deref()))]
    NoReturn {
        /// The machine.
        machine: String,
        /// How long it was waited for.
        seconds: u64,
        /// The last attempt to reach it; none if it was reached, and had not been booted.
        source: Option<Box<Self>>,
    },

    /// There is no room for keys.
    #[error("{machine}: there is no room left for its keys: {said}")]
    NoRoom {
        /// The machine.
        machine: String,
        /// What the machine said.
        said: String,
    },

    /// The user's ssh configuration, or a file of ours, could not be read or made.
    #[error("cannot access {path}")]
    File {
        /// The file.
        path: Utf8PathBuf,
        /// What the operating system answered.
        #[source]
        source: std::io::Error,
    },

    /// A file that is to hold a password cannot be used.
    #[error("cannot read a password from {path}")]
    PasswordFile {
        /// The file.
        path: Utf8PathBuf,
        /// Why not.
        #[source]
        source: std::io::Error,
    },

    /// `ssh` could not be started, or the run was interrupted.
    #[error(transparent)]
    Process(#[from] process::Error),
}

impl Error {
    /// What the user can do about it.
    pub fn hint(&self) -> Option<String> {
        let (host, port, failure) = match self {
            Self::Connection {
                host,
                port,
                failure,
                ..
            } => (host, port, failure),
            Self::Command {
                escalation: Some(escalation),
                ..
            } => {
                return Some(elevation_hint(escalation));
            }
            Self::Elevation {
                user,
                elevator,
                failure,
                ..
            } => return Some(failure.hint(*elevator, user)),
            Self::PasswordFile { path, .. } => {
                return Some(format!(
                    "it must hold the password on its first line, and be yours alone: chmod 600 {path}"
                ));
            }
            Self::OutOfSight { goes_back, id, .. } => {
                let back = "the host goes back to what ran before by itself, since nobody confirmed the new system; ";
                let back = if *goes_back { back } else { "" };
                return Some(format!(
                    "{back}/run/nixops/activations/{id}/end says on the host what came of it, until it is booted"
                ));
            }
            Self::NoRoom { .. } => {
                return Some(
                    "nothing was written: the keys that were there are as they were; make room and send them again"
                        .to_owned(),
                );
            }
            Self::Prefix { .. } => {
                return Some(
                    "check that the machine is up, and that the command that its provider names works here"
                        .to_owned(),
                );
            }
            _ => return None,
        };
        Some(match failure {
            Failure::UnknownName => "check deployment.targetHost, or name the host in your ssh configuration".to_owned(),
            Failure::Refused => "check that sshd runs there, and deployment.targetPort".to_owned(),
            Failure::Unreachable | Failure::TimedOut => {
                "check that the machine is up and that a firewall lets ssh through".to_owned()
            }
            Failure::UnknownHostKey => {
                "connect once with ssh to check the key, or pass --accept-new-host-keys to trust keys on first sight".to_owned()
            }
            Failure::ChangedHostKey => format!(
                "if the machine was reinstalled, forget the old key with `ssh-keygen -R {}`; if not, somebody may be \
                 between you and it",
                known_as(host, *port)
            ),
            Failure::PermissionDenied => {
                "check deployment.targetUser and that your key is loaded (`ssh-add -l`) and authorized there".to_owned()
            }
            Failure::ForeignHostKey => {
                "if the machine was made anew, its provider must look at it again; if not, somebody may be between you \
                 and it"
                    .to_owned()
            }
            Failure::ProvidedKeyDenied => {
                "check that the user is right, and that the key was not removed from the machine".to_owned()
            }
            Failure::OpenKeyFile => "make the key file readable by you alone: chmod 600".to_owned(),
            Failure::Configuration => "check deployment.sshOptions and your ssh configuration".to_owned(),
            Failure::Lost => "deploy again: what has been done is not done twice".to_owned(),
            Failure::NoShell => "check that the user's login shell on the machine runs commands".to_owned(),
            Failure::Other => return None,
        })
    }

    /// What kind of failure kept us from the host, if one did.
    pub fn failure(&self) -> Option<Failure> {
        match self {
            Self::Connection { failure, .. } | Self::Prefix { failure, .. } => Some(*failure),
            _ => None,
        }
    }

    /// Tells whether it is not known what became of a command, since no answer came.
    pub(super) fn is_lost(&self) -> bool {
        match self {
            Self::Process(error) => error.is_timeout(),
            error => error.failure().is_some_and(Failure::is_transient),
        }
    }

    /// Tells whether the run was interrupted, which is no fault of the host.
    pub fn is_interrupted(&self) -> bool {
        match self {
            Self::Process(error) => error.is_interrupted(),
            Self::Command { error, .. } => error.is_interrupted(),
            Self::OutOfSight { source, .. } => source.is_interrupted(),
            _ => false,
        }
    }
}

/// What to look at where what root was to do failed.
pub(super) fn elevation_hint(escalation: &str) -> String {
    if escalation.is_empty() {
        "the user is not root, and deployment.elevation is none".to_owned()
    } else {
        format!("it became root by `{escalation}`, as deployment.elevation says")
    }
}

/// What is wrong with a host that was to boot.
fn no_return(seconds: u64, last: Option<&Error>) -> String {
    match last {
        None => format!("the host was not booted within {seconds} s, though it was told to"),
        Some(error) => format!("the host did not come back within {seconds} s: {error}"),
    }
}

/// The name under which ssh knows the key of a host, as a word for a shell.
fn known_as(host: &str, port: Option<u16>) -> String {
    let name = host.rsplit_once('@').map_or(host, |(_, name)| name);
    match port {
        None | Some(USUAL_PORT) => name.to_owned(),
        Some(port) => format!("'[{name}]:{port}'"),
    }
}

/// The last of what ssh wrote, on lines of its own.
fn detail(said: &str) -> String {
    const LINES: usize = 4;
    let lines: Vec<&str> = said
        .lines()
        .map(str::trim_end)
        .filter(|line| !line.is_empty())
        .collect();
    let last = &lines[lines.len().saturating_sub(LINES)..];
    last.iter().flat_map(|line| ["\n  ", line]).collect()
}

#[cfg(test)]
mod tests {
    use super::known_as;

    #[test]
    fn the_port_belongs_to_the_name_of_a_key_unless_it_is_the_usual_one() {
        assert_eq!(known_as("ada@web", Some(22)), "web");
        assert_eq!(known_as("10.0.0.1", Some(2222)), "'[10.0.0.1]:2222'");
    }
}
