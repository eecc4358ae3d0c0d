use std::{io, process::ExitStatus, time::Duration};

/// Result of a process operation.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a child did not do its work.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The run was interrupted: the child was ended, or was never started.
    #[error("{label}: interrupted")]
    Interrupted {
        /// What the child was doing.
        label: String,
    },

    /// The program could not be started.
    #[error("{label}: cannot start {program}")]
    Spawn {
        /// What the child was to do.
        label: String,
        /// The program's name or path.
        program: String,
        /// What the operating system answered.
        #[source]
        source: io::Error,
    },

    /// The program ended with a status other than zero, or by a signal.
    #[error("{label}: {program} {}{}", describe(*status), tail_of(stderr))]
    Failed {
        /// What the child was doing.
        label: String,
        /// The program's name or path.
        program: String,
        /// The whole command line, without secrets.
        command_line: String,
        /// How it ended.
        status: ExitStatus,
        /// The end of what it wrote to its standard error.
        stderr: String,
    },

    /// The program did not end in time and was ended.
    #[error("{label}: {program} did not finish within {} s{}", after.as_secs(), tail_of(stderr))]
    TimedOut {
        /// What the child was doing.
        label: String,
        /// The program's name or path.
        program: String,
        /// The whole command line, without secrets.
        command_line: String,
        /// How long it was given.
        after: Duration,
        /// The end of what it wrote to its standard error.
        stderr: String,
    },

    /// A pipe to the child, or the wait for it, failed.
    #[error("{label}: lost touch with {program}")]
    Io {
        /// What the child was doing.
        label: String,
        /// The program's name or path.
        program: String,
        /// What the operating system answered.
        #[source]
        source: io::Error,
    },
}

impl Error {
    /// Tells whether the run was interrupted, which is no fault of the child.
    pub fn is_interrupted(&self) -> bool {
        matches!(self, Self::Interrupted { .. })
    }

    /// Tells whether the child was ended because it took too long.
    pub fn is_timeout(&self) -> bool {
        matches!(self, Self::TimedOut { .. })
    }

    /// The command line of the child that failed, for verbose output.
    pub fn command_line(&self) -> Option<&str> {
        match self {
            Self::Failed { command_line, .. } | Self::TimedOut { command_line, .. } => {
                Some(command_line)
            }
            _ => None,
        }
    }

    /// What the child wrote last, or how it ended if it wrote nothing.
    pub fn last_words(&self) -> String {
        let mut lines = self.stderr().lines().rev();
        match (lines.find(|line| !line.trim().is_empty()), self) {
            (Some(line), _) => line.trim().to_owned(),
            (None, Self::Failed { status, .. }) => status.to_string(),
            (None, other) => other.to_string(),
        }
    }

    /// The end of the child's standard error, as far as it is known.
    pub fn stderr(&self) -> &str {
        match self {
            Self::Failed { stderr, .. } | Self::TimedOut { stderr, .. } => stderr,
            _ => "",
        }
    }
}

/// Says how a child ended, as the end of a sentence.
fn describe(status: ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt as _;
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("ended with exit status {code}"),
        (None, Some(signal)) => format!("was ended by signal {signal}"),
        (None, None) => "ended abnormally".to_owned(),
    }
}

/// The last lines of a standard error, on lines of their own.
fn tail_of(stderr: &str) -> String {
    const LINES: usize = 10;
    let lines: Vec<&str> = stderr
        .lines()
        .filter(|line| !line.trim().is_empty())
        .collect();
    lines[lines.len().saturating_sub(LINES)..]
        .iter()
        .fold(String::new(), |mut text, line| {
            text.push_str("\n  ");
            text.push_str(line);
            text
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::process::ExitStatusExt as _;

    #[test]
    fn failure_names_program_status_and_the_end_of_stderr() {
        let error = Error::Failed {
            label: "copy web".into(),
            program: "nix".into(),
            command_line: "nix copy".into(),
            status: ExitStatus::from_raw(1 << 8),
            stderr: (0..30)
                .map(|n| format!("line {n}"))
                .collect::<Vec<_>>()
                .join("\n"),
        };
        let text = error.to_string();
        assert!(
            text.starts_with("copy web: nix ended with exit status 1\n  line 20\n"),
            "{text}"
        );
        assert!(text.ends_with("line 29"), "{text}");
    }

    #[test]
    fn death_by_signal_is_said_so() {
        assert_eq!(describe(ExitStatus::from_raw(9)), "was ended by signal 9");
    }
}
