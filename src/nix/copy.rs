use std::{collections::HashMap, fmt};

use camino::{Utf8Path, Utf8PathBuf};
use nix_compat::log::{
    ActivityType, Field, Line, LogMessage, ResultType, VerbosityLevel, parse_line, strip_ansi,
};

use super::{Nix, Program};
use crate::process::{self, Call, Processes, Stream};

/// A copy of closures to another store.
#[derive(Clone, Debug)]
pub struct Copy<'a> {
    /// What the copy is for, in the user's words, e.g. `copy web`.
    pub label: String,
    /// URL of the store, as [`Host::store_url`](crate::host::Host::store_url) gives it.
    pub store_url: String,
    /// Configuration that `ssh` is to use; its path must not hold blanks, since Nix splits `NIX_SSHOPTS` at them.
    pub ssh_config: Option<&'a Utf8Path>,
    /// Store paths whose closures are copied.
    pub paths: &'a [Utf8PathBuf],
    /// Lets the other side fetch from its own substituters what they have.
    pub substitute_on_destination: bool,
}

/// How far a copy is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CopyProgress {
    /// Bytes copied so far; Nix 2.8 does not tell.
    pub bytes: u64,
    /// Bytes to copy in all, as far as Nix knows; 0 as long as it does not.
    pub bytes_expected: u64,
    /// Store paths copied so far.
    pub paths: u64,
    /// Store paths to copy in all.
    pub paths_expected: u64,
}

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
            CopyFailure::Other => None,
        }
    }

    /// What kind of failure it is.
    pub fn failure(&self) -> CopyFailure {
        match self {
            Self::Failed { failure, .. } => *failure,
            Self::Process(_) => CopyFailure::Other,
        }
    }

    /// Tells whether the run was interrupted, which is no fault of the copy.
    pub fn is_interrupted(&self) -> bool {
        matches!(self, Self::Process(error) if error.is_interrupted())
    }
}

impl fmt::Display for CopyFailure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::NoSpace => "no space is left on the target",
            Self::NoNix => "the target has no Nix",
            Self::ConnectionLost => "the connection was lost",
            Self::Permission => "the user on the target may not add unsigned store paths",
            Self::Other => "copying failed",
        })
    }
}

impl Nix {
    /// Copies closures to the store of another machine, telling `progress` how far it is.
    pub fn copy(
        &self,
        processes: &Processes,
        copy: &Copy,
        progress: &mut dyn FnMut(CopyProgress),
    ) -> Result<(), CopyError> {
        let mut command = self.command(Program::Nix);
        command.args([
            "copy",
            "--log-format",
            "internal-json",
            "--no-check-sigs",
            "--to",
            &copy.store_url,
        ]);
        if copy.substitute_on_destination {
            command.arg("--substitute-on-destination");
        }
        if let Some(config) = copy.ssh_config {
            command.env("NIX_SSHOPTS", format!("-F {config}"));
        }
        command.args(copy.paths);
        let mut watch = Watch::default();
        let mut lines = |stream, line: &str| {
            if stream == Stream::Stderr && watch.line(line) {
                progress(watch.progress());
            }
        };
        let output = Call::new(copy.label.clone())
            .lines(&mut lines)
            .run(processes, &mut command)?;
        if output.status.success() {
            return Ok(());
        }
        let said = watch.said.join("\n");
        Err(CopyError::Failed {
            label: copy.label.clone(),
            failure: classify(&said),
            said,
            command_line: process::command_line(&command),
        })
    }
}

/// Reads what `nix copy` says.
#[derive(Debug, Default)]
struct Watch {
    /// Bytes of the running copies of single paths.
    running: HashMap<u64, u64>,
    /// Bytes of those that ended.
    finished: u64,
    bytes_expected: u64,
    /// The activity that counts paths.
    paths_activity: Option<u64>,
    /// Paths done, as Nix counts them.
    paths: u64,
    /// Paths done, as we count them.
    paths_ended: u64,
    paths_expected: u64,
    said: Vec<String>,
}

impl Watch {
    /// Takes a line; tells whether there is progress to show.
    fn line(&mut self, line: &str) -> bool {
        match parse_line(line) {
            Line::Message(message) => self.message(message),
            Line::Text(text) => {
                self.said.push(text.to_owned());
                false
            }
        }
    }

    fn message(&mut self, message: LogMessage) -> bool {
        match message {
            LogMessage::Start {
                id,
                typ: ActivityType::CopyPath,
                ..
            } => self.running.insert(id, 0).is_none(),
            LogMessage::Start {
                id,
                typ: ActivityType::CopyPaths,
                text,
                ..
            } => {
                self.paths_activity = Some(id);
                // Nix 2.8 reports no progress, but says here how much there is to do: "copying 3 paths".
                let counted = text.split(' ').find_map(|word| word.parse().ok());
                self.paths_expected = counted.unwrap_or(self.paths_expected);
                counted.is_some()
            }
            LogMessage::Result {
                id,
                typ: ResultType::Progress,
                fields,
            } => self.advance(id, &fields),
            LogMessage::Result {
                typ: ResultType::SetExpected,
                fields,
                ..
            } => self.expect(&fields),
            LogMessage::Stop { id } => {
                let Some(bytes) = self.running.remove(&id) else {
                    return false;
                };
                self.finished += bytes;
                self.paths_ended += 1;
                true
            }
            LogMessage::Msg(message)
                if matches!(message.level, VerbosityLevel::Error | VerbosityLevel::Warn) =>
            {
                self.said.push(strip_ansi(&message.msg).trim().to_owned());
                false
            }
            _ => false,
        }
    }

    fn advance(&mut self, id: u64, fields: &[Field]) -> bool {
        let (done, expected) = (number(fields, 0), number(fields, 1));
        if let Some(bytes) = self.running.get_mut(&id) {
            *bytes = done;
        } else if self.paths_activity == Some(id) {
            (self.paths, self.paths_expected) = (done, expected);
        } else {
            return false;
        }
        true
    }

    fn expect(&mut self, fields: &[Field]) -> bool {
        let about_bytes = number(fields, 0) == u64::from(ActivityType::CopyPath);
        if about_bytes {
            self.bytes_expected = number(fields, 1);
        }
        about_bytes
    }

    fn progress(&self) -> CopyProgress {
        CopyProgress {
            bytes: self.finished + self.running.values().sum::<u64>(),
            bytes_expected: self.bytes_expected,
            paths: self.paths.max(self.paths_ended),
            paths_expected: self.paths_expected,
        }
    }
}

fn number(fields: &[Field], index: usize) -> u64 {
    fields
        .get(index)
        .and_then(Field::as_u64)
        .unwrap_or_default()
}

/// Finds the kind of a failure in what was said, the surest signs first.
fn classify(said: &str) -> CopyFailure {
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

/// The last of what was said, on lines of its own.
fn detail(said: &str) -> String {
    const LINES: usize = 6;
    let lines: Vec<&str> = said
        .lines()
        .filter(|line| !line.trim().is_empty())
        .collect();
    let last = &lines[lines.len().saturating_sub(LINES)..];
    last.iter().map(|line| format!("\n  {line}")).collect()
}

#[cfg(test)]
mod tests;
