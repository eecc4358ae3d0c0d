use std::{borrow::Cow, process::ExitStatus};

use super::{Error, Result};

/// What a finished child left.
#[derive(Clone, Debug)]
pub struct Output {
    /// How it ended.
    pub status: ExitStatus,
    /// All that it wrote to its standard output.
    pub stdout: Vec<u8>,
    /// The end (at most 64 KiB) of what it wrote to its standard error.
    pub stderr: Vec<u8>,
    pub(super) label: String,
    pub(super) program: String,
    pub(super) command_line: String,
}

impl Output {
    /// Turns an exit status other than zero into [`Error::Failed`].
    pub fn checked(self) -> Result<Self> {
        if self.status.success() {
            Ok(self)
        } else {
            Err(self.into_error())
        }
    }

    /// The error that says how this child failed.
    pub fn into_error(self) -> Error {
        Error::Failed {
            stderr: self.stderr_text().into_owned(),
            label: self.label,
            program: self.program,
            command_line: self.command_line,
            status: self.status,
        }
    }

    /// Standard output as text.
    pub fn stdout_text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.stdout)
    }

    /// The end of standard error as text.
    pub fn stderr_text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.stderr)
    }
}
