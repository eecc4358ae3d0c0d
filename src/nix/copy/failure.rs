use std::{fmt, process::ExitStatus};

use crate::{nix, process};

/// Why a copy did not come to its end, as far as what Nix and ssh wrote tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CopyFailure {
    /// The disk of the target is full.
    NoSpace,
    /// The target has no Nix.
    NoNix,
    /// The connection broke.
    ConnectionLost,
    /// The user on the target may not add paths that nobody signed.
    Permission,
    /// The target's Nix is too old.
    OldNix,
    /// What the target says is nothing that Nix says.
    NotNix,
    /// Something else.
    Other,
}

/// A copy that failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CopyError {
    /// Nix reported a failure.
    #[error("{label}: {failure}{}", detail(said))]
    Failed {
        /// What the copy was for.
        label: String,
        /// What kind of failure it is.
        failure: CopyFailure,
        /// What Nix and ssh wrote.
        said: String,
        /// The command line.
        command_line: String,
    },
    /// The store here did not tell what the closures are.
    #[error(transparent)]
    Closure(#[from] nix::Error),
    /// Nix did not run.
    #[error(transparent)]
    Process(#[from] process::Error),
}

impl CopyError {
    /// What the user can do about it.
    pub fn hint(&self) -> Option<&'static str> {
        let Self::Failed { failure, .. } = self else {
            return None;
        };
        match failure {
            CopyFailure::NoSpace => {
                Some("make room on the target, for instance with `nix-collect-garbage -d` there")
            }
            CopyFailure::NoNix => {
                Some("the target must be a NixOS machine, or at least have Nix on its search path")
            }
            CopyFailure::ConnectionLost => {
                Some("deploy again: what has arrived is not copied twice")
            }
            CopyFailure::Permission => Some(
                "add the user to `nix.settings.trusted-users` of the target, or deploy as root",
            ),
            CopyFailure::OldNix => {
                Some("let `nix copy` do it, as root: `deployment.copyProtocol = \"ssh-ng\"`")
            }
            CopyFailure::NotNix => Some(
                "a start-up file of the shell there may write something: it must be silent where nobody reads",
            ),
            CopyFailure::Other => None,
        }
    }

    /// What kind of failure it is.
    pub fn failure(&self) -> CopyFailure {
        match self {
            Self::Failed { failure, .. } => *failure,
            Self::Closure(_) | Self::Process(_) => CopyFailure::Other,
        }
    }

    /// Tells whether the run was interrupted, which is no fault of the copy.
    pub fn is_interrupted(&self) -> bool {
        match self {
            Self::Process(error) | Self::Closure(nix::Error::Process(error)) => {
                error.is_interrupted()
            }
            _ => false,
        }
    }
}

impl fmt::Display for CopyFailure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::NoSpace => "no space is left on the target",
            Self::NoNix => "the target has no Nix",
            Self::ConnectionLost => "the connection was lost",
            Self::Permission => "the user on the target may not add unsigned store paths",
            Self::OldNix => "the Nix of the target is too old",
            Self::NotNix => "the target does not speak as Nix does",
            Self::Other => "copying failed",
        })
    }
}

/// Finds the kind of a failure in what was said, the surest signs first.
pub(super) fn classify(said: &str) -> CopyFailure {
    const SIGNS: [(CopyFailure, &[&str]); 4] = [
        (
            CopyFailure::NoSpace,
            &[
                "No space left on device",
                "database or disk is full",
                "Disk quota exceeded",
            ],
        ),
        (
            CopyFailure::NoNix,
            &[
                "nix-store: command not found",
                "nix-store: not found",
                "nix-daemon: command not found",
                "nix-daemon: not found",
                "Unknown command: nix-",
            ],
        ),
        (
            CopyFailure::Permission,
            &[
                "lacks a valid signature",
                "lacks a signature",
                "not privileged",
                "Permission denied",
                "Operation not permitted",
            ],
        ),
        (
            CopyFailure::ConnectionLost,
            &[
                "Connection closed",
                "Connection reset",
                "Broken pipe",
                "Connection timed out",
                "Timeout, server",
                "client_loop: send disconnect",
                "unexpected end-of-file",
                "mux_client",
                "Connection refused",
                "cannot connect to",
                "failed to start SSH connection",
            ],
        ),
    ];
    let found = SIGNS
        .iter()
        .find(|(_, signs)| signs.iter().any(|sign| said.contains(sign)));
    found.map_or(CopyFailure::Other, |(failure, _)| *failure)
}

/// Finds the kind of a failure of a command on the target in how it ended and in what was said.
pub(super) fn classify_ended(status: ExitStatus, said: &str) -> CopyFailure {
    // As shells report what a signal ended: here the one that kills, and the one that asks to terminate.
    const KILLED: [i32; 2] = [128 + 9, 128 + 15];
    const NO_PROGRAM: i32 = 127;
    // Of ssh itself, which may not say more; no program of Nix ends so.
    const SSH_FAILED: i32 = 255;
    match (classify(said), status.code()) {
        (CopyFailure::NoSpace, _) => CopyFailure::NoSpace,
        (_, None) | (CopyFailure::Other, Some(SSH_FAILED)) => CopyFailure::ConnectionLost,
        (_, Some(code)) if KILLED.contains(&code) => CopyFailure::ConnectionLost,
        (_, Some(NO_PROGRAM)) => CopyFailure::NoNix,
        (failure, Some(_)) => failure,
    }
}

/// The last of what was said, on lines of its own.
fn detail(said: &str) -> String {
    const LINES: usize = 6;
    let lines: Vec<&str> = said
        .lines()
        .filter(|line| !line.trim().is_empty())
        .collect();
    let last = &lines[lines.len().saturating_sub(LINES)..];
    last.iter().flat_map(|line| ["\n  ", line]).collect()
}
