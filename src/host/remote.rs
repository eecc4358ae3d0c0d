use std::{fmt, process::Command, sync::Arc, time::Duration};

use super::{Connections, Look, Result, Target, prefix, ssh::Connection};
use crate::{
    network::CopyProtocol,
    nix::Destination,
    process::{Call, Limit, Lines, Output, Place, Processes, Stream},
};

/// Sessions that are used at once: sshd allows 10 by default, and one keeps the connection open.
const SESSIONS: usize = 8;

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
    // Dropped after the link, whose files it holds.
    connections: Connections,
}

/// What carries commands to the machine.
pub(super) enum Link {
    /// An open connection of ssh.
    Ssh(Box<Connection>),
    /// Words before each command, which need nothing that is open.
    Prefix(Vec<String>),
}

impl Link {
    fn command<'a>(&'a self, words: impl Iterator<Item = &'a String>) -> Command {
        match self {
            Self::Ssh(connection) => connection.command(words),
            Self::Prefix(before) => prefix::command(before, words),
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

    /// How Nix brings closures there, with `protocol` if it is over ssh.
    ///
    /// A command prefix brings them as root, by the machine's `privilegeEscalationCommand` if need be.
    pub fn destination(&self, protocol: CopyProtocol) -> Destination<'_> {
        match &self.shared.link {
            Link::Ssh(connection) => Destination::Store {
                url: connection.store_url(protocol),
                ssh_config: connection.config(),
            },
            Link::Prefix(words) => {
                let escalation = self.escalation().into_iter().flatten();
                Destination::Command(words.iter().chain(escalation).cloned().collect())
            }
        }
    }

    /// Waits for one of the sessions that the connection may carry at once; who uses it past [`Host::run`] takes one.
    pub fn session(&self) -> Place {
        self.shared.sessions.take()
    }

    /// Runs a command and gives what it wrote, whatever its exit status; an error means that it is not known.
    pub fn run(&self, remote: Remote) -> Result<Output> {
        let _session = self.session();
        let mut command = self.command(&remote);
        let mut call = Call::new(format!("{} {}", remote.action, self.machine()));
        if let Some(stdin) = remote.stdin {
            call = call.stdin(stdin);
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

    /// Closes the connection for all clones; nothing of it stays on either side.
    pub fn close(&self) {
        self.shared.link.close();
    }

    fn processes(&self) -> &Processes {
        self.shared.connections.processes()
    }

    fn command(&self, remote: &Remote) -> Command {
        let escalation = remote.elevated.then(|| self.escalation()).flatten();
        let words = escalation.into_iter().flatten().chain(&remote.words);
        self.shared.link.command(words)
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
