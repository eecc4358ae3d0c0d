use std::{fmt, os::unix::process::ExitStatusExt as _, process::ExitStatus, time::Duration};

use nixops_plugin::protocol::{LARGEST_MESSAGE, NEWEST, OLDEST, RequestId};

/// Why a conversation with a provider is over: the provider ended, or broke the rules.
///
/// Written after the words "the provider PROGRAM".
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// It ended by itself.
    #[error("{}{}", Ended(*status), lines(stderr))]
    Ended {
        /// How it ended.
        status: ExitStatus,
        /// The last lines of its standard error.
        stderr: Vec<String>,
    },

    /// It closed its output.
    #[error("closed its standard output, but went on running")]
    ClosedOutput,

    /// It closed its input.
    #[error("closed its standard input, but went on running")]
    ClosedInput,

    /// It was silent, even when it was asked to give up.
    #[error("did not answer `{method}` within {} and was stopped{}", Seconds(*limit), lines(stderr))]
    Silent {
        /// What it was asked.
        method: String,
        /// How long it had.
        limit: Duration,
        /// The last lines of its standard error.
        stderr: Vec<String>,
    },

    /// It did not end when its input was closed.
    #[error("did not end within {} after its input was closed and was stopped", Seconds(*limit))]
    Stayed {
        /// How long it had.
        limit: Duration,
    },

    /// It answered what nobody asked, or answered twice.
    #[error("answered request {id}, which is not open")]
    UnknownRequest {
        /// Number in the answer.
        id: RequestId,
    },

    /// Its last line has no end.
    #[error("broke off after {bytes} bytes of a message{}", and_ended(*status))]
    HalfLine {
        /// How much of the line there is.
        bytes: usize,
        /// How it ended, if it did.
        status: Option<ExitStatus>,
    },

    /// A line is longer than a message may be.
    #[error("wrote a line longer than a message may be ({} MiB)", LARGEST_MESSAGE >> 20)]
    TooLong,

    /// A line is no text.
    #[error("wrote a line that is not UTF-8 (byte {at})")]
    NotUtf8 {
        /// Offset of the byte.
        at: usize,
    },

    /// A line is no JSON.
    #[error("wrote a line that is not JSON: {}{reason}", quoted(line.as_deref()))]
    NotJson {
        /// Begin of the line, unless it may hold secrets.
        line: Option<String>,
        /// What the parser says.
        reason: String,
    },

    /// A line is JSON, but no message.
    #[error("wrote a line that is no message: {reason}")]
    NoMessage {
        /// What is wrong with it.
        reason: String,
    },

    /// It asked something.
    #[error("sent the request `{method}`, but only NixOps asks")]
    Asked {
        /// What it asked.
        method: String,
    },

    /// It told something that the protocol does not have.
    #[error("sent the notification `{method}`, which the protocol does not have")]
    UnknownNotification {
        /// Name of the notification.
        method: String,
    },

    /// It told something that does not fit.
    #[error("sent a notification `{method}` that does not fit: {reason}")]
    Notification {
        /// Name of the notification.
        method: String,
        /// Path and reason.
        reason: String,
    },

    /// It could not read what NixOps wrote.
    #[error("could not read a request: {message}")]
    Misunderstood {
        /// What it says.
        message: String,
    },

    /// It wants to speak another version of the protocol.
    #[error("chose version {chosen} of the protocol, and NixOps speaks {}", ours())]
    Protocol {
        /// What it chose.
        chosen: u32,
    },

    /// What it says of itself is of no use.
    #[error("introduced itself wrongly: {reason}")]
    Welcome {
        /// Path and reason.
        reason: String,
    },

    /// A pipe broke in an unexpected way.
    #[error("cannot be read from: {reason}")]
    Pipe {
        /// What the operating system answered.
        reason: String,
    },

    /// NixOps itself ended the conversation.
    #[error("was closed")]
    Closed,
}

impl Fault {
    /// What the user can do about it.
    pub fn hint(&self) -> Option<&'static str> {
        Some(match self {
            Self::Closed | Self::Ended { .. } => return None,
            Self::Silent { .. } => {
                "what it waits for may stand in its log; if it only needs longer, give it more time"
            }
            Self::Protocol { chosen } if *chosen > NEWEST => {
                "update NixOps, or use an older plugin"
            }
            Self::Protocol { .. } => "update the plugin",
            Self::NotJson { line: Some(_), .. } => {
                "what a provider prints for people belongs to standard error: tell the plugin's authors"
            }
            _ => super::error::DEFECT,
        })
    }

    /// Whether the provider only ended, or did not, as it should.
    pub(crate) fn is_end(&self) -> bool {
        matches!(self, Self::Ended { .. } | Self::Stayed { .. })
    }

    /// Adds how the provider ended to a fault that leaves it open.
    pub(super) fn ended(self, status: ExitStatus, stderr: Vec<String>) -> Self {
        match self {
            Self::HalfLine { bytes, .. } => Self::HalfLine {
                bytes,
                status: Some(status),
            },
            Self::ClosedOutput | Self::ClosedInput => Self::Ended { status, stderr },
            other => other,
        }
    }
}

/// Writes how a process ended.
pub(super) struct Ended(pub ExitStatus);

impl fmt::Display for Ended {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.0.code(), self.0.signal()) {
            (Some(code), _) => write!(formatter, "ended with exit status {code}"),
            (None, Some(signal)) => write!(formatter, "was ended by signal {signal}"),
            (None, None) => formatter.write_str("ended abnormally"),
        }
    }
}

/// Writes a time limit.
pub(super) struct Seconds(pub Duration);

impl fmt::Display for Seconds {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.0.as_secs(), self.0.subsec_millis()) {
            (seconds, 0) => write!(formatter, "{seconds} s"),
            _ => write!(formatter, "{} ms", self.0.as_millis()),
        }
    }
}

fn and_ended(status: Option<ExitStatus>) -> String {
    status.map_or_else(String::new, |status| format!(" and {}", Ended(status)))
}

fn quoted(line: Option<&str>) -> String {
    line.map_or_else(String::new, |line| format!("`{line}`: "))
}

fn ours() -> String {
    if OLDEST == NEWEST {
        format!("version {NEWEST}")
    } else {
        format!("versions {OLDEST} to {NEWEST}")
    }
}

/// Writes lines of a standard error on lines of their own.
fn lines(stderr: &[String]) -> String {
    stderr.iter().flat_map(|line| ["\n  ", line]).collect()
}
