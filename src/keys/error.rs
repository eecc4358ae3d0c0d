use camino::Utf8PathBuf;

use crate::evaluator::OutputRef;
use crate::process;

/// Result of an operation on keys.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a key of a machine cannot be sent. No variant has its content.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file cannot be read.
    #[error("{machine}: cannot read {file}, which is {option}: {source}")]
    File {
        /// The machine.
        machine: String,
        /// The option, as `deployment.keys.token.keyFile`.
        option: String,
        /// The file.
        file: Utf8PathBuf,
        /// A file beside it whose name is nearly the same.
        near: Option<Utf8PathBuf>,
        /// What the operating system answered.
        source: std::io::Error,
    },

    /// A content is too long to be a key.
    #[error("{machine}: {option} gives more than {} MB, which is no key", limit >> 20)]
    TooLong {
        /// The machine.
        machine: String,
        /// The option.
        option: String,
        /// How many bytes a key may have.
        limit: u64,
    },

    /// A command failed.
    #[error("{machine}: `{command}`, which is {option}, {}", how(error))]
    Command {
        /// The machine.
        machine: String,
        /// The option.
        option: String,
        /// The program and its arguments.
        command: String,
        /// How it failed.
        #[source]
        error: Box<process::Error>,
    },

    /// A text has an output in it of which no value is known.
    #[error("{machine}: {option} needs `{output}`, which is not known")]
    Output {
        /// The machine.
        machine: String,
        /// The option.
        option: String,
        /// The output.
        output: Box<OutputRef>,
    },

    /// An option has a value with which the key cannot be sent.
    #[error("{machine}: {option} cannot be {value}: {reason}")]
    Value {
        /// The machine.
        machine: String,
        /// The option.
        option: String,
        /// Its value; of a text not itself.
        value: String,
        /// What is wrong with it.
        reason: &'static str,
    },
}

impl Error {
    /// What the user can do about it.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::File {
                near: Some(near), ..
            } => format!("there is {near}"),
            Self::File { source, .. } => match source.kind() {
                std::io::ErrorKind::PermissionDenied => {
                    "it is read here, by you: make it readable for you".to_owned()
                }
                _ => "it is read here, on the deployer, and not on the machine".to_owned(),
            },
            Self::Command { command, .. } => {
                format!("it is run here, on the deployer: try `{command}` in a terminal")
            }
            Self::Output { .. } => "`nixops deploy` makes the resource".to_owned(),
            Self::TooLong { .. } | Self::Value { .. } => return None,
        })
    }

    /// Tells whether the run was interrupted, which is nobody's fault.
    pub fn is_interrupted(&self) -> bool {
        matches!(self, Self::Command { error, .. } if error.is_interrupted())
    }
}

/// How a command ended, as the end of a sentence.
fn how(error: &process::Error) -> String {
    match error {
        process::Error::Spawn { source, .. } => format!("cannot be started: {source}"),
        process::Error::Interrupted { .. } => "was interrupted".to_owned(),
        other => format!("failed: {}", other.last_words()),
    }
}
