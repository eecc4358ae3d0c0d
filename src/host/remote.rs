use std::{
    fmt,
    process::Command,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use camino::{Utf8Path, Utf8PathBuf};

use super::{
    Connections, Failure, Look, Result, Target,
    failure::classify,
    master::{Master, connection},
};
use crate::{
    network::CopyProtocol,
    process::{Call, Limit, Lines, Output, Place, Processes, Stream},
};

/// Sessions that are used at once: sshd allows 10 by default, and one keeps the connection open.
const SESSIONS: usize = 8;

/// The exit status of ssh when the connection, not the command, is at fault.
const SSH_FAILED: i32 = 255;

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
    transport: Transport,
    // Dropped after the transport, whose files it holds.
    connections: Connections,
}

/// How commands reach the machine.
enum Transport {
    /// Through an ssh control master.
    Ssh {
        /// The configuration that `ssh` is given.
        config: Utf8PathBuf,
        /// None once the connection was closed.
        master: Mutex<Option<Master>>,
    },
}

impl Host {
    pub(super) fn new(
        target: Target,
        look: Look,
        config: Utf8PathBuf,
        master: Master,
        connections: Connections,
    ) -> Self {
        let transport = Transport::Ssh {
            config,
            master: Mutex::new(Some(master)),
        };
        let sessions = Limit::new(SESSIONS);
        Self {
            shared: Arc::new(Shared {
                target,
                look,
                sessions,
                transport,
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

    /// The ssh configuration that reaches it through the open connection.
    pub fn ssh_config(&self) -> &Utf8Path {
        let Transport::Ssh { config, .. } = &self.shared.transport;
        config
    }

    /// The URL by which Nix knows its store, to be used with [`Host::ssh_config`].
    pub fn store_url(&self, protocol: CopyProtocol) -> String {
        let host = &self.shared.target.host;
        if host.contains(':') && !host.contains('[') {
            return match host.rsplit_once('@') {
                Some((user, address)) => format!("{protocol}://{user}@[{address}]"),
                None => format!("{protocol}://[{host}]"),
            };
        }
        format!("{protocol}://{host}")
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
        if output.status.code() == Some(SSH_FAILED) {
            self.check_connection(&output)?;
        }
        Ok(output)
    }

    /// Closes the connection for all clones; nothing of it stays on either side.
    pub fn close(&self) {
        let Transport::Ssh { master, .. } = &self.shared.transport;
        drop(master.lock().unwrap_or_else(PoisonError::into_inner).take());
    }

    fn processes(&self) -> &Processes {
        self.shared.connections.processes()
    }

    fn command(&self, remote: &Remote) -> Command {
        let escalation = remote.elevated.then(|| self.escalation()).flatten();
        let words = escalation.into_iter().flatten().chain(&remote.words);
        let mut command = Command::new("ssh");
        command.args(["-F", self.ssh_config().as_str(), "--", &self.target().host]);
        command.arg(shell_words::join(words));
        command
    }

    /// The words by which the user becomes root; none for root.
    pub(super) fn escalation(&self) -> Option<&[String]> {
        let words = &self.target().privilege_escalation_command;
        (self.look().uid != 0).then_some(words)
    }

    /// Tells a command's own status 255 from that of ssh.
    fn check_connection(&self, output: &Output) -> Result<()> {
        const FINDS_OUT_WITHIN: Duration = Duration::from_millis(500);
        let Transport::Ssh { master, .. } = &self.shared.transport;
        let mut master = master.lock().unwrap_or_else(PoisonError::into_inner);
        let mut said = output.stderr_text().into_owned();
        let gone = match master.as_mut() {
            Some(master) => {
                let gone = master.is_gone(FINDS_OUT_WITHIN);
                if gone {
                    said.push_str(&master.said());
                }
                gone
            }
            None => true,
        };
        if !gone {
            return Ok(());
        }
        let failure = match classify(&said) {
            Failure::Other => Failure::Lost,
            other => other,
        };
        Err(connection(&self.shared.target, failure, said))
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
