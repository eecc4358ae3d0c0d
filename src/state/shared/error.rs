//! Why a shared state cannot be used.

use std::{fmt, io};

use camino::Utf8PathBuf;

use super::copy::Serials;
use crate::{process, state::Holder};

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
    #[error("another run works on the state in {location}: {holder}{}", ended(*ended))]
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
    #[error("the state in {location} and its copy here were both changed:{}", differences(&.0.base, &.0.here, &.0.there), location = .0.location)]
    Conflict(Box<Conflict>),
    /// There was one, and there is none.
    #[error("the state in {location} is gone: this computer has used one there, and there is no file `state.age` now")]
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
    let lines: Vec<_> = said.lines().filter(|line| !line.trim().is_empty()).collect();
    let last = &lines[lines.len().saturating_sub(LINES)..];
    last.iter().flat_map(|line| ["\n  ", line.trim_end()]).collect()
}

fn ended(ended: bool) -> &'static str {
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
fn differences(base: &Serials, here: &Serials, there: &Serials) -> String {
    let of = |serials: &Serials, uuid: &str| serials.get(uuid).map(|deployment| deployment.serial);
    let mut text = String::new();
    for (uuid, known) in base.iter().chain(here.iter()).chain(there.iter()).collect::<Serials>().iter() {
        let serials = [base, here, there].map(|serials| of(serials, uuid));
        if serials.iter().any(|serial| *serial != serials[0]) {
            let [was, here, there] = serials.map(Changes);
            let name = known.name.as_deref().unwrap_or(uuid);
            text.push_str(&format!("\n  {name}: {here} here, {there} there, {was} before"));
        }
    }
    text
}

/// How often a deployment was changed.
struct Changes(Option<u64>);

impl fmt::Display for Changes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(serial) => write!(formatter, "serial {serial}"),
            None => formatter.write_str("absent"),
        }
    }
}
