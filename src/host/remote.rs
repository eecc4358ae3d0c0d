use std::{
    fmt,
    process::Command,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use super::{
    Connections, Error, Look, Passwords, Result, Target, elevation::Elevated, ssh::Connection,
};
use crate::{
    network::CopyProtocol,
    nix::{Commands, Copy, CopyError, CopyEvent, Destination, Nix, RemoteStore},
    process::{self, Call, Limit, Lines, Output, Place, Processes, Stream},
};

/// Sessions that are used at once: sshd allows 10 by default, and one keeps the connection open.
pub(super) const SESSIONS: usize = 8;

/// A command for a host.
#[must_use]
pub struct Remote<'a> {
    action: String,
    words: Vec<String>,
    stdin: Option<&'a [u8]>,
    elevated: bool,
    timeout: Option<Duration>,
    lines: Option<Lines<'a>>,
}

impl<'a> Remote<'a> {
    /// A program and its arguments; `action` says what it does in the user's words.
    pub fn argv<Word: Into<String>>(
        action: impl Into<String>,
        words: impl IntoIterator<Item = Word>,
    ) -> Self {
        let words = words.into_iter().map(Into::into).collect();
        Self {
            action: action.into(),
            words,
            stdin: None,
            elevated: false,
            timeout: None,
            lines: None,
        }
    }

    /// A script for the POSIX shell. It stands on command lines that others can read, so secrets go by [`Remote::stdin`].
    pub fn script(action: impl Into<String>, script: impl Into<String>) -> Self {
        Self::argv(action, ["sh".to_owned(), "-c".to_owned(), script.into()])
    }

    /// Gives the command this standard input; without it the command reads nothing.
    pub fn stdin(mut self, stdin: &'a [u8]) -> Self {
        self.stdin = Some(stdin);
        self
    }

    /// Runs it as root, by the machine's `privilegeEscalationCommand`.
    pub fn elevated(mut self) -> Self {
        self.elevated = true;
        self
    }

    /// Gives up after `limit`.
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.timeout = Some(limit);
        self
    }

    /// Hands out each line that it writes as it comes.
    pub fn lines(mut self, lines: &'a mut dyn FnMut(Stream, &str)) -> Self {
        self.lines = Some(lines);
        self
    }
}

/// A machine that is connected; clones share the connection, and the last one closes it.
#[derive(Clone)]
pub struct Host {
    shared: Arc<Shared>,
}

struct Shared {
    target: Target,
    look: Look,
    sessions: Limit,
    link: Link,
    /// How commands become root's, once that is known.
    elevation: Mutex<Option<Elevated>>,
    // Dropped after the link, whose files it holds.
    connections: Connections,
}

/// What carries commands to the machine.
pub(super) enum Link {
    /// An open connection of ssh.
    Ssh(Box<Connection>),
    /// Words before each command, which need nothing that is open; none where commands run here.
    Prefix(Vec<String>),
}

impl Link {
    fn command<'a>(&self, words: impl Iterator<Item = &'a String>) -> Command {
        self.commands().command(words.map(String::as_str))
    }

    /// How commands are run there.
    fn commands(&self) -> Commands {
        match self {
            Self::Ssh(connection) => Commands::by_shell(connection.words()),
            Self::Prefix(before) => Commands::new(before.clone()),
        }
    }

    /// Makes an error of what came to an end because there is no way to the machine any more.
    fn check(&self, machine: &str, output: &Output) -> Result<()> {
        match self {
            Self::Ssh(connection) => connection.check(machine, output),
            Self::Prefix(_) => Ok(()),
        }
    }

    fn close(&self) {
        match self {
            Self::Ssh(connection) => connection.close(),
            Self::Prefix(_) => {}
        }
    }
}

impl Host {
    pub(super) fn new(target: Target, look: Look, link: Link, connections: Connections) -> Self {
        let sessions = Limit::new(SESSIONS);
        Self {
            shared: Arc::new(Shared {
                target,
                look,
                sessions,
                link,
                elevation: Mutex::default(),
                connections,
            }),
        }
    }

    /// The machine's name in the network.
    pub fn machine(&self) -> &str {
        &self.shared.target.machine
    }

    /// How it is reached.
    pub fn target(&self) -> &Target {
        &self.shared.target
    }

    /// What it told when the connection was made.
    pub fn look(&self) -> &Look {
        &self.shared.look
    }

    /// How closures are brought there.
    ///
    /// By `ssh` we speak to a daemon that is started there, which takes a few round trips for all paths together, where
    /// `nix copy` takes one for each; by `ssh-ng` it is `nix copy`, but where the user has to become root first, or where
    /// there is but a command prefix.
    pub fn destination(&self, protocol: CopyProtocol) -> Result<Destination<'_>> {
        match &self.shared.link {
            Link::Ssh(connection)
                if protocol == CopyProtocol::SshNg
                    && self.escalation().is_none_or(<[String]>::is_empty) =>
            {
                Ok(Destination::Store(RemoteStore {
                    url: connection.store_url(protocol),
                    ssh_config: connection.config(),
                }))
            }
            _ => Ok(Destination::Commands(self.root_commands()?)),
        }
    }

    /// Has closures brought there, to the [destination](Self::destination) of the copy, and takes note of how fast that
    /// was, for who connects later.
    pub fn receive(
        &self,
        (nix, processes): (&Nix, &Processes),
        copy: &Copy,
        tell: &mut dyn FnMut(CopyEvent),
    ) -> std::result::Result<(), CopyError> {
        let _session = self.session();
        let carried = nix.copy(processes, copy, tell)?;
        let Shared {
            link, connections, ..
        } = &*self.shared;
        if let (Link::Ssh(connection), Some(rate)) = (link, carried.rate()) {
            connections.rates().learn(connection.ssh(), rate);
        }
        Ok(())
    }

    /// How commands are run there as root, by programs that are not started by [`Host::run`].
    pub fn root_commands(&self) -> Result<Commands> {
        let Elevated { words, input } = self.elevated()?;
        Ok(self.shared.link.commands().behind(words, input))
    }

    /// Waits for one of the sessions that the connection may carry at once; who uses it past [`Host::run`] takes one.
    pub fn session(&self) -> Place {
        self.shared.sessions.take()
    }

    /// Runs a command and gives what it wrote, whatever its exit status; an error means that it is not known.
    pub fn run(&self, remote: Remote) -> Result<Output> {
        let elevated = remote.elevated.then(|| self.elevated()).transpose()?;
        let elevated = elevated.unwrap_or_default();
        let _session = self.session();
        let words = elevated.words.iter().chain(&remote.words);
        let mut command = self.shared.link.command(words);
        let mut call = Call::new(format!("{} {}", remote.action, self.machine()));
        let stdin = elevated.input(remote.stdin.unwrap_or_default());
        if remote.stdin.is_some() || !stdin.is_empty() {
            call = call.stdin(&stdin);
        }
        if let Some(timeout) = remote.timeout {
            call = call.timeout(timeout);
        }
        if let Some(lines) = remote.lines {
            call = call.lines(lines);
        }
        let output = call.run(self.processes(), &mut command)?;
        self.shared.link.check(self.machine(), &output)?;
        Ok(output)
    }

    /// Runs a command that has to succeed.
    pub(super) fn succeed(&self, remote: Remote) -> Result<Output> {
        let action = remote.action.clone();
        let output = self.run(remote)?.checked();
        output.map_err(|error| self.command_error(&action, error))
    }

    /// The error of a command that failed.
    pub(super) fn command_error(&self, action: &str, error: process::Error) -> Error {
        Error::Command {
            machine: self.machine().to_owned(),
            action: action.to_owned(),
            escalation: self.escalation().map(|words| words.join(" ")),
            error: Box::new(error),
        }
    }

    /// Closes the connection for all clones; nothing of it stays on either side.
    pub fn close(&self) {
        self.shared.link.close();
    }

    pub(super) fn processes(&self) -> &Processes {
        self.shared.connections.processes()
    }

    /// The passwords by which users become root.
    pub(super) fn passwords(&self) -> &Passwords {
        self.shared.connections.passwords()
    }

    /// How commands become root's, once that is known; nobody else finds it out meanwhile.
    pub(super) fn elevation(&self) -> MutexGuard<'_, Option<Elevated>> {
        let elevation = self.shared.elevation.lock();
        elevation.unwrap_or_else(PoisonError::into_inner)
    }

    /// An error if the run was interrupted.
    pub(super) fn refuse_interrupted(&self) -> Result<()> {
        let label = format!("becoming root on {}", self.machine());
        self.shared.connections.refuse_interrupted(label)
    }

    /// Whether commands may be root's: whether the user is root, or there is a way to become it.
    pub fn may_be_root(&self) -> bool {
        self.escalation().is_none_or(|words| !words.is_empty())
    }

    /// What to look at where what root was to do failed; nothing where the user is root.
    pub fn elevation_hint(&self) -> Option<String> {
        let words = self.escalation()?;
        Some(super::error::elevation_hint(&words.join(" ")))
    }

    /// The words by which the user becomes root; none for root.
    pub(super) fn escalation(&self) -> Option<&[String]> {
        let words = &self.target().privilege_escalation_command;
        (self.look().uid != 0).then_some(words)
    }
}

impl fmt::Debug for Host {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Host")
            .field("target", self.target())
            .field("look", self.look())
            .finish_non_exhaustive()
    }
}
