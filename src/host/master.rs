//! The connection itself: an ssh control master that is a child of ours.

use std::{
    fs::File,
    io::{self, Read as _},
    os::unix::fs::FileExt as _,
    process::{ChildStdin, ChildStdout, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use camino::Utf8Path;
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    io::retry_on_intr,
};

use super::{
    Error, Failure, Look, Result, Ssh,
    failure::classify,
    look::{BEGIN, END, SCRIPT},
};
use crate::process::{Error as ProcessError, Processes, Running};

/// How long a master may take to close.
const CLOSE_WITHIN: Duration = Duration::from_secs(1);

/// An open connection; dropping it closes it.
#[derive(Debug)]
pub(super) struct Master {
    running: Running,
    /// The remote end lives as long as this pipe is open.
    stdin: Option<ChildStdin>,
    /// Nothing comes any more, but a pipe that is closed would be an error to ssh.
    _stdout: Option<ChildStdout>,
    said: Said,
}

/// What ssh writes to its standard error: a file without a name, so that nobody has to read along.
#[derive(Debug)]
struct Said(File);

impl Master {
    /// Connects, and asks what runs there. Says why if there is no answer before `deadline`. One that `yields` leaves
    /// the processors to programs that have more to do.
    pub fn open(
        processes: &Processes,
        (machine, ssh): (&str, &Ssh),
        config: &Utf8Path,
        (deadline, yields): (Instant, bool),
    ) -> Result<(Self, Look)> {
        let unheard = |source| Error::File {
            path: config.to_owned(),
            source,
        };
        let said = Said::of(config).map_err(unheard)?;
        let mut command = Command::new("ssh");
        command.args([
            "-F",
            config.as_str(),
            "-o",
            "ControlMaster=yes",
            "--",
            &ssh.host,
        ]);
        command.arg(shell_words::join(["exec", "sh", "-c", SCRIPT]));
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(said.0.try_clone().map_err(unheard)?);
        let mut running =
            processes.spawn_background(&mut command, format!("connection to {machine}"))?;
        if yields {
            running.step_back();
        }
        let stdin = running.take_stdin();
        let mut stdout = running.take_stdout();
        let answers = stdout.as_mut().and_then(|pipe| answers(pipe, deadline));
        let mut master = Self {
            running,
            stdin,
            _stdout: stdout,
            said,
        };
        let Some(answers) = answers else {
            let timed_out = Instant::now() >= deadline;
            master.close();
            return Err(master.failure(processes, (machine, ssh), timed_out));
        };
        match Look::parse(answers.iter().map(String::as_str)) {
            Some(look) => Ok((master, look)),
            None => Err(connection(
                (machine, ssh),
                Failure::NoShell,
                answers.join("\n"),
            )),
        }
    }

    /// Tells whether the connection is gone, giving it a moment to find out.
    pub fn is_gone(&mut self, within: Duration) -> bool {
        let end = Instant::now() + within;
        loop {
            match self.running.try_wait() {
                Ok(None) if Instant::now() < end => thread::sleep(Duration::from_millis(20)),
                Ok(None) => return false,
                Ok(Some(_)) | Err(_) => return true,
            }
        }
    }

    /// What ssh said about the connection.
    pub fn said(&self) -> String {
        self.said.text()
    }

    /// Closes the connection; the remote end goes with it.
    pub fn close(&mut self) {
        self.stdin = None;
        self.running.terminate(CLOSE_WITHIN);
    }

    fn failure(&self, processes: &Processes, to: (&str, &Ssh), timed_out: bool) -> Error {
        if processes.interrupted() {
            return ProcessError::Interrupted {
                label: self.running.label().to_owned(),
            }
            .into();
        }
        let said = self.said();
        let failure = match classify(&said) {
            Failure::Other if timed_out => Failure::TimedOut,
            Failure::Other if said.trim().is_empty() => Failure::NoShell,
            other => other,
        };
        connection(to, failure, said)
    }
}

impl Drop for Master {
    fn drop(&mut self) {
        self.close();
    }
}

impl Said {
    /// Nothing yet, in the directory of a configuration.
    fn of(config: &Utf8Path) -> io::Result<Self> {
        let directory = config.parent().unwrap_or(config);
        tempfile::tempfile_in(directory).map(Self)
    }

    /// The last of it.
    fn text(&self) -> String {
        const KEPT: u64 = 32 * 1024;
        let length = self.0.metadata().map_or(0, |metadata| metadata.len());
        let mut text = vec![0; usize::try_from(length.min(KEPT)).unwrap_or(0)];
        let begin = length.saturating_sub(KEPT);
        let read = self.0.read_exact_at(&mut text, begin);
        read.map(|()| String::from_utf8_lossy(&text).into_owned())
            .unwrap_or_default()
    }
}

/// Makes the error of a connection.
pub(super) fn connection((machine, ssh): (&str, &Ssh), failure: Failure, said: String) -> Error {
    let failure = failure.with(&ssh.keys);
    let said = match failure {
        // ssh advises to trust the key; its fingerprint is all that is worth knowing.
        Failure::ForeignHostKey => fingerprints(&said),
        _ => said,
    };
    Error::Connection {
        machine: machine.to_owned(),
        host: ssh.host.clone(),
        port: ssh.port,
        failure,
        said,
    }
}

/// The lines of a warning of ssh that tell which key the host has.
fn fingerprints(said: &str) -> String {
    let lines = said.lines().filter(|line| line.starts_with("SHA256:"));
    let keys = lines.map(|line| line.trim_end().trim_end_matches('.'));
    keys.flat_map(|key| ["its key is ", key, "\n"]).collect()
}

/// Reads the lines of the answer; none if ssh ended or the deadline passed before they were complete.
fn answers(pipe: &mut ChildStdout, deadline: Instant) -> Option<Vec<String>> {
    let (mut text, mut chunk) = (Vec::new(), [0; 4096]);
    loop {
        await_words(pipe, deadline)?;
        let length = pipe.read(&mut chunk).ok().filter(|length| *length > 0)?;
        text.extend_from_slice(&chunk[..length]);
        if let Some(answers) = complete(&String::from_utf8_lossy(&text)) {
            return Some(answers);
        }
    }
}

/// Waits until there is something to read, or no more to come.
fn await_words(pipe: &ChildStdout, deadline: Instant) -> Option<()> {
    let ready = retry_on_intr(|| {
        let left = deadline.saturating_duration_since(Instant::now());
        let left = Timespec::try_from(left).ok();
        poll(&mut [PollFd::new(pipe, PollFlags::IN)], left.as_ref())
    });
    ready.is_ok_and(|ready| ready > 0).then_some(())
}

/// The lines between the first and the last one, which are ours.
fn complete(text: &str) -> Option<Vec<String>> {
    let mut lines = text.lines().map(str::trim_end);
    lines.by_ref().find(|line| *line == BEGIN)?;
    let lines: Vec<String> = lines.map(str::to_owned).collect();
    let end = lines.iter().position(|line| line == END)?;
    Some(lines[..end].to_vec())
}
