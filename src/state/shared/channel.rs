//! The way to a shared state: our script runs where the directory is, here or at the other end of ssh.

use std::{process::Command, time::Duration};

use camino::Utf8PathBuf;

use super::{Error, Location, ticket::Ticket};
use crate::process::{Output, Processes};

/// What is run where the directory is.
const SCRIPT: &str = include_str!("remote.sh");

/// The exit status of ssh when the connection, not the command, is at fault.
const SSH_FAILED: i32 = 255;

/// The way to the directory of a shared state.
#[derive(Clone, Debug)]
pub(super) struct Channel {
    pub location: Location,
    /// The user's ssh configuration, if it is not the usual one.
    pub ssh_config: Option<Utf8PathBuf>,
    pub processes: Processes,
}

/// What became of the wish for a lock.
pub(super) enum Taken {
    Ours,
    /// Somebody else has it.
    Theirs(Ticket),
}

/// What is there.
pub(super) enum Fetched {
    Nothing,
    /// What is known already.
    Same,
    Other(Vec<u8>),
}

/// What became of the wish to put something there.
pub(super) enum Replaced {
    Done,
    /// Something else is there than what was known.
    Moved,
    /// The lock is not ours any more.
    LockLost(Option<Ticket>),
}

/// The first line of an answer, and what follows.
struct Answer<'a> {
    word: &'a [u8],
    rest: &'a [u8],
}

impl Channel {
    /// Takes the lock if nobody has it.
    pub fn take(&self, ticket: &Ticket) -> Result<Taken, Error> {
        let output = self.ask("lock", &["take", &ticket.token], Some(&ticket.text()))?;
        self.taken(&output)
    }

    /// Takes over a lock that an earlier run took with the same token.
    pub fn retake(&self, ticket: &Ticket) -> Result<Taken, Error> {
        let output = self.ask("lock", &["retake", &ticket.token], Some(&ticket.text()))?;
        self.taken(&output)
    }

    /// Gives what is there if it has not this revision.
    pub fn fetch(&self, known: Option<&str>) -> Result<Fetched, Error> {
        let words = ["fetch", known.unwrap_or("nothing")];
        let output = self.ask("read", &words, None)?;
        let answer = Answer::of(&output);
        match answer.word {
            b"none" => Ok(Fetched::Nothing),
            b"same" => Ok(Fetched::Same),
            b"other" => Ok(Fetched::Other(answer.rest.to_vec())),
            _ => Err(self.unexpected(&answer)),
        }
    }

    /// Puts a file in place of the one with this revision.
    pub fn replace(
        &self,
        ticket: &Ticket,
        known: Option<&str>,
        file: &[u8],
    ) -> Result<Replaced, Error> {
        let size = file.len().to_string();
        let words = ["replace", &ticket.token, known.unwrap_or("none"), &size];
        let output = self.ask("write", &words, Some(file))?;
        let answer = Answer::of(&output);
        match answer.word {
            b"done" => Ok(Replaced::Done),
            b"moved" => Ok(Replaced::Moved),
            b"lost" => Ok(Replaced::LockLost(answer.ticket())),
            _ => Err(self.unexpected(&answer)),
        }
    }

    /// Gives our lock back.
    pub fn release(&self, ticket: &Ticket) -> Result<(), Error> {
        self.ask("unlock", &["release", &ticket.token], None)
            .map(drop)
    }

    /// Who has the lock, if anybody does.
    pub fn holder(&self) -> Result<Option<Ticket>, Error> {
        let output = self.ask("read", &["holder"], None)?;
        self.held(&output)
    }

    /// Takes the lock away from whoever has it.
    pub fn unlock(&self) -> Result<Option<Ticket>, Error> {
        let output = self.ask("unlock", &["unlock"], None)?;
        self.held(&output)
    }

    fn taken(&self, output: &Output) -> Result<Taken, Error> {
        let answer = Answer::of(output);
        match answer.word {
            b"taken" => Ok(Taken::Ours),
            b"held" => Ok(Taken::Theirs(Ticket::read(answer.rest))),
            _ => Err(self.unexpected(&answer)),
        }
    }

    fn held(&self, output: &Output) -> Result<Option<Ticket>, Error> {
        let answer = Answer::of(output);
        match answer.word {
            b"none" => Ok(None),
            b"held" => Ok(Some(Ticket::read(answer.rest))),
            _ => Err(self.unexpected(&answer)),
        }
    }

    fn ask(
        &self,
        action: &'static str,
        words: &[&str],
        stdin: Option<&[u8]>,
    ) -> Result<Output, Error> {
        let mut command = self.command(words);
        let label = format!("{action} {}", self.location);
        let output = self.processes.output(&mut command, label, stdin)?;
        if output.status.success() {
            return Ok(output);
        }
        let by_ssh = matches!(self.location, Location::Ssh(_));
        Err(Error::Refused {
            action,
            location: self.location.to_string(),
            unreachable: by_ssh && output.status.code() == Some(SSH_FAILED),
            said: output.stderr_text().into_owned(),
        })
    }

    /// The script with a verb and what the verb needs.
    fn command(&self, words: &[&str]) -> Command {
        let (verb, words) = words.split_first().unwrap_or((&"", &[]));
        let words = |path| {
            ["-c", SCRIPT, "sh", verb, path]
                .into_iter()
                .chain(words.iter().copied())
        };
        match &self.location {
            Location::Directory(path) => {
                let mut command = Command::new("sh");
                command.args(words(path.as_str()));
                command
            }
            Location::Ssh(there) => {
                let mut command = self.ssh();
                if let Some(user) = &there.user {
                    command.args(["-l", user]);
                }
                if let Some(port) = there.port {
                    command.args(["-p", &port.to_string()]);
                }
                let line = std::iter::once("sh").chain(words(there.path.as_str()));
                command.args(["--", &there.host, &shell_words::join(line)]);
                command
            }
        }
    }

    fn ssh(&self) -> Command {
        let mut command = Command::new("ssh");
        if let Some(config) = &self.ssh_config {
            command.args(["-F", config.as_str()]);
        }
        let options = [
            "BatchMode=yes",
            "ConnectTimeout=10",
            "ServerAliveInterval=15",
        ];
        for option in options {
            command.args(["-o", option]);
        }
        command.arg("-T");
        command
    }

    /// How long who waits for the lock sleeps between two questions.
    pub fn pause(&self) -> Duration {
        match self.location {
            Location::Directory(_) => Duration::from_millis(200),
            Location::Ssh(_) => Duration::from_secs(2),
        }
    }

    fn unexpected(&self, answer: &Answer) -> Error {
        let word = String::from_utf8_lossy(answer.word);
        Error::Answer {
            location: self.location.to_string(),
            answer: word.chars().take(80).collect(),
        }
    }
}

impl<'a> Answer<'a> {
    fn of(output: &'a Output) -> Self {
        let mut parts = output.stdout.splitn(2, |byte| *byte == b'\n');
        let word = parts.next().unwrap_or_default();
        Self {
            word,
            rest: parts.next().unwrap_or_default(),
        }
    }

    fn ticket(&self) -> Option<Ticket> {
        (!self.rest.is_empty()).then(|| Ticket::read(self.rest))
    }
}
