//! What Nix says while it works, in the form of `--log-format internal-json`.
//!
//! Each line is `@nix ` and a JSON object. Activities (a build, a copy, a download) have a number;
//! they *start*, report *results* (progress, a line of a build log, a phase) and *stop*. Messages
//! stand on their own; an error carries its position and trace as data beside the text.
//!
//! The format is Nix's own affair and grows with its versions, so nothing unknown is an error:
//! unknown kinds keep their number, and a line that cannot be understood comes out as plain text,
//! which is also what builders and programs started by Nix print among these lines.
//!
//! Described by Nix's `src/libutil/logging.{hh,cc}`.

mod ansi;
mod kind;
mod position;

use serde::{Deserialize, Serialize};

pub use ansi::strip_ansi;
pub use kind::{ActivityType, ResultType, VerbosityLevel};
pub use position::Position;

/// What stands at the beginning of every line that is a message.
pub const AT_NIX_PREFIX: &str = "@nix ";

/// A line of standard error.
#[derive(Debug, Clone, PartialEq)]
pub enum Line<'a> {
    /// A message of Nix.
    Message(LogMessage),
    /// Anything else, as it stands.
    Text(&'a str),
}

/// Reads one line, without its line break.
pub fn parse_line(line: &str) -> Line<'_> {
    LogMessage::from_json_str(line).map_or(Line::Text(line), Line::Message)
}

/// A message of Nix.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "camelCase")]
pub enum LogMessage {
    /// An activity begins.
    Start {
        /// The activity's number, unique in this process.
        id: u64,
        /// How much a user must want to know to be told.
        level: VerbosityLevel,
        /// What kind of work it is.
        #[serde(rename = "type")]
        typ: ActivityType,
        /// The activity in words, such as `copying 3 paths`; often empty.
        #[serde(default)]
        text: String,
        /// The activity's particulars, such as the derivation that is built.
        #[serde(default)]
        fields: Vec<Field>,
        /// The activity that this one is a part of; 0 is none.
        #[serde(default)]
        parent: u64,
    },
    /// An activity ends, well or not.
    Stop {
        /// The activity's number.
        id: u64,
    },
    /// An activity reports.
    Result {
        /// The activity's number.
        id: u64,
        /// What is reported.
        #[serde(rename = "type")]
        typ: ResultType,
        /// The report.
        #[serde(default)]
        fields: Vec<Field>,
    },
    /// Nix tells something, or fails.
    Msg(Message),
    /// A builder of the standard environment entered a phase.
    SetPhase {
        /// The phase, such as `buildPhase`.
        phase: String,
    },
}

/// The text of a message and, if it is an error, where it comes from.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// How much a user must want to know to be told.
    pub level: VerbosityLevel,
    /// The message as a user would see it, coloured, and with position and trace if it is an error.
    #[serde(default)]
    pub msg: String,
    /// An error's own words, without position and trace, but coloured too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub raw_msg: Option<String>,
    /// Where the error is.
    #[serde(flatten)]
    pub position: Position,
    /// How evaluation came there, the innermost step first; empty without `--show-trace`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub trace: Vec<Trace>,
}

/// A step of the way to an error.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Trace {
    /// What was being done, such as `while evaluating the attribute 'x'`; coloured.
    #[serde(default)]
    pub raw_msg: String,
    /// Where that was.
    #[serde(flatten)]
    pub position: Position,
}

/// A particular of an activity or a report.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Field {
    /// A number or, in some reports, a truth value.
    Int(u64),
    /// A text, such as a store path.
    String(String),
    /// What versions of Nix to come may send.
    Other(serde_json::Value),
}

/// Says why a line is not a message.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The line does not begin with [`AT_NIX_PREFIX`].
    #[error("no '@nix ' at the beginning of the line")]
    NoPrefix,
    /// What follows is not a message that is known here.
    #[error("not a message of Nix")]
    Json(#[from] serde_json::Error),
}

impl LogMessage {
    /// Reads a line that must be a message.
    pub fn from_json_str(line: &str) -> Result<Self, Error> {
        let json = line.strip_prefix(AT_NIX_PREFIX).ok_or(Error::NoPrefix)?;
        Ok(serde_json::from_str(json)?)
    }

    /// Writes the line, without a line break.
    pub fn to_json_str(&self) -> Result<String, Error> {
        Ok(format!("{AT_NIX_PREFIX}{}", serde_json::to_string(self)?))
    }
}

impl Field {
    /// Gives the number, if it is one.
    pub fn as_u64(&self) -> Option<u64> {
        match self {
            Self::Int(number) => Some(*number),
            _ => None,
        }
    }

    /// Gives the text, if it is one.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }
}
