use camino::Utf8PathBuf;

use super::Failure;
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

    /// A command on the host failed.
    #[error("{machine}: {action} failed: {}", last_line(error))]
    Command {
        /// The machine.
        machine: String,
        /// What was to be done, as `setting the system profile`.
        action: String,
        /// How the command failed.
        #[source]
        error: Box<process::Error>,
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

    /// `ssh` could not be started, or the run was interrupted.
    #[error(transparent)]
    Process(#[from] process::Error),
}

impl Error {
    /// What the user can do about it.
    pub fn hint(&self) -> Option<String> {
        let Self::Connection { host, failure, .. } = self else {
            return None;
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
                "if the machine was reinstalled, forget the old key with `ssh-keygen -R {host}`; if not, somebody may be \
                 between you and it"
            ),
            Failure::PermissionDenied => {
                "check deployment.targetUser and that your key is loaded (`ssh-add -l`) and authorized there".to_owned()
            }
            Failure::OpenKeyFile => "make the key file readable by you alone: chmod 600".to_owned(),
            Failure::Configuration => "check deployment.sshOptions and your ssh configuration".to_owned(),
            Failure::Lost => "deploy again: what has been done is not done twice".to_owned(),
            Failure::NoShell => "check that the user's login shell on the machine runs commands".to_owned(),
            Failure::Other => return None,
        })
    }

    /// Tells whether the run was interrupted, which is no fault of the host.
    pub fn is_interrupted(&self) -> bool {
        match self {
            Self::Process(error) => error.is_interrupted(),
            Self::Command { error, .. } => error.is_interrupted(),
            _ => false,
        }
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

/// What a failed command wrote last, or how it ended.
fn last_line(error: &process::Error) -> String {
    let last = error
        .stderr()
        .lines()
        .rev()
        .find(|line| !line.trim().is_empty());
    last.map_or_else(|| error.to_string(), |line| line.trim().to_owned())
}
