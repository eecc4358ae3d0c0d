//! Why a shared state cannot be used.

use std::{collections::BTreeMap, fmt, io};

use camino::Utf8PathBuf;

use super::{Serial, Serials};
use crate::{
    process,
    state::{self, Holder},
};

/// Why a shared state cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The place is none.
    #[error("the state cannot be shared in `{text}`: {reason}")]
    Location {
        /// What the network says.
        text: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The directory, or the way to it, does not work.
    #[error("cannot {action} the shared state in {location}{}", detail(said))]
    Refused {
        /// What was to be done.
        action: &'static str,
        /// Where.
        location: String,
        /// Whether ssh itself failed, so that nobody answered.
        unreachable: bool,
        /// What the other side, or ssh, wrote.
        said: String,
    },
    /// What came back makes no sense: something there speaks before we do.
    #[error("{location} answered {answer:?}, which is not what was asked for")]
    Answer {
        /// Where.
        location: String,
        /// The first line of it.
        answer: String,
    },
    /// Somebody else works with it.
    #[error("another run works on the state in {location}: {holder}{}", gone(*ended))]
    Held {
        /// Where.
        location: String,
        /// Who does.
        holder: Box<Holder>,
        /// Whether it is of this computer and does not run any more.
        ended: bool,
    },
    /// The lock was taken away meanwhile.
    #[error("the lock of the state in {location} was taken away while this run worked{}", by(holder.as_deref()))]
    LockLost {
        /// Where.
        location: String,
        /// Who has it now, if anybody.
        holder: Option<Box<Holder>>,
    },
    /// Others changed it, and so did we.
    #[error("the state in {} and the copy in {} were both changed:{}", .0.location, .0.copy, differences(.0))]
    Conflict(Box<Conflict>),
    /// There was one, and there is none.
    #[error(
        "the state in {location} is gone: the copy in {copy} was made of a file `state.age`, and there is none now"
    )]
    Vanished {
        /// Where.
        location: String,
        /// The copy here.
        copy: Utf8PathBuf,
    },
    /// The copy here cannot be read or written.
    #[error("cannot {action} {path}, which belongs to the copy of a shared state")]
    Copy {
        /// What was to be done.
        action: &'static str,
        /// The file.
        path: Utf8PathBuf,
        /// Why it could not.
        source: io::Error,
    },
    /// What is there cannot be decrypted, or nothing can be encrypted for it.
    #[error("cannot {action} the shared state in {location}")]
    Sealed {
        /// What was to be done.
        action: &'static str,
        /// Where.
        location: String,
        /// Why it could not.
        source: Box<state::Error>,
    },
    /// The program that leads there could not be started, or the run was interrupted.
    #[error(transparent)]
    Process(#[from] process::Error),
}

/// What two states that grew apart have.
#[derive(Debug)]
pub struct Conflict {
    /// Where the shared one is.
    pub location: String,
    /// The file of the copy here.
    pub copy: Utf8PathBuf,
    /// What both had once.
    pub base: Serials,
    /// What the copy has.
    pub here: Serials,
    /// What the shared one has.
    pub there: Serials,
}

impl Error {
    /// What to do about it.
    pub fn hint(&self) -> Option<&'static str> {
        Some(match self {
            Self::Location { .. } => {
                "as in network.storage.file.location = \"/srv/nixops\", or \"ssh://ops@host/srv/nixops\""
            }
            Self::Refused {
                unreachable: true, ..
            } => "it is reached as `ssh` reaches it: check that it answers without a password",
            Self::Refused { .. } => {
                "the directory must be there, and everybody who shares the state must be able to write into it"
            }
            Self::Answer { .. } => {
                "a login shell there writes something of its own; it must not where nobody reads"
            }
            Self::Held { ended: true, .. } => {
                "that run was killed: `nixops unlock` takes its lock away; what it did is in the copy of who ran it, and \
                 goes to the shared state with the next run there"
            }
            Self::Held { .. } => {
                "wait for it to end (`--wait-lock` does); if it was killed, `nixops unlock` takes its lock away"
            }
            Self::LockLost { .. } => {
                "what this run did is in the copy here, and goes to the shared state with the next run unless others have \
                 changed it by then"
            }
            Self::Conflict(_) => {
                "neither was changed; to go on with the shared one, move the copy away. What only the copy has, such as \
                 resources that were made, `nixops export --state` shows"
            }
            Self::Vanished { .. } => {
                "put it back from a backup (`state.age.before` is the one before the last), or move the copy here away to \
                 begin anew"
            }
            Self::Sealed { source, .. } => return source.hint(),
            Self::Copy { .. } | Self::Process(_) => return None,
        })
    }

    /// Whether the run was interrupted.
    pub fn is_interrupted(&self) -> bool {
        matches!(self, Self::Process(error) if error.is_interrupted())
    }
}

/// The last of what was written, on lines of its own.
fn detail(said: &str) -> String {
    const LINES: usize = 4;
    let lines: Vec<_> = said
        .lines()
        .filter(|line| !line.trim().is_empty())
        .collect();
    let last = &lines[lines.len().saturating_sub(LINES)..];
    last.iter()
        .flat_map(|line| ["\n  ", line.trim_end()])
        .collect()
}

fn gone(ended: bool) -> &'static str {
    if ended {
        ", but there is no such process on this computer"
    } else {
        ""
    }
}

fn by(holder: Option<&Holder>) -> String {
    holder.map_or_else(String::new, |holder| format!(": {holder}"))
}

/// A line for each deployment that one of two states changed.
fn differences(conflict: &Conflict) -> String {
    let Conflict {
        base, here, there, ..
    } = conflict;
    let all: BTreeMap<_, _> = [base, there, here].into_iter().flatten().collect();
    let line = |(uuid, known): (&String, &Serial)| {
        let [was, here, there] = [base, here, there].map(|serials| Changes(serials.get(uuid)));
        let name = &known.name;
        (was != here || was != there)
            .then(|| format!("\n  {name}: {here} here, {there} there, {was} before"))
    };
    all.into_iter().filter_map(line).collect()
}

/// How often a deployment was changed.
#[derive(PartialEq)]
struct Changes<'a>(Option<&'a Serial>);

impl fmt::Display for Changes<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(known) => write!(formatter, "serial {}", known.serial),
            None => formatter.write_str("absent"),
        }
    }
}
