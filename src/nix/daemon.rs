//! Daemons of stores: one process that answers many questions, where every program of Nix would start anew.

use std::{
    io::{Read as _, Write as _},
    process::{ChildStderr, ChildStdin, ChildStdout, Command, ExitStatus, Stdio},
    sync::mpsc::{self, Receiver},
    thread,
    time::{Duration, Instant},
};

use nix_compat::{
    log::strip_ansi,
    nix_daemon::{Client, Error as Refusal},
};

use super::Error;
use crate::process::{self, Killer, Processes, Running, command_line};

/// How much of a standard error is kept.
const STDERR_KEPT: usize = 32 * 1024;

/// How long a standard error may stay open after its program has ended: a stranger may hold it for ever.
const CLOSES_WITHIN: Duration = Duration::from_secs(2);

/// A daemon that was started for us alone, here or on another machine.
#[derive(Debug)]
pub(super) struct Daemon {
    /// What is asked.
    pub client: Client<ChildStdout, ChildStdin>,
    running: Running,
    said: Receiver<Vec<u8>>,
    program: String,
    command_line: String,
}

/// How a daemon ended.
pub(super) struct Ended {
    pub status: ExitStatus,
    /// The end of what it wrote to its standard error.
    pub said: String,
    pub program: String,
    pub command_line: String,
}

impl Daemon {
    /// Starts a daemon, which reads `input` before it is one.
    pub fn start(
        command: &mut Command,
        input: &[u8],
        spawn: impl FnOnce(&mut Command) -> process::Result<Running>,
    ) -> process::Result<Self> {
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut running = spawn(command.stderr(Stdio::piped()))?;
        let program = command.get_program().to_string_lossy().into_owned();
        let (Some(from), Some(mut to)) = (running.take_stdout(), running.take_stdin()) else {
            return Err(process::Error::Io {
                label: running.label().to_owned(),
                program,
                source: std::io::ErrorKind::BrokenPipe.into(),
            });
        };
        // Who does not read this is noticed when it does not answer.
        let _ = to.write_all(input);
        Ok(Self {
            client: Client::new(from, to),
            said: listen(running.take_stderr()),
            running,
            program,
            command_line: command_line(command),
        })
    }

    /// A handle that can end it while it is asked.
    pub fn killer(&self) -> Killer {
        self.running.killer()
    }

    /// Why it did not do what it was asked, if it is one of this machine.
    pub fn refused(self, processes: &Processes, asked: String, refusal: &Refusal) -> Error {
        let reason = strip_ansi(&refusal.to_string()).into_owned();
        match refusal {
            _ if processes.interrupted() => process::Error::Interrupted { label: asked }.into(),
            Refusal::Io(_) => match self.end() {
                Ok(ended) => Error::Process(process::Error::Failed {
                    label: asked,
                    program: ended.program,
                    command_line: ended.command_line,
                    status: ended.status,
                    stderr: ended.said,
                }),
                Err(error) => error.into(),
            },
            _ => Error::Refused { asked, reason },
        }
    }

    /// Lets it end, as it does once there is nobody to ask it.
    pub fn end(self) -> process::Result<Ended> {
        let Self {
            client,
            mut running,
            said,
            program,
            command_line,
        } = self;
        drop(client);
        let status = running.wait()?;
        Ok(Ended {
            status,
            said: until_closed(&said),
            program,
            command_line,
        })
    }
}

/// Reads a standard error in a thread that nobody has to wait for.
fn listen(pipe: Option<ChildStderr>) -> Receiver<Vec<u8>> {
    let (sender, said) = mpsc::channel();
    if let Some(mut pipe) = pipe {
        thread::spawn(move || {
            let mut chunk = [0; 4096];
            while let Ok(length @ 1..) = pipe.read(&mut chunk) {
                if sender.send(chunk[..length].to_vec()).is_err() {
                    return;
                }
            }
        });
    }
    said
}

/// The end of what was said, once the program has ended.
fn until_closed(heard: &Receiver<Vec<u8>>) -> String {
    let end = Instant::now() + CLOSES_WITHIN;
    let mut said = Vec::new();
    while let Ok(chunk) = heard.recv_timeout(end.saturating_duration_since(Instant::now())) {
        said.extend(chunk);
        said.drain(..said.len().saturating_sub(STDERR_KEPT));
    }
    String::from_utf8_lossy(&said).into_owned()
}
