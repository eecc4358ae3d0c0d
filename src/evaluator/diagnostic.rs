//! Errors of an evaluation in the user's words.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A place in the user's Nix source.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub struct Position {
    /// Path of the file as the user knows it.
    pub file: String,
    /// Line, from 1.
    pub line: u32,
    /// Column, from 1.
    pub column: u32,
}

impl fmt::Display for Position {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}:{}", self.file, self.line, self.column)
    }
}

/// An error that Nix reported.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub struct Diagnostic {
    /// What Nix says, without its trace.
    pub message: String,
    /// The innermost place in the user's source that Nix names, if there is one.
    pub position: Option<Position>,
    /// What to do about it.
    pub hint: Option<String>,
    /// Nix's own trace, outermost first; shown with `--show-trace` only.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub trace: Vec<String>,
}

impl Diagnostic {
    /// What is wrong and what to do about it, where there is no place in a source.
    pub fn new(message: impl Into<String>, hint: Option<String>) -> Self {
        Self {
            message: message.into(),
            position: None,
            hint,
            trace: Vec::new(),
        }
    }

    /// The same in the name of a machine or resource.
    #[must_use]
    pub fn of(self, name: &str) -> Self {
        Self {
            message: format!("{name}: {}", self.message),
            ..self
        }
    }
}
